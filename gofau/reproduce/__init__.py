"""Published results of the update rules, run again: ``python -m gofau.reproduce toys``."""
