"""What people do on the page: find, accept, send, answer, sign in by a provider; and what is kept of it."""

import io
import json
import re
import time
from contextlib import closing
from typing import ClassVar

import httpx
import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import RSAKey
from python_calamine import CalamineWorkbook

from oko_pipeline.catalogue.records import record_contracts
from oko_pipeline.catalogue.tables import MUNICIPALITIES, SCHOOLS
from oko_pipeline.catalogue.tables_cycle import RECOMMENDATION_WORDS
from oko_pipeline.collection.forms.filling import answer_places, type_into
from oko_pipeline.collection.forms.writer import blank_forms
from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.collection.reading import ReadOptions, read_source
from oko_pipeline.page.accounts import AccountBook, AccountError, Role
from oko_pipeline.page.audit import AuditLog
from oko_pipeline.page.charts import marks_chart
from oko_pipeline.page.checking import CheckRoom
from oko_pipeline.page.downloads import safe_name
from oko_pipeline.page.limits import RateLimit
from oko_pipeline.page.oidc import OidcDoor, OidcError
from oko_pipeline.page.sessions import SessionBook, Terms
from oko_pipeline.page.store import PageStore
from oko_pipeline.recommendations.words import words_of
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database
from oko_pipeline.storage.schema import build_metadata

YEAR, OWN, OTHER = "2024-2025", "edu990001", "edu990002"
NUMBER = "R2025-0000000001"


def token_of(text):
    return re.search(r'name="csrf" value="([^"]*)"', text)[1]


def filled_form(settings, school):
    """Return the form of a school with one decision typed into it."""
    database = Database(settings.sqlalchemy_url)
    schools, places = database.read(SCHOOLS), database.read(MUNICIPALITIES)
    database.close()
    blanks = blank_forms(YEAR, schools, places, {}, [school])
    blank = next(one for one in blanks if one.form.form_code == "management")
    row = {
        "decision_number": "1", "title": "Провести семинар", "document_kind": "order", "decided_on": "2024-10-01",
        "direction": "objectivity",
    }  # fmt: skip
    return type_into(blank.content, answer_places(blank.form, blank.level, YEAR, {"decisions": [row]}))


def send(client, name, content):
    token = token_of(client.get("/uploads").text)
    return client.post("/uploads", data={"csrf": token}, files={"files": (name, content)}, follow_redirects=True)


def test_a_school_sends_its_own_form_and_it_stands_in_the_inbox_whole(page, clients):
    content = filled_form(page.settings, OWN)
    response = send(clients["school"], "Форма.xlsx", content)
    assert "Файл принят" in response.text
    folder = page.settings.inbox_folder / "Со страницы" / OWN
    assert (folder / "Форма.xlsx").read_bytes() == content
    again = send(clients["school"], "Форма.xlsx", content)
    assert "Файл принят" in again.text
    assert (folder / "Форма (2).xlsx").read_bytes() == content
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize(("login", "school", "is_taken"), [
    ("school", OTHER, False), ("place", OTHER, True), ("place", "edu990003", False), ("analyst", "edu990003", True),
])  # fmt: skip
def test_nobody_sends_data_of_somebody_elses_school(page, clients, login, school, is_taken):
    response = send(clients[login], f"Форма {school}.xlsx", filled_form(page.settings, school))
    assert ("Файл принят" in response.text) == is_taken
    assert ("строки не ваших ОО" in response.text) != is_taken


def test_a_file_with_a_fault_is_taken_and_its_copy_with_marks_is_the_senders_alone(page, clients):
    content = filled_form(page.settings, OWN)
    with_fault = type_into(content, {"Решения": {(content_row(content), 5): "вчера"}})
    response = send(clients["school"], "С ошибкой.xlsx", with_fault)
    assert "Файл принят" in response.text
    assert "Как исправить" in response.text
    address = re.search(r'href="(/uploads/[0-9a-f]{32}/annotated)"', response.text)[1]
    marked = CalamineWorkbook.from_filelike(io.BytesIO(clients["school"].get(address).content))
    assert marked.sheet_names[0] == "Замечания"
    for login in ("analyst", "engineer", "place"):
        assert clients[login].get(address).status_code == 404


def content_row(content):
    rows = (
        CalamineWorkbook.from_filelike(io.BytesIO(content))
        .get_sheet_by_name("Решения")
        .to_python(skip_empty_area=False)
    )
    return next(place for place, row in enumerate(rows) if str(row[0]).startswith("1"))


