"""The store as the first released page made it, before revisions were kept."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Change nothing: a store without a revision is taken for this one."""
