"""Drives what runs towards what the store wants."""