def test_an_answer_reaches_the_register_as_people_fill_it_and_stays_the_persons_word(page, clients):
    client = clients["analyst"]
    address = f"/recommendations/{YEAR}/{NUMBER}"
    told = {
        "answer": "changed",
        "text": "Разобрать два задания.",
        "reason": "Остальные разобраны",
        "role": "department",
    }
    response = client.post(address, data={"csrf": token_of(client.get(address).text), **told})
    assert response.status_code == 303
    assert "ждёт запуска" in client.get("/recommendations").text
    folder = page.settings.inbox_folder / "Со страницы" / "Ответы на рекомендации"
    (file,) = [one for one in scan_inbox(folder) if NUMBER in one.path]
    reading = read_source(folder, file, ReadOptions(b"k" * 32)).reading
    register = reading.records["recommendations_log"]
    contract = record_contracts()["recommendations_log"]
    register = register.assign(record_id="r", school_code=OWN, file_sha256="f", school_year=YEAR)
    for name in set(contract.column_names) - set(register.columns):
        register[name] = None
    logged = page.desk.database.read(RECOMMENDATION_WORDS)
    word = words_of(register, {NUMBER: "Разобрать задания."}, logged)[NUMBER]
    assert (word.answer, word.text_ru, word.row["answer_reason"]) == ("edited", told["text"], told["reason"])
    assert reading.school_year == YEAR
    assert not reading.findings


@pytest.mark.parametrize("number", ["R2025-0000000101", "R2025-00000000AA"])
def test_answers_about_no_school_are_read_as_the_municipalitys_own(page, clients, number):
    client = clients["analyst"]
    address = f"/recommendations/{YEAR}/{number}"
    told = {"csrf": token_of(client.get(address).text), "answer": "rejected", "reason": "Сделано", "role": "department"}
    assert client.post(address, data=told).status_code == 303
    folder = page.settings.inbox_folder / "Со страницы" / "Ответы на рекомендации"
    (file,) = [one for one in scan_inbox(folder) if number in one.path]
    rows = read_source(folder, file, ReadOptions(b"k" * 32)).reading.records["recommendations_log"]
    assert rows["answer"].tolist() == ["rejected"]
    assert rows["school_key"].isna().all()


def test_an_accepted_open_document_is_published_and_a_new_issue_is_not(page, clients, documents):
    draft = documents["open_draft"]
    address = f"/documents/{YEAR}/{draft['document_id']}"
    assert clients["reader"].get(address).status_code == 404
    analyst = clients["analyst"]
    token = token_of(analyst.get(address).text)
    stale = analyst.post(f"{address}/accept", data={"csrf": token, "file_sha256": "0" * 64})
    assert stale.status_code == 409
    analyst.post(f"{address}/accept", data={"csrf": token, "file_sha256": draft["file_sha256"]})
    assert clients["reader"].get(f"{address}/file").status_code == 200
    _set(page, draft, file_sha256="f" * 64)
    # The same issue laid out anew says what was accepted.
    assert clients["reader"].get(address).status_code == 200
    _set(page, draft, context_sha256="f" * 64)
    try:
        assert clients["reader"].get(address).status_code == 404
        assert "изменён после принятия" in analyst.get(address).text
        # The file is not the one that the register names: nobody gets half of an issue.
        assert analyst.get(f"{address}/file").status_code == 404
    finally:
        _set(page, draft, file_sha256=draft["file_sha256"], context_sha256=draft["context_sha256"])
    with page.desk.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM acceptances WHERE document_id = ?", (draft["document_id"],))


def _set(page, document, **values):
    table = build_metadata().tables["documents"]
    with page.desk.database.engine.begin() as connection:
        connection.execute(sa.update(table).where(table.c.document_id == document["document_id"]).values(values))
    page.desk.register.forget()


def test_views_and_downloads_are_logged_without_names(page, clients):
    clients["school"].get(f"/documents/{YEAR}/school_note:{OWN}/file")
    line = next(line for line in page.desk.audit.last(50) if line["action"] == "download")
    assert line["account"] == page.desk.accounts.find("school").account_id
    assert line["about"] == {"year": YEAR, "id": f"school_note:{OWN}"}
    assert line["status"] == 200
    assert set(line) == {"at", "account", "role", "action", "status", "about"}
    refused = clients["school"].get(f"/documents/{YEAR}/school_note:{OTHER}/file")
    assert refused.status_code == 404
    assert page.desk.audit.last(1)[0]["status"] == 404


