"""The HTTP service, its store, reconciler, client and command line."""
