"""What workers and the service say to one another."""
