"""Analysis of state exams: summaries, tasks, forms, admission, medallists. Pure functions on frames."""
