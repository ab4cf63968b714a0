"""Published results of the update rules, run again: ``python -m reproduce toys``."""
