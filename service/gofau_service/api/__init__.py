"""FastAPI alone: one file a resource."""
