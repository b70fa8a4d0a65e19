"""Pupils who need help: pseudonyms only, for the restricted store; counts per school for the database."""
