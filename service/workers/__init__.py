"""Leases: what workers ask of the service."""
