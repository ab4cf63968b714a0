"""How many trials a pack takes."""
