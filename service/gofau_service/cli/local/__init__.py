"""A service and a Ray cluster of one's own on this machine: started together, ended together."""
