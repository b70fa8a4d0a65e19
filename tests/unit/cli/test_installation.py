"""What `oko doctor` shows of settings holds no password."""

import pytest

from oko_pipeline.cli.installation import without_password


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("postgresql+psycopg://oko:s3cret@db.example/oko", "postgresql+psycopg://oko:***@db.example/oko"),
        ("postgresql://oko:a:b/c@host:5432/oko", "postgresql://oko:***@host:5432/oko"),
        ("postgresql://oko@host/oko", "postgresql://oko@host/oko"),
        ("sqlite:///var/oko.sqlite", "sqlite:///var/oko.sqlite"),
        ("modern", "modern"),
    ],
)
def test_addresses_are_shown_without_their_passwords(value, shown):
    assert without_password(value) == shown
