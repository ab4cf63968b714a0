"""Update rules times directions: the GOFAU framework on torch."""
