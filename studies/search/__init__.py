"""Searches that are no grid: what a spec asks for, points of a range, and what they found."""
