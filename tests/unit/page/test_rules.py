"""Every address for every role: who gets in, who does not, and that no address can be added without saying so here."""

import re

import pytest
from starlette.routing import Route

from oko_pipeline.page.app import build_app
from oko_pipeline.page.rules import RULES

YEAR, OWN, FAR = "2024-2025", "edu990001", "edu990003"
LOGINS = ("engineer", "analyst", "place", "school", "reader", "nobody")
OWN_NOTE, FAR_NOTE, ANNEX = f"school_note:{OWN}", f"school_note:{FAR}", f"school_passport_annex:{OWN}"
ADVICE = "R2025-0000000001"
IN = 303  # nobody is led to the sign-in

# What each login gets, in the order of LOGINS: engineer, analyst, municipality, school, reader (public), nobody.
EXPECTED = {
    ("GET", "/health"): ("/health", (200, 200, 200, 200, 200, 200)),
    ("GET", "/static/{name}"): ("/static/page.css", (200, 200, 200, 200, 200, 200)),
    ("GET", "/"): ("/", (303, 303, 303, 303, 303, 303)),
    ("GET", "/sign-in"): ("/sign-in", (303, 303, 303, 303, 303, 200)),
    ("POST", "/sign-in"): ("/sign-in", (403, 403, 403, 403, 403, 403)),
    ("GET", "/sign-in/oidc"): ("/sign-in/oidc", (404, 404, 404, 404, 404, 404)),
    ("GET", "/sign-in/oidc/back"): ("/sign-in/oidc/back?state=x", (404, 404, 404, 404, 404, 404)),
    ("POST", "/sign-out"): ("/sign-out", (403, 403, 403, 403, 403, 403)),
    ("GET", "/account"): ("/account", (200, 200, 200, 200, 200, IN)),
    ("POST", "/account/password"): ("/account/password", (403, 403, 403, 403, 403, 403)),
    ("GET", "/documents"): ("/documents", (200, 200, 200, 200, 200, IN)),
    ("GET", "/documents.zip"): ("/documents.zip", (200, 200, 200, 200, 200, IN)),
    ("GET", "/documents/{year}/{id}"): (f"/documents/{YEAR}/{OWN_NOTE}", (200, 200, 200, 200, 404, IN)),
    ("GET", "/documents/{year}/{id}/file"): (f"/documents/{YEAR}/{OWN_NOTE}/file", (200, 200, 200, 200, 404, IN)),
    ("GET", "/documents/{year}/{id}/pack"): (f"/documents/{YEAR}/{OWN_NOTE}/pack", (200, 200, 200, 200, 404, IN)),
    ("GET", "/documents/{year}/{id}/issues/{issue}"): (
        f"/documents/{YEAR}/{OWN_NOTE}/issues/1", (303, 303, 303, 303, 404, IN)
    ),
    ("GET", "/documents/{year}/{id}/differences"): (
        f"/documents/{YEAR}/{OWN_NOTE}/differences", (200, 200, 200, 200, 404, IN)
    ),
    ("GET", "/changed"): ("/changed", (200, 200, 200, 200, 200, IN)),
    ("GET", "/outdated"): ("/outdated", (200, 200, 200, 403, 403, IN)),
    ("POST", "/outdated"): ("/outdated", (403,) * 6),
    ("POST", "/documents/{year}/{id}/accept"): (f"/documents/{YEAR}/{OWN_NOTE}/accept", (403,) * 6),
    ("GET", "/at/{path:path}"): (f"/at/{YEAR}/school/school_note {OWN}.docx", (303, 303, 303, 303, 403, IN)),
    ("GET", "/schools"): ("/schools", (200, 200, 200, 200, 403, IN)),
    ("GET", "/schools/{year}/{school}"): (f"/schools/{YEAR}/{OWN}", (200, 200, 200, 200, 403, IN)),
    ("GET", "/schools/{year}/{school}/marks.svg"): (f"/schools/{YEAR}/{OWN}/marks.svg", (200, 200, 200, 200, 403, IN)),
    ("GET", "/checks"): ("/checks", (200, 200, 403, 403, 403, IN)),
    ("GET", "/recommendations"): ("/recommendations", (403, 200, 200, 200, 403, IN)),
    ("GET", "/recommendations/{year}/{number}"): (f"/recommendations/{YEAR}/{ADVICE}", (403, 200, 200, 200, 403, IN)),
    ("POST", "/recommendations/{year}/{number}"): (f"/recommendations/{YEAR}/{ADVICE}", (403,) * 6),
    ("GET", "/uploads"): ("/uploads", (200, 200, 200, 200, 403, IN)),
    ("POST", "/uploads"): ("/uploads", (403,) * 6),
    ("GET", "/uploads/{id}"): ("/uploads/" + "0" * 32, (404, 404, 404, 404, 403, IN)),
    ("GET", "/uploads/{id}/annotated"): ("/uploads/" + "0" * 32 + "/annotated", (404, 404, 404, 404, 403, IN)),
    ("GET", "/allowed/dagster"): ("/allowed/dagster", (204, 204, 403, 403, 403, 401)),
    ("GET", "/audit"): ("/audit", (200, 403, 403, 403, 403, IN)),
}  # fmt: skip


