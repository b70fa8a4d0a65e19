"""Hostile inputs: each is refused, nothing leaks, and the page answers the next visitor."""

import hashlib
import hmac
import io
import re
import socket
import zipfile
from html.parser import HTMLParser
from urllib.parse import quote

import httpx
import pytest
import xlsxwriter

YEAR, OWN, FAR = "2024-2025", "edu990001", "edu990003"
NOTE = f"/documents/{YEAR}/school_note:{OWN}"
ADVICE = f"/recommendations/{YEAR}/R2025-0000000001"
DAGSTER = "http://127.0.0.1:3000"
SECRETS = ("root:x:", "session.key", "SQLITE", "Traceback", "sqlalchemy", "password_hash")

TRAVERSAL = [
    "/static/../page.sqlite", "/static/..%2f..%2fpage%2fsession.key", "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static/....//....//etc/passwd", "/static/page.css%00.txt", "/static/..%5c..%5cpage.sqlite",
    f"/documents/{YEAR}/..%2f..%2f..%2fetc%2fpasswd", f"/documents/{YEAR}/../../../../etc/passwd/file",
    f"/documents/..%2f..%2foko.sqlite/{OWN}/file", "/documents/%2fetc%2fpasswd/x/file",
    "/at/../../../../etc/passwd", "/at/%2fetc%2fpasswd", "/at/..%2f..%2foko.sqlite", "/at/.figures/x.json.gz",
    "/uploads/..%2f..%2fpage.sqlite/annotated", "/uploads/%2e%2e%2fsession.key/annotated",
    f"/schools/{YEAR}/..%2f..%2foko.sqlite", f"/schools/{YEAR}/{OWN}%00/marks.svg",
    "/documents.zip/../../oko.sqlite", "/page/session.key", "/.git/config", "/oko.sqlite", "//etc/passwd",
]  # fmt: skip
SQL = [
    f"/documents/{YEAR}/' OR '1'='1", f"/documents/{YEAR}/x'; DROP TABLE documents;--",
    "/documents/1' UNION SELECT 1--/x",
    f"/schools/{YEAR}/' OR 1=1--", f"/recommendations/{YEAR}/R2025-0000000001' OR '1'='1",
    "/documents?year=' OR 1=1--", "/documents?school=x' UNION SELECT password_hash FROM accounts--",
    "/documents?kind=%27%29%3BDELETE%20FROM%20documents%3B--", "/documents?page=1;DROP TABLE documents",
    "/documents?page=99999999999999999999", "/documents?page=-1", "/documents?page=%D9%A3",
    "/recommendations?state=' OR state LIKE '%", "/checks?year=' OR '1'='1",
    "/documents?year=" + "A" * 5000, "/documents?school=%00", f"/documents/{YEAR}/{OWN}%00",
]  # fmt: skip
MARKUP = [
    "/documents?year=<script>alert(1)</script>", "/documents?kind=\"><img src=x onerror=alert(1)>",
    "/sign-in?next=\"><script>alert(1)</script>", "/recommendations?unit=</select><script>alert(1)</script>",
    "/documents?school={{7*7}}", "/documents?state={% include 'base.html' %}", "/schools?year=${7*7}<script>",
]  # fmt: skip
ONWARD = [
    "https://evil.example/", "//evil.example", "/\\evil.example",
    "javascript:alert(1)", "/documents\r\nSet-Cookie: a=b",
    "\t//evil.example", "/%0d%0aLocation: https://evil.example", "http:evil.example", "/..//evil.example/@",
]  # fmt: skip
HEADERS = [
    {"host": "evil.example"}, {"host": "127.0.0.1@evil.example"}, {"host": ""}, {"host": "127.0.0.1:8000:evil"},
    {"x-forwarded-host": "evil.example"}, {"cookie": "oko=" + "A" * 5000}, {"cookie": "oko=\"; DROP TABLE sessions"},
    {"cookie": "oko=" + "é" * 20}, {"cookie": "oko=../../session.key"}, {"cookie": "oko=a.b.c"},
]  # fmt: skip


def token_of(text):
    return re.search(r'name="csrf" value="([^"]*)"', text)[1]


class Markup(HTMLParser):
    """Collects what could run: scripts, styles, event attributes, addresses elsewhere."""

    def __init__(self):
        super().__init__()
        self.active = []

    def handle_starttag(self, tag, attrs):
        if tag in {"script", "style", "iframe", "object", "embed", "base"}:
            self.active.append(tag)
        for name, value in attrs:
            is_foreign = name in {"href", "src", "action"} and not (value or "").startswith(("/", "#", DAGSTER))
            if name.startswith("on") or name == "style" or is_foreign:
                self.active.append(f"{tag} {name}={value}")


