"""The yearly cycle of education quality assessment (ОКО): everything the work knows without Dagster."""
