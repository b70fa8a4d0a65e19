"""How a database of an earlier version becomes one of this version: revisions of alembic and what is automatic."""
