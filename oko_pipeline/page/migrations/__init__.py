"""Revisions of the page's own store, run by alembic as those of the project's database are."""
