"""Statistics shared by the stages: intervals, size tiers. No frames of the domain, no I/O."""
