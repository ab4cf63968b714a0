"""A problem, a rule and a direction as plug-ins of gofau; importing this imports no torch."""
