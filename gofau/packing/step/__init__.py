"""One step of a pack and its data."""
