"""A database without tables on the PostgreSQL server of the session, for each test alone."""

import pytest

from tests import databases


@pytest.fixture
def postgres_url():
    """Return the URL of the database."""
    server = databases.server()
    if server is None:
        pytest.skip("идёт на сервере PostgreSQL: make test-postgres")
    return server.empty()
