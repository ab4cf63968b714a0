"""The web page: shells that name a script, the scripts, and what they need beside the API."""