def test_every_address_of_the_application_is_expected_here(page):
    app = build_app(page.desk)
    assert all(isinstance(route, Route) for route in app.routes)
    served = {(method, route.path) for route in app.routes for method in route.methods - {"HEAD"}}
    assert served == set(EXPECTED)
    assert {(rule.method, rule.path) for rule in RULES} == served


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("route", EXPECTED, ids=" ".join)
def test_every_route_answers_every_role_as_expected(clients, route, login):
    """Forms are sent without their token: whoever they are, they must be refused."""
    address, statuses = EXPECTED[route]
    client = clients[login]
    response = client.get(address) if route[0] == "GET" else client.post(address, data={"a": "b"})
    assert response.status_code == statuses[LOGINS.index(login)], response.text
    if login == "nobody" and response.status_code == IN and address != "/":
        assert response.headers["location"].startswith("/sign-in")


SEEN = {
    "engineer": {"own", "other", "far", "place", "far_place", "internal", "open", "open_draft", "whole", "html"},
    "analyst": {"own", "other", "far", "place", "far_place", "internal", "open", "open_draft", "whole", "html",
                "annex", "workbook"},
    "place": {"own", "other", "place", "internal", "open", "html"},
    "school": {"own", "annex", "workbook", "open"},
    "reader": {"open"},
    "nobody": set(),
}  # fmt: skip


@pytest.mark.parametrize("login", LOGINS)
def test_a_role_sees_its_own_documents_alone_in_the_list_one_by_one_and_as_files(clients, documents, login):
    client = clients[login]
    listed = client.get("/documents").text
    for name, document in documents.items():
        address = f"/documents/{YEAR}/{document['document_id'].replace('/', '%2F')}"
        found = [client.get(address), client.get(f"{address}/file"), client.get(f"{address}/pack")]
        if "/" in document["document_id"]:
            assert {one.status_code for one in found} <= {303, 404}
            continue
        is_seen = name in SEEN[login]
        assert (document["document_id"].replace("<", "%3C") in listed) == is_seen, name
        assert {one.status_code for one in found} == ({200} if is_seen else {303} if login == "nobody" else {404}), name


@pytest.mark.parametrize("login", ["place", "school"])
def test_an_archive_holds_what_the_role_sees_and_no_codes_of_people(clients, login):
    content = clients[login].get("/documents.zip").content
    assert content.startswith(b"PK")
    assert f"school_note {FAR}".encode() not in content
    assert f"school_note {OWN}".encode() in content
    assert ANNEX.replace(":", " ").encode() not in content


@pytest.mark.parametrize(
    ("login", "school", "status"),
    [
        ("place", OWN, 200),
        ("place", FAR, 404),
        ("school", OWN, 200),
        ("school", "edu990002", 404),
        ("analyst", FAR, 200),
    ],
)
def test_data_of_a_school_are_for_itself_its_municipality_and_the_territory(clients, login, school, status):
    for tail in ("", "/marks.svg"):
        assert clients[login].get(f"/schools/{YEAR}/{school}{tail}").status_code == status


@pytest.mark.parametrize(
    ("login", "number", "status"),
    [
        ("school", "R2025-0000000001", 200), ("school", "R2025-0000000003", 404), ("school", "R2025-0000000101", 404),
        ("place", "R2025-0000000001", 200), ("place", "R2025-0000000003", 404), ("place", "R2025-0000000101", 200),
        ("place", "R2025-00000000AA", 404), ("analyst", "R2025-00000000AA", 200),
    ],
)  # fmt: skip
def test_recommendations_are_for_those_they_are_addressed_to(clients, login, number, status):
    assert clients[login].get(f"/recommendations/{YEAR}/{number}").status_code == status


@pytest.mark.parametrize("login", [login for login in LOGINS if login not in {"analyst", "nobody"}])
def test_with_their_own_token_others_still_do_not_decide(clients, documents, login):
    token = _token(clients[login].get("/account").text)
    own = documents["own"]
    forms = {
        f"/documents/{YEAR}/{OWN_NOTE}/accept": {"file_sha256": own["file_sha256"]},
        f"/recommendations/{YEAR}/{ADVICE}": {"answer": "accepted", "role": "department"},
    }
    for address, fields in forms.items():
        assert clients[login].post(address, data={"csrf": token, **fields}).status_code == 403


def test_values_of_cells_are_not_shown_with_findings(clients):
    assert "Иванов" not in clients["analyst"].get(f"/schools/{YEAR}/{OWN}").text


def test_small_groups_are_hidden_in_picture_and_table(clients):
    picture = clients["school"].get(f"/schools/{YEAR}/{OWN}/marks.svg").text
    assert "доли скрыты" in picture
    table = clients["school"].get(f"/schools/{YEAR}/{OWN}").text
    assert "скрыто" in table
    assert ">33<" not in table


def _token(text):
    return re.search(r'name="csrf" value="([^"]*)"', text)[1]
