"""Trials: results, measurements and cells."""
