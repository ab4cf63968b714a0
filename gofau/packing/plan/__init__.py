"""What is asked of a pack."""
