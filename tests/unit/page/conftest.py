"""The served page and signed-in clients, once a session."""

import pytest

from tests.unit.page.served import ACCOUNTS, DOCUMENTS, Analyst, serve


@pytest.fixture(scope="session")
def _key():
    """Settings of the session's page: tests' own settings begin later than it."""
    patch = pytest.MonkeyPatch()
    patch.setenv("OKO_PSEUDONYM_KEY", "a key for tests only, not a secret")
    yield
    patch.undo()


@pytest.fixture(scope="session")
def page(tmp_path_factory, _key):
    served, server, thread = serve(tmp_path_factory.mktemp("page"), page_upload_mb=2, page_check_seconds=60)
    served.desk.acceptances.accept(Analyst(served.desk), DOCUMENTS["open"])
    yield served
    server.should_exit = True
    thread.join(20)
    served.desk.close()


@pytest.fixture(scope="session")
def clients(page):
    made = {login: page.client(login) for login in ACCOUNTS} | {"nobody": page.client()}
    yield made
    for client in made.values():
        client.close()


@pytest.fixture(scope="session")
def documents():
    return DOCUMENTS
