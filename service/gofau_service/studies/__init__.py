"""Studies: submission, state and listing."""
