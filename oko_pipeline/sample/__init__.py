"""A generated municipality or region in the real layouts, with planted truths. No real data inside."""
