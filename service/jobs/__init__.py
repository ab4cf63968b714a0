"""Ray jobs as the store knows them."""
