"""Rounds: the cells that an adaptive search or a refinement appends to a study."""
