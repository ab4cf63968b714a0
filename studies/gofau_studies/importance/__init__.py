"""Which hyperparameters matter, and how tuning went."""