def test_nothing_is_shown_when_the_log_cannot_be_written(page, clients, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(page.desk.audit), "write", full)
    response = clients["school"].get(f"/documents/{YEAR}/school_note:{OWN}/file")
    assert response.status_code == 503
    assert b"school_note" not in response.content


def test_signing_out_and_a_new_password_end_sessions_at_once(page):
    # An account of its own: the sessions of the others go on.
    page.desk.accounts.add("leaver", Role.PUBLIC, None, "Correct horse 77 staple")
    with closing(page.client("leaver")) as client:
        cookie = client.cookies["oko"]
        client.post("/sign-out", data={"csrf": token_of(client.get("/account").text)})
        assert client.get("/account", headers={"cookie": f"oko={cookie}"}).status_code == 303
    with closing(page.client("leaver")) as first, closing(page.client("leaver")) as second:
        form = {
            "password": "Correct horse 77 staple",
            "fresh": "Another horse 78 staple",
            "again": "Another horse 78 staple",
        }
        token = token_of(first.get("/account").text)
        assert first.post("/account/password", data={"csrf": token, **form, "again": "x"}).status_code == 400
        assert first.post("/account/password", data={"csrf": token, **form, "password": "x"}).status_code == 403
        assert first.post("/account/password", data={"csrf": token, **form}).status_code == 303
        assert first.get("/account").status_code == 200
        assert second.get("/account").status_code == 303
    page.desk.accounts.remove("leaver")


def test_sessions_end_when_idle_and_in_any_case(tmp_path, monkeypatch):
    now = [time.time()]
    store = PageStore(tmp_path)
    book = SessionBook(store, Terms(600, 3600), clock=lambda: now[0])
    account = AccountBook(store).add("reader", Role.PUBLIC, None, None)
    cookie = book.begin(account)
    for _ in range(11):
        now[0] += 300
        assert book.viewer(cookie).account == account
    now[0] += 400
    assert book.viewer(cookie).account is None
    idle = book.begin(account)
    now[0] += 601
    assert book.viewer(idle).account is None
    store.close()


@pytest.mark.parametrize(("login", "role", "unit", "password"), [
    ("Ivan Petrov", Role.ANALYST, None, "Correct horse 77"), ("x", Role.ANALYST, None, "Correct horse 77"),
    ("new", Role.SCHOOL, None, "Correct horse 77"), ("new", Role.ANALYST, OWN, "Correct horse 77"),
    ("new", Role.SCHOOL, "../etc", "Correct horse 77"), ("new", Role.ANALYST, None, "short"),
    ("new", Role.ANALYST, None, "aaaaaaaaaaaaaaa"), ("new", Role.ANALYST, None, "password123456"),
    ("newlogin", Role.ANALYST, None, "my newlogin is it"), ("analyst", Role.ANALYST, None, "Correct horse 77"),
    ("new", Role.ANALYST, None, "я" * 257),
])  # fmt: skip
def test_weak_or_malformed_accounts_are_not_made(page, login, role, unit, password):
    before = page.desk.accounts.all()
    with pytest.raises(AccountError):
        page.desk.accounts.add(login, role, unit, password)
    assert page.desk.accounts.all() == before


def test_keys_and_accounts_are_closed_to_other_users(page):
    folder = page.settings.page_folder
    assert folder.stat().st_mode & 0o077 == 0
    for name in ("session.key", "page.sqlite"):
        assert (folder / name).stat().st_mode & 0o077 == 0


def test_a_limit_counts_within_its_window_alone():
    now = [0.0]
    limit = RateLimit(2, 10, clock=lambda: now[0])
    for _ in range(2):
        assert limit.wait("a") == 0
        limit.count("a")
    assert limit.wait("a") == 11
    assert limit.wait("b") == 0
    now[0] = 10.5
    assert limit.wait("a") == 0


def sleeps(path):
    time.sleep(60)
    return path


