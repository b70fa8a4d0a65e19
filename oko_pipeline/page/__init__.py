"""The documents page: a server-rendered web page for people who fetch documents, send files, answer recommendations.

Reads what the pipeline left; runs nothing of it and imports no Dagster. What it keeps itself (accounts, sessions,
acceptances, the audit log) stands in `page/` of the home folder.
"""
