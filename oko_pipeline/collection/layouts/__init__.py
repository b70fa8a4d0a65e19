"""Readers of result files, one module per layout."""