@pytest.mark.parametrize("check", [sleeps])
def test_a_check_that_never_ends_is_cut_off_and_the_next_one_works(tmp_path, check):
    file = tmp_path / "a.csv"
    file.write_text("a")
    room = CheckRoom(check, 3)
    try:
        assert "слишком много времени" in room.outcome(file).why
        room._check = _nothing
        room._seconds = 60
        assert "не узнать" in room.outcome(file).why
    finally:
        room.close()


def _nothing(path):
    return []


def test_names_of_files_are_safe():
    assert safe_name('a/b\\c:"d"\r\n.docx') == "a b c d .docx"
    assert len(safe_name("я" * 400 + ".docx")) == 150
    assert safe_name("../..") == "file"


def test_a_picture_escapes_titles_and_hides_small_groups():
    row = {"marked_count": 20} | {f"mark_{mark}_share": 0.25 for mark in (2, 3, 4, 5)}
    picture = marks_chart([row, row | {"marked_count": 4}], ["<script>", "b"], 5)
    assert "<script>" not in picture
    assert picture.count("доли скрыты") == 1
    assert picture.count(">25<") == 4


class Provider:
    """A provider of sign-in without a network."""

    def __init__(self):
        self.key = RSAKey.generate_key(2048)
        self.claims = {}
        self.issuer = "https://id.example"

    def __call__(self, request):
        path = request.url.path
        if path.endswith("openid-configuration"):
            return httpx.Response(200, json={
                "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys", **self.more,
            })  # fmt: skip
        if path == "/keys":
            return httpx.Response(200, json={"keys": [self.key.as_dict(private=False)]})
        assert b"code_verifier=" in request.content
        assert ("authorization" in request.headers) != (b"client_secret=" in request.content)
        assert b"client_secret=" in request.content or not self.more
        return httpx.Response(
            200, json={"id_token": jwt.encode({"alg": "RS256"}, self.claims, self.signing or self.key)}
        )

    signing = None
    more: ClassVar = {}


@pytest.fixture
def door():
    settings = Settings(
        home="x", page_url="https://oko.example", page_oidc_issuer="https://id.example", page_oidc_client_id="oko"
    )
    provider = Provider()
    return OidcDoor(settings, b"secret", httpx.MockTransport(provider)), provider


def arrive(door, provider, **changed):
    departure = door.depart("/schools")
    query = dict(httpx.URL(departure.url).params)
    assert query["code_challenge_method"] == "S256"
    provider.claims = {"iss": "https://id.example", "aud": "oko", "exp": int(time.time()) + 60,
                       "nonce": query["nonce"], "preferred_username": "analyst"} | changed  # fmt: skip
    back = f"https://oko.example/sign-in/oidc/back?code=c&state={query['state']}"
    return door.arrive(back, query["state"], departure.cookie)


def test_a_provider_tells_who_it_is(door):
    assert arrive(*door) == ("analyst", "/schools")


def test_a_provider_that_takes_the_secret_in_the_form_alone_gets_it_there(door):
    door[1].more = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert arrive(*door) == ("analyst", "/schools")


@pytest.mark.parametrize("changed", [
    {"aud": "other"}, {"iss": "https://evil.example"}, {"exp": 1}, {"nonce": "old"}, {"preferred_username": ""},
    {"preferred_username": ["analyst"]},
])  # fmt: skip
def test_a_token_that_is_not_for_us_is_refused(door, changed):
    with pytest.raises(OidcError):
        arrive(*door, **changed)


def test_a_token_signed_by_somebody_else_or_another_state_is_refused(door):
    opened, provider = door
    provider.signing = RSAKey.generate_key(2048)
    with pytest.raises(OidcError):
        arrive(opened, provider)
    departure = opened.depart("/")
    for state, cookie in (("other", departure.cookie), ("other", "forged")):
        with pytest.raises(OidcError):
            opened.arrive("https://oko.example/sign-in/oidc/back?code=c&state=other", state, cookie)


def test_the_log_of_a_cut_off_line_is_still_read(page, tmp_path):
    log = AuditLog(tmp_path)
    log.write("a1", "school", "download", 200, {"id": "имя\r\n: подделка\n{}"})
    log.close()
    (file,) = tmp_path.glob("*.jsonl")
    file.write_bytes(file.read_bytes() + b'{"at": "20')
    (line,) = log.last(10)
    assert "\n" not in line["about"]["id"]
    assert json.loads(file.read_text().splitlines()[0]) == line
