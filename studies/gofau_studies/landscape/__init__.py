"""Results laid out over the axes."""