def active_markup(text):
    parser = Markup()
    parser.feed(text)
    return parser.active


def no_secret(response):
    assert not any(secret in response.text for secret in SECRETS)
    if response.headers.get("content-type", "").startswith("text/html"):
        assert active_markup(response.text) == []


def workbook(*cells):
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet()
    for row, line in enumerate(cells):
        for place, value in enumerate(line):
            sheet.write(row, place, value)
    book.close()
    return stream.getvalue()


def packed(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


def with_entities():
    sheet = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'
    return packed(
        **{"xl__worksheets__sheet1.xml": sheet, "[Content_Types].xml": b"<Types/>", "xl__workbook.xml": b"<w/>"}
    )


def send(page, client, name, content, **more):
    token = token_of(client.get("/uploads").text)
    return client.post(
        "/uploads", data={"csrf": token, **more}, files={"files": (name, content)}, follow_redirects=True
    )


def inbox_files(page):
    return {
        path.relative_to(page.settings.inbox_folder).as_posix()
        for path in page.settings.inbox_folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("address", TRAVERSAL)
def test_paths_lead_nowhere(page, clients, address):
    # A raw request: clients of HTTP tidy up `..` themselves.
    cookie = clients["analyst"].cookies["oko"]
    with socket.create_connection(("127.0.0.1", page.port), timeout=20) as connection:
        request = f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: oko={cookie}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    status, body = int(answer.split(b" ", 2)[1]), answer.decode("utf-8", "replace")
    assert status in {400, 404, 405}
    assert not any(secret in body for secret in SECRETS)
    assert page.is_alive()


@pytest.mark.parametrize("address", SQL)
def test_names_and_ids_are_never_sql(page, clients, address):
    for login in ("school", "analyst"):
        response = clients[login].get(address.replace(" ", "%20"))
        assert response.status_code in {200, 400, 403, 404}
        no_secret(response)
        assert f"school_note:{FAR}" not in (response.text if login == "school" else "")
    assert clients["analyst"].get(NOTE).status_code == 200


@pytest.mark.parametrize("address", MARKUP)
def test_markup_of_an_address_is_shown_as_text(clients, address):
    client = clients["nobody" if "sign-in" in address else "analyst"]
    path, _, query = address.partition("?")
    response = client.get(f"{path}?{quote(query, safe='=')}")
    assert response.status_code == 200
    no_secret(response)
    assert ">49<" not in response.text


@pytest.mark.parametrize("onward", ONWARD)
def test_signing_in_leads_to_this_page_alone(page, onward):
    with page.client() as client:
        token = token_of(client.get("/sign-in").text)
        response = client.post(
            "/sign-in", data={"csrf": token, "login": "reader", "password": "Correct horse 77 staple", "next": onward}
        )
        assert response.status_code == 303
        location = response.headers["location"]
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))
        assert "evil.example" not in location or location.startswith("/..//") is False
        assert len(response.headers.get_list("set-cookie")) == 2


@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_false_headers_change_nothing(page, headers):
    raw = "".join(f"{name}: {value}\r\n" for name, value in ({"host": "127.0.0.1"} | headers).items())
    with socket.create_connection(("127.0.0.1", page.port), timeout=20) as connection:
        connection.sendall(f"GET /documents HTTP/1.1\r\n{raw}Connection: close\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    status = int(answer.split(b" ", 2)[1])
    assert status in {303, 400}
    assert b"evil.example" not in answer
    assert page.is_alive()


@pytest.mark.parametrize(
    "forge",
    [
        lambda value: value[:-9] + ("A" if value[-9] != "A" else "B") + value[-8:],
        lambda value: value.split(".")[0],
        lambda value: "x" + value,
        lambda value: value.replace(".", "..", 1),
        lambda value: value.rsplit(".", 1)[0] + "." + hmac.new(b"guess", value.encode(), hashlib.sha1).hexdigest(),
        lambda value: "",
        lambda value: value + "\0",
        lambda value: value.upper(),
    ],
)
def test_a_changed_cookie_is_nobodys(page, clients, forge):
    cookie = forge(clients["engineer"].cookies["oko"])
    with httpx.Client(base_url=page.url) as client:
        response = client.get("/audit", headers={"cookie": f"oko={cookie}".replace("\0", "%00")})
        assert response.status_code == 303


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"csrf": ""}, {"csrf": "0" * 32}, {"csrf": "é" * 8}, {"csrf": "other"},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("address", ["/sign-out", "/account/password", f"{NOTE}/accept", ADVICE, "/uploads"])
def test_forms_without_the_sessions_own_token_do_nothing(page, clients, documents, address, fields):
    if fields.get("csrf") == "other":
        fields = {"csrf": token_of(clients["engineer"].get("/account").text)}
    told = {"answer": "accepted", "role": "department", "file_sha256": documents["own"]["file_sha256"], **fields}
    before = inbox_files(page)
    assert clients["analyst"].post(address, data=told).status_code == 403
    assert inbox_files(page) == before
    assert clients["analyst"].get("/account").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
        {"content-type": "text/plain"}, {"content-type": "application/json"},
    ],
    ids=str,
)  # fmt: skip
def test_forms_of_other_sites_are_refused_even_with_a_token(clients, headers):
    token = token_of(clients["analyst"].get("/account").text)
    sent = {"content-type": "application/x-www-form-urlencoded"} | headers
    response = clients["analyst"].post(ADVICE, content=f"csrf={token}&answer=accepted", headers=sent)
    assert response.status_code in {403, 415}


