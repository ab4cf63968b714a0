"""A problem, an update rule and a direction as plug-ins of gofau; importing this imports no torch."""
