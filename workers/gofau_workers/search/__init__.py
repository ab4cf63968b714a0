"""Planning the rounds of a study's search from the results that the service has."""