BAD_FILES = {
    "macro.xlsm": b"PK\x03\x04", "page.html": b"<script>alert(1)</script>", "run.exe": b"MZ", "noending": b"x",
    "photo.xlsx.php": b"<?php ?>", "false.xlsx": b"<html></html>", "false.xls": b"PK\x03\x04", "empty.xlsx": b"",
    "cut.xlsx": workbook(["a"])[:200], "false.zip": b"not a zip", "noise.csv": bytes(range(256)) * 50,
    "bomb.zip": packed(**{f"{n}.csv": b"0" * 3_000_000 for n in range(3)}),
    "bomb.xlsx": packed(**{"xl__worksheets__sheet1.xml": b"<c/>" * 4_000_000, "xl__workbook.xml": b"<w/>"}),
    "entities.xlsx": with_entities(),
    "slip.zip": packed(**{"..__..__evil.csv": b"a,b\n1,2\n"}),
    "nested.zip": packed(**{"inner.zip": packed(**{"x.csv": b"a"})}),
    "formulas.xlsx": workbook(["=cmd|'/c calc'!A0", "=WEBSERVICE(\"http://evil.example\")"], ["@SUM(1)", "+1+1"]),
    "formulas.csv": b"=cmd|' /C calc'!A0,=1+1\n@x,-2\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_are_told_about_and_stay_outside(page, clients, name):
    before = inbox_files(page)
    response = send(page, clients["analyst"], name, BAD_FILES[name])
    assert response.status_code in {200, 400}
    assert 'role="alert"' in response.text
    no_secret(response)
    assert inbox_files(page) == before
    assert page.is_alive()


@pytest.mark.parametrize(
    "name",
    [
        "../../../evil.csv", "..\\..\\evil.csv", "/etc/cron.d/evil.csv", "C:\\evil.csv",
        "<img src=x onerror=alert(1)>.csv",
        "a\r\nSet-Cookie: x=1.csv", "\u202evsc.exe.csv", "." * 300 + ".csv", "я" * 300 + ".csv", "~$lock.csv",
        ".hidden.csv",
    ],
)  # fmt: skip
def test_names_of_files_are_names_and_nothing_else(page, clients, name):
    before = inbox_files(page)
    response = send(page, clients["analyst"], name, b"a;b\n1;2\n")
    assert response.status_code in {200, 400}
    no_secret(response)
    assert all(path.startswith("Со страницы/") for path in inbox_files(page) - before)
    assert not [path for path in page.settings.home.parent.rglob("evil*") if page.settings.home not in path.parents]
    assert page.is_alive()


def test_a_body_over_the_limit_is_cut_off_whatever_it_says_of_itself(page, clients):
    token = token_of(clients["analyst"].get("/uploads").text)
    huge = b"0" * (4 << 20)
    before = inbox_files(page)
    told = clients["analyst"].post("/uploads", data={"csrf": token}, files={"files": ("a.csv", huge)})
    assert told.status_code == 413

    def pieces():
        for _ in range(40):
            yield b"a" * 65536

    assert clients["analyst"].post(
        "/sign-in", content=pieces(), headers={"content-type": "text/plain"}
    ).status_code in {413, 415}
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert clients["analyst"].post(ADVICE, content=pieces(), headers=form).status_code == 413
    assert inbox_files(page) == before
    assert page.is_alive()


def test_too_many_files_and_fields_are_refused(page, clients):
    token = token_of(clients["analyst"].get("/uploads").text)
    many = [("files", (f"{n}.csv", b"a")) for n in range(30)]
    assert clients["analyst"].post("/uploads", data={"csrf": token}, files=many).status_code == 400
    fields = {f"f{n}": "x" for n in range(200)} | {"csrf": token}
    assert clients["analyst"].post(ADVICE, data=fields).status_code in {400, 403}
    assert page.is_alive()


@pytest.mark.parametrize(
    "fields",
    [
        {"answer": "rejected"}, {"answer": "changed", "reason": "так"}, {"answer": "drop table"}, {"answer": ""},
        {"answer": "changed", "reason": "=cmd|'/c calc'!A0", "text": "x"},
        {"answer": "changed", "reason": "так", "text": "+1+1"}, {"answer": "rejected", "reason": "@SUM(A1)"},
        {"answer": "rejected", "reason": "я" * 481}, {"answer": "accepted", "role": "президент"},
        {"answer": "rejected", "reason": "\t=1"},
    ],
    ids=str,
)  # fmt: skip
def test_answers_that_are_not_whole_or_hold_formulas_are_not_written(page, clients, fields):
    before = inbox_files(page)
    token = token_of(clients["analyst"].get(ADVICE).text)
    told = {"csrf": token, "role": "department", **fields}
    assert clients["analyst"].post(ADVICE, data=told).status_code == 400
    assert inbox_files(page) == before


def test_guessing_a_password_is_slowed_down(page):
    with page.client() as client:
        statuses = [page.sign_in(client, "engineer-to-guess", f"guess {n}").status_code for n in range(7)]
        assert statuses[:5] == [401] * 5
        assert set(statuses[5:]) == {429}
    page.desk.limits.of_address.forget("127.0.0.1")


def test_an_unknown_login_is_told_the_same_as_a_wrong_password(page):
    with page.client() as client:
        wrong, unknown = page.sign_in(client, "reader", "x").text, page.sign_in(client, "nobody-here", "x").text
    strip = re.compile(r'value="[^"]*"')
    assert strip.sub("", wrong) == strip.sub("", unknown)
    page.desk.limits.of_address.forget("127.0.0.1")


def test_every_answer_carries_the_security_headers(page, clients):
    for client, address in (
        (clients["nobody"], "/sign-in"),
        (clients["analyst"], NOTE),
        (clients["analyst"], f"{NOTE}/file"),
        (clients["analyst"], "/nowhere"),
    ):
        headers = client.get(address).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "private, no-store"
        assert "server" not in headers


def test_pages_need_no_inline_style_or_script(clients):
    for address in ("/documents", NOTE, f"/schools/{YEAR}/{OWN}", ADVICE, "/uploads", "/account"):
        assert active_markup(clients["analyst"].get(address).text) == [], address


def test_names_in_data_are_shown_as_text(clients):
    text = clients["analyst"].get("/documents").text
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_cookie_is_closed_to_scripts_and_to_other_sites(page):
    with page.client() as client:
        cookies = page.sign_in(client, "reader", "Correct horse 77 staple").headers.get_list("set-cookie")
    own = next(cookie for cookie in cookies if cookie.startswith("oko="))
    assert "HttpOnly" in own
    assert "SameSite=lax" in own


METHODS = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")


@pytest.mark.parametrize("method", METHODS)
def test_no_other_method_gets_past_the_rules(clients, method):
    """Every address for every role by methods that no rule names: nothing is shown, nothing is done."""
    walked = 0
    for login, client in clients.items():
        for route in ADDRESSES:
            answer = client.request(method, route)
            walked += 1
            if method == "HEAD":
                # HEAD is GET without its body: the same answer, and to nobody more than GET gives.
                assert answer.status_code in {client.get(route).status_code, 405}, (login, route)
                assert answer.content == b""
            else:
                assert answer.status_code in {303, 400, 403, 404, 405}, (login, route, answer.status_code)
                assert answer.status_code != 303 or login == "nobody" or route in {"/", "/sign-in"}, (login, route)
                assert "school_note:" not in answer.text.replace(route, "")
    assert walked == len(clients) * len(ADDRESSES)


ADDRESSES = (
    "/", "/sign-in", "/account", "/documents", NOTE, f"{NOTE}/file", f"{NOTE}/pack", "/schools",
    f"/schools/{YEAR}/{OWN}", f"/schools/{YEAR}/{OWN}/marks.svg", "/checks", "/recommendations", ADVICE, "/uploads",
    "/allowed/dagster", "/audit", "/health", "/static/page.css",
)  # fmt: skip
