"""Thin Dagster assets, one module per stage of the cycle; the work itself is in oko_pipeline."""
