"""The stacked state of a pack."""
