"""Programmes at work: execution of duties, directions, self-assessment, load of procedures, conflicts of interest."""
