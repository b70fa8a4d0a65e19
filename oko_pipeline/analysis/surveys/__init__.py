"""Surveys: results by question and scale with intervals, reliability of scales."""
