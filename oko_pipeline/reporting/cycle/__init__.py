"""Documents of the management cycle: quality letters, roadmaps, self-assessment, drafts of decisions, effects."""
