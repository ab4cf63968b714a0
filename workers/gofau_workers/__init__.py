"""The Ray side: driver, trainable and the client back to the service."""
