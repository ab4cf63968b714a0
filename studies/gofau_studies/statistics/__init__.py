"""Resampling, intervals, paired tests and selection without the winner's curse."""
