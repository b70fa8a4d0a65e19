"""The page against the project's database on a PostgreSQL server: what people do there, and who sees what."""

from urllib.parse import quote

import pytest

from tests.unit.page.served import DOCUMENTS, FAR, OWN, YEAR, Analyst, reissue, serve
from tests.unit.page.test_rules import SEEN
from tests.unit.page.test_work import token_of

NOTE = f"/documents/{YEAR}/school_note:{OWN}"
LOGINS = ("engineer", "analyst", "place", "school", "reader")


@pytest.fixture
def page(postgres_url, tmp_path):
    served, server, thread = serve(tmp_path / "home", database_url=postgres_url)
    served.desk.acceptances.accept(Analyst(served.desk), DOCUMENTS["open"])
    yield served
    server.should_exit = True
    thread.join(20)
    served.desk.close()


@pytest.fixture
def clients(page):
    made = {login: page.client(login) for login in LOGINS}
    yield made
    for client in made.values():
        client.close()


def test_people_find_fetch_accept_and_compare_on_a_server_as_on_a_file(page, clients):
    for login in LOGINS:
        listed = clients[login].get("/documents").text
        for name, document in DOCUMENTS.items():
            is_listed = quote(document["document_id"], safe=":") in listed
            assert is_listed == (name in SEEN[login]), (login, name)
    analyst = clients["analyst"]
    assert "Найдено: 1" in analyst.get("/documents?state=accepted").text.replace("\xa0", " ")
    assert "Найдено: 11" in analyst.get("/documents?state=draft").text.replace("\xa0", " ")
    assert "Найдено: 1" in analyst.get("/documents?municipality=reg99_m202&kind=school_note").text.replace("\xa0", " ")
    school = f"/schools/{YEAR}/{OWN}"
    for path in ("/schools", school, f"{school}/marks.svg", "/checks", "/recommendations", "/outdated", "/changed",
                 f"/recommendations/{YEAR}/R2025-0000000001", "/uploads"):  # fmt: skip
        assert analyst.get(path).status_code == 200, path
    assert analyst.get(f"/at/{DOCUMENTS['own']['path']}").headers["location"] == NOTE
    assert clients["school"].get("/documents.zip").content.startswith(b"PK")
    first = clients["school"].get(f"{NOTE}/file").content
    reissue(page, DOCUMENTS["own"], 2, ("4 класс", "10", "12"))
    # What is remembered of a server's database lasts two seconds at most; a new year's list is asked anew.
    page.desk.register.forget()
    text = analyst.get(NOTE).text
    assert "заменён выпуском 2" in text
    assert analyst.get(f"{NOTE}/issues/1").content == first
    assert ">12<" in analyst.get(f"{NOTE}/differences?from=1&to=2").text
    assert "выпуск 1" in clients["school"].get("/changed").text
    assert f"school_note:{FAR}" not in clients["place"].get("/outdated").text
    sha = text.split('name="file_sha256" value="')[1][:64]
    told = {"csrf": token_of(text), "file_sha256": sha}
    assert analyst.post(f"{NOTE}/accept", data=told).status_code == 303
    assert "Найдено: 2" in analyst.get("/documents?state=accepted").text.replace("\xa0", " ")
