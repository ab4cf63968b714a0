"""Robustness reports of stored trials."""
