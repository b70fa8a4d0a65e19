"""Analytical notes of the nine directions."""
