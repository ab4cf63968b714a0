"""The relational store: engine, transactions, migrations."""
