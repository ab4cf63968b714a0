"""What results depended on and where they were computed, each stored once and named by digest."""
