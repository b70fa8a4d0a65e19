"""What exists: campaigns, subjects, scales, tasks, tables, rules. Data and their typed loaders, no computation."""
