"""Contexts, charts and DOCX documents, made from the tables alone."""
