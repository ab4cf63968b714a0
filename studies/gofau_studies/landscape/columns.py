"""Columns of a table of trials that say where in a study a trial stands."""

GROUP = ["problem", "direction", "rule"]
"""What names an arm, and a landscape."""

AXES = ("lr", "init_scale")
"""What spans a landscape; any further axis parts the trials of a rule."""
