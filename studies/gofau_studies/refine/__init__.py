"""Spending further cells where a basin's border lies, and measuring what they show."""
