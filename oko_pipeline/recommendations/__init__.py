"""Findings, recommendations, a person's word about them, links to decisions and measures, drafts of decisions."""
