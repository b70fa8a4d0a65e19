"""What an accepted issue says: it stays accepted when a new version of the program only lays it out anew."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Upgrade; what was accepted before is known by its file alone."""
    op.add_column("acceptances", sa.Column("content_sha256", sa.Text))
