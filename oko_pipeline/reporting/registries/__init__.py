"""Registers of the school year as documents, and drafts of the regulation of the assessment system."""
