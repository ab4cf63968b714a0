"""Checkpoints, and what a killed run leaves."""
