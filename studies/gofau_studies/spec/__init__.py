"""What a spec asks for: axes, cells, packs, and their checks."""
