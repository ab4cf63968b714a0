"""Trials as CSV, NDJSON and Parquet, streamed."""
