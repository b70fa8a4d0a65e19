"""Tables computed from works: summaries, distributions, tasks, skills. Pure functions from frames to frames."""
