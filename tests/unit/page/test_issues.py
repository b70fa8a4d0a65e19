"""Issues that new ones have replaced: who may fetch them, how they differ, who has them and how they are told."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from oko_pipeline.catalogue.tables import DOCUMENTS as DOCUMENT_TABLE
from oko_pipeline.errors import StorageError
from oko_pipeline.orchestration.notice_channels import OWN_FILE, channels_of
from oko_pipeline.orchestration.notices import queue_of
from oko_pipeline.orchestration.notices_of_issues import tell_of_old_issues
from oko_pipeline.orchestration.retention_of_runs import remove_old_documents
from oko_pipeline.page.access import among
from oko_pipeline.page.accounts import AccountBook, AccountError, Role
from oko_pipeline.page.desk import resolve_fetches
from oko_pipeline.page.fetches import FetchBook
from oko_pipeline.page.register import Filters, composed
from oko_pipeline.page.sessions import Viewer
from oko_pipeline.page.store import PageStore
from oko_pipeline.settings import Settings
from oko_pipeline.storage.schema import build_metadata
from resources.workplace import open_workplace
from tests.unit.page.served import DOCUMENTS, FAR, OWN, YEAR, reissue, rows, serve
from tests.unit.page.test_work import token_of

NOTE = f"/documents/{YEAR}/school_note:{OWN}"


@pytest.fixture(scope="module")
def page(tmp_path_factory, _key):
    served, server, thread = serve(tmp_path_factory.mktemp("issues"), notices_file=None)
    yield served
    server.should_exit = True
    thread.join(20)
    served.desk.close()


@pytest.fixture(scope="module")
def clients(page):
    made = {login: page.client(login) for login in ("engineer", "analyst", "place", "school", "reader")}
    yield made
    for client in made.values():
        client.close()


@pytest.fixture(scope="module")
def first(page, clients):
    """The first issue, fetched by the school; then two more, of which the place fetched the last."""
    content = clients["school"].get(f"{NOTE}/file").content
    reissue(page, DOCUMENTS["own"], 2, ("4 класс", "10", "12"), ("5 класс", "1", "2"))
    reissue(page, DOCUMENTS["own"], 3, ("4 класс", "12", "15"), ("5 класс", "2", "1"))
    clients["place"].get(f"{NOTE}/file")
    return content


def test_a_replaced_issue_is_still_fetched_when_somebody_had_it(clients, first):
    text = clients["analyst"].get(NOTE).text
    assert "заменён выпуском 2" in text
    response = clients["analyst"].get(f"{NOTE}/issues/1")
    assert response.content == first
    assert "%D0%B2%D1%8B%D0%BF%D1%83%D1%81%D0%BA%201" in response.headers["content-disposition"]
    # Nobody had the second one: it went with the file.
    assert clients["analyst"].get(f"{NOTE}/issues/2").status_code == 404
    assert text.count("не&nbsp;хранится") == 1
    assert clients["analyst"].get(f"{NOTE}/issues/3").headers["location"] == f"{NOTE}/file"
    for wrong in ("4", "0", "-1", "1%2F..", "x"):
        assert clients["analyst"].get(f"{NOTE}/issues/{wrong}").status_code == 404


def test_an_issue_that_was_changed_on_the_disk_is_not_given_out(page, clients, first):
    files = [path for path in (page.settings.page_folder / "issues").rglob("*") if path.is_file()]
    (kept,) = [path for path in files if path.read_bytes() == first]
    kept.write_bytes(b"another")
    assert clients["analyst"].get(f"{NOTE}/issues/1").status_code == 404
    kept.write_bytes(first)
    assert clients["analyst"].get(f"{NOTE}/issues/1").status_code == 200


def test_any_two_issues_are_compared(clients, first):
    text = clients["school"].get(f"{NOTE}/differences?from=3&to=1").text
    assert "1\xa0число отличается" in text
    assert ">10<" in text
    assert ">15<" in text
    assert "5 класс" not in text
    nearest = clients["school"].get(f"{NOTE}/differences").text
    assert "2\xa0числа отличаются" in nearest
    assert "один и&nbsp;тот&nbsp;же" in clients["school"].get(f"{NOTE}/differences?from=2&to=2").text
    assert clients["school"].get(f"{NOTE}/differences?from=9&to=1").status_code == 404


def test_numbers_of_one_place_are_told_apart_by_their_order():
    def change(issue, was, became):
        own = {"table_name": "t", "column_name": "", "place": "п"}
        return own | {"issue_number": issue, "was": was, "became": became}

    found = composed([change(2, "1", "2"), change(2, "5", "6"), change(3, "2", "3"), change(3, "6", "5")])
    assert [(row["was"], row["became"]) for row in found] == [("1", "3")]


def test_who_has_which_issue_is_told_to_those_who_keep_documents_alone(clients, first):
    for login in ("analyst", "engineer", "place"):
        text = clients[login].get(NOTE).text
        assert "Кто скачал" in text
        assert "прежний" in text
    assert "Кто скачал" not in clients["school"].get(NOTE).text
    assert "Вы скачали выпуск 1, действует выпуск 3" in clients["school"].get(NOTE).text
    assert "Вы скачали" not in clients["place"].get(NOTE).text


def test_after_signing_in_a_person_sees_that_a_fetched_document_changed(clients, first):
    assert "1\xa0документ, который вы скачали, изменился" in clients["school"].get("/documents").text
    text = clients["school"].get("/changed").text
    assert "выпуск 1" in text
    assert "выпуск 3" in text
    for login in ("place", "reader"):
        assert "изменился" not in clients[login].get("/documents").text
        assert "Всё, что вы скачали, действует" in clients[login].get("/changed").text


def test_holders_of_old_issues_are_told_once_by_mail_or_file(page, clients, first):
    page.desk.accounts.set_email("school", "school1@oko.example")
    clients["analyst"].get(f"/documents/{YEAR}/school_note:{FAR}/file")
    reissue(page, DOCUMENTS["far"], 2)
    listed = clients["place"].get("/outdated").text
    assert ">school <" in listed
    assert f"school_note:{FAR}" not in listed, "a document of another municipality"
    assert clients["place"].post("/outdated", data={"a": "b"}).status_code == 403
    token = token_of(clients["analyst"].get("/outdated").text)
    told = clients["analyst"].post("/outdated", data={"csrf": token}).text
    assert "в файл извещений — 2" in told, "no mail server is set"
    assert "Известить" not in told
    queue = queue_of(page.settings)
    assert queue.addressed() == [OWN_FILE]
    queue.deliver(channels_of(page.settings, queue.addressed()), datetime.now(UTC))
    text = (page.settings.notices_folder / "old_issues.txt").read_text("utf-8")
    assert "Учётная запись: school" in text
    assert "у вас выпуск 1, действует выпуск 3" in text
    assert text.count("/changed") == 2
    # A newer issue is news again, the same one is not.
    again = clients["analyst"].post("/outdated", data={"csrf": token}).text
    assert "поставлены в очередь" not in again
    reissue(page, DOCUMENTS["far"], 3)
    assert "Известить 1\xa0учётную запись" in clients["analyst"].get("/outdated").text


def test_with_a_mail_server_a_notice_goes_to_the_accounts_own_address(page):
    settings = page.settings.model_copy(update={"smtp_host": "mail.example", "notices_from": "oko@oko.example"})
    document = {"title": "Справка", "year": YEAR, "unit": OWN, "had": None, "now": 2}
    assert tell_of_old_issues("school", "school1@oko.example", [document], settings) == "email"
    assert tell_of_old_issues("school", "", [document], settings) == "file"
    off = settings.model_copy(update={"notices": "none"})
    assert tell_of_old_issues("school", "", [document], off) == ""
    addressed = queue_of(settings).addressed()
    assert "email:school1@oko.example" in addressed
    send = channels_of(settings, addressed)["email:school1@oko.example"]
    assert send.args[0].notices_email == "school1@oko.example"


@pytest.mark.parametrize("address", ["x", "a@b", "a@b.example\nBcc: c@d.example", "a b@c.example", "я@почта.рф", ""])
def test_what_is_no_address_of_mail_is_refused(page, address):
    with pytest.raises(AccountError):
        page.desk.accounts.set_email("school", address)


def test_documents_with_codes_of_people_leave_no_copies(page, clients):
    for name in ("annex", "workbook"):
        document = DOCUMENTS[name]
        address = f"/documents/{YEAR}/{document['document_id']}"
        old = clients["school"].get(f"{address}/file")
        assert old.status_code == 200
        reissue(page, document, 2, restricted=document["is_restricted"])
        assert clients["school"].get(f"{address}/issues/1").status_code == 404
        assert "данные об&nbsp;участниках" in clients["school"].get(address).text
    kept = [path.read_bytes() for path in (page.settings.page_folder / "issues").rglob("*") if path.is_file()]
    assert not [content for content in kept if b"annex" in content or b"workbook" in content]


def test_the_published_set_shows_accepted_issues_alone(page, clients):
    document = DOCUMENTS["open"]
    address = f"/documents/{YEAR}/{document['document_id']}"

    def accept():
        text = clients["analyst"].get(address).text
        sha = text.split('name="file_sha256" value="')[1][:64]
        answer = clients["analyst"].post(f"{address}/accept", data={"csrf": token_of(text), "file_sha256": sha})
        assert answer.status_code == 303

    clients["analyst"].get(f"{address}/file")
    reissue(page, document, 2)
    accept()
    reissue(page, document, 3)
    assert clients["reader"].get(f"{address}/issues/2").status_code == 404, "nothing is published now"
    accept()
    assert clients["reader"].get(f"{address}/issues/2").status_code == 200
    assert clients["reader"].get(f"{address}/issues/1").status_code == 404
    assert clients["analyst"].get(f"{address}/issues/1").status_code == 200


def test_pages_of_a_list_go_through_all_years_once(page, monkeypatch):
    monkeypatch.setattr("oko_pipeline.page.register.PER_PAGE", 3)
    older = [one | {"school_year": "2023-2024"} for one in list(DOCUMENTS.values())[:5]]
    page.desk.database.append(*rows("documents", *older))
    try:
        page.desk.register.forget()
        viewer = Viewer(page.desk.accounts.find("analyst"), "")
        total = len(DOCUMENTS) + len(older)
        listed = [page.desk.register.documents(viewer, Filters(), number) for number in range(1, 9)]
        assert {one.total for one in listed} == {total}
        keys = [(row["school_year"], row["document_id"]) for one in listed for row in one.rows]
        assert keys == sorted(keys, key=lambda key: (-int(key[0][:4]), key[1]))
        assert len(set(keys)) == len(keys) == total
    finally:
        page.desk.database.delete(DOCUMENT_TABLE, {"school_year": "2023-2024"})
        page.desk.register.forget()


def test_a_set_of_any_number_of_values_is_one_parameter(page):
    table = page.desk.database.engine
    column = build_metadata().tables["documents"].c.document_id
    many = [f"no:{number}" for number in range(70_000)]
    with table.connect() as connection:
        for values, count in ((many, 0), ([*many, f"school_note:{OWN}"], 1), ([], 0)):
            query = sa.select(sa.func.count()).where(among(column, values))
            assert connection.execute(query).scalar_one() == count
        assert connection.execute(sa.select(sa.func.count()).where(~among(column, []))).scalar_one() == len(DOCUMENTS)


@pytest.fixture
def released(tmp_path):
    """The folder of a page as the first released version made it."""
    sql = Path(__file__).with_name("released_store.sql").read_text("utf-8")
    with closing(sqlite3.connect(tmp_path / "page.sqlite")) as connection:
        connection.executescript(sql)
    log = tmp_path / "audit" / "2026-01.jsonl"
    log.parent.mkdir()
    line = {"at": "2025-06-15T10:00:00Z", "account": "a1318ca9a", "role": "school", "action": "download", "status": 200,
            "about": {"year": YEAR, "id": f"school_note:{OWN}"}}  # fmt: skip
    lines = [line, line | {"status": 404}, line | {"action": "document"}, line | {"about": {}}]
    log.write_text("".join(json.dumps(one) + "\n" for one in lines) + '{"at": "20', "utf-8")
    (tmp_path / "session.key").write_text("0" * 64)
    return tmp_path


def test_a_released_store_is_upgraded_and_loses_nothing(released):
    store = PageStore(released)
    try:
        book = AccountBook(store)
        assert [(one.login, one.role, one.unit_code, one.has_password) for one in book.all()] == [
            ("analyst", Role.ANALYST, None, True), ("place", Role.MUNICIPALITY, "reg99_m101", False),
            ("school", Role.SCHOOL, OWN, True),
        ]  # fmt: skip
        assert book.verify("school", "Correct horse 77 staple") is not None
        with store.engine.connect() as connection:
            for table in ("sessions", "acceptances", "answers", "uploads"):
                assert connection.execute(sa.select(sa.func.count()).select_from(sa.table(table))).scalar_one() == 1
            fetched = connection.exec_driver_sql("SELECT document_id, account_id, file_sha256 FROM fetches").all()
        assert fetched == [(f"school_note:{OWN}", "a1318ca9a", "")]
        book.set_email("school", "school1@oko.example")
        assert book.find("school").email == "school1@oko.example"
    finally:
        store.close()
    copies = list(released.glob("page.sqlite.r0001.*"))
    assert len(copies) == 1
    assert copies[0].stat().st_mode & 0o077 == 0
    again = PageStore(released)
    assert len(AccountBook(again).all()) == 3
    again.close()
    assert list(released.glob("page.sqlite.r0001.*")) == copies


def test_an_upgraded_store_and_a_new_one_are_alike(released, tmp_path_factory):
    shapes = []
    for folder in (released, tmp_path_factory.mktemp("new")):
        store = PageStore(folder)
        found = sa.inspect(store.engine)
        shapes.append({
            name: (
                [(one["name"], str(one["type"]), one["nullable"]) for one in found.get_columns(name)],
                found.get_pk_constraint(name)["constrained_columns"], found.get_indexes(name),
            )
            for name in found.get_table_names()
        })  # fmt: skip
        store.close()
    # Columns that came later stand last in an upgraded table; revisions are alembic's own.
    old, new = ({name: (sorted(columns), *rest) for name, (columns, *rest) in shape.items()} for shape in shapes)
    assert old.keys() == new.keys()
    assert {name: shape for name, shape in old.items() if name != "schema_revision"} == {
        name: shape for name, shape in new.items() if name != "schema_revision"
    }


def test_downloads_of_the_released_log_get_the_issue_that_stood_then(released, page):
    store = PageStore(released)
    book = FetchBook(store)
    resolve_fetches(book, page.desk.register)
    (fetch,) = book.of_document(YEAR, f"school_note:{OWN}")
    assert (fetch.issue_number, fetch.login) == (1, "school")
    assert not book.unresolved()
    store.close()


def test_a_store_of_a_newer_page_is_refused_and_an_upgrade_that_fails_changes_nothing(released, monkeypatch):
    def fails(*_args):
        raise RuntimeError("power")

    with monkeypatch.context() as patch:
        patch.setattr("alembic.command.upgrade", fails)
        with pytest.raises(RuntimeError):
            _ = PageStore(released).engine
    with closing(sqlite3.connect(released / "page.sqlite")) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert "fetches" not in names
    assert "schema_revision" not in names
    assert not list(released.glob("page.sqlite.r*"))
    store = PageStore(released)
    assert len(AccountBook(store).all()) == 3
    store.close()
    with closing(sqlite3.connect(released / "page.sqlite")) as connection:
        connection.execute("UPDATE schema_revision SET version_num = '9999'")
        connection.commit()
    with pytest.raises(StorageError, match="более новой версией"):
        _ = PageStore(released).engine


def test_terms_of_documents_end_the_replaced_issues_too(tmp_path):
    for years, left in ((0, {"2018-2019", "2025-2026"}), (5, {"2025-2026"})):
        office = open_workplace(Settings.load(home=tmp_path, documents_years=years))
        for year in ("2018-2019", "2025-2026"):
            (office.settings.page_folder / "issues" / year).mkdir(parents=True, exist_ok=True)
        remove_old_documents(office, date(2026, 11, 22))
        office.close()
        assert {path.name for path in (tmp_path / "page" / "issues").iterdir()} == left
