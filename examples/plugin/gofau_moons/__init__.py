"""A problem and an update rule as plug-ins of gofau; importing this package imports no torch."""
