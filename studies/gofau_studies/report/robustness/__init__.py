"""A robustness metric is a file here: how its rows are evaluated, named, directed and bounded."""
