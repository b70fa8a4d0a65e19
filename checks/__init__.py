"""Thin Dagster asset checks: which suite guards which asset, blocking or not."""
