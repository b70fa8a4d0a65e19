"""The composition root: build_defs(), jobs, schedules, sensors."""
