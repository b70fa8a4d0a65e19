"""A small home with documents of two schools, and the page served over real HTTP in a thread."""

import hashlib
import re
import socket
import threading
import time
from dataclasses import dataclass
from functools import partial

import httpx
import pandas as pd
import sqlalchemy as sa
import uvicorn
from argon2 import PasswordHasher

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.contracts import ColumnType
from oko_pipeline.orchestration.file_check import check_file
from oko_pipeline.orchestration.notices_of_issues import tell_of_old_issues
from oko_pipeline.page.accounts import AccountBook, Role
from oko_pipeline.page.app import build_app
from oko_pipeline.page.desk import open_desk
from oko_pipeline.page.store import PageStore
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database
from oko_pipeline.storage.engine import write_transaction
from oko_pipeline.storage.schema import build_metadata
from resources.report_store import ReportStore

YEAR = "2024-2025"
OWN, OTHER, FAR = "edu990001", "edu990002", "edu990003"
PASSWORD = "Correct horse 77 staple"  # noqa: S105
ACCOUNTS = {
    "engineer": (Role.ENGINEER, None),
    "analyst": (Role.ANALYST, None),
    "place": (Role.MUNICIPALITY, "reg99_m101"),
    "school": (Role.SCHOOL, OWN),
    "reader": (Role.PUBLIC, None),
}
_EMPTY = {
    ColumnType.TEXT: "x",
    ColumnType.INTEGER: 0,
    ColumnType.NUMBER: 0.0,
    ColumnType.BOOLEAN: False,
    ColumnType.DATE: "2025-01-01",
    ColumnType.TIMESTAMP: "2025-06-01T10:00:00Z",
    ColumnType.JSON: "[]",
}


def rows(name, *given):
    """Return rows of a table; what is not given is empty where it may be, else some value."""
    table = all_tables()[name]
    made = []
    for one in given:
        row = {}
        for column in table.columns:
            default = None if column.nullable else (column.allowed[0] if column.allowed else _EMPTY[column.type])
            row[column.name] = one.get(column.name, default)
        made.append(row)
    return table, pd.DataFrame(made, columns=list(table.column_names))


def document(
    document_id, unit, *, profile="school", kind="school_note", level="school", restricted=False, content=b"1"
):
    path = f"{YEAR}/{level}/{document_id.replace(':', ' ')}.docx"
    return {
        "school_year": YEAR, "document_id": document_id, "kind": kind, "unit_level": level, "unit_code": unit,
        "title_ru": f"Справка {document_id}", "profile": profile, "is_restricted": restricted, "issue_number": 1,
        "path": path, "pack_path": path.replace(".docx", ".xlsx"),
        "file_sha256": hashlib.sha256(content + document_id.encode()).hexdigest(),
        "context_sha256": hashlib.sha256(document_id.encode()).hexdigest(),
        "rendered_at": "2025-06-01T10:00:00Z", "code_version": "1", "inputs": "[]",
    }  # fmt: skip


_OF_PLACE = {"profile": "internal", "level": "municipality", "kind": "municipality_note"}
DOCUMENTS = {
    "own": document(f"school_note:{OWN}", OWN),
    "other": document(f"school_note:{OTHER}", OTHER),
    "far": document(f"school_note:{FAR}", FAR),
    "place": document("municipality_note:reg99_m101", "reg99_m101", **_OF_PLACE),
    "far_place": document("municipality_note:reg99_m202", "reg99_m202", **_OF_PLACE),
    "annex": document(f"school_passport_annex:{OWN}", OWN, restricted=True, kind="school_passport_annex"),
    "workbook": document(f"annotated_workbook:{OWN}", OWN, kind="annotated_workbook"),
    "internal": document(f"school_inner:{OWN}", OWN, profile="internal"),
    "open": document(f"parents_page:{FAR}", FAR, profile="public", kind="parents_page"),
    "open_draft": document(f"public_school_report:{FAR}", FAR, profile="public", kind="public_school_report"),
    "whole": document("effectiveness:all", "all", profile="internal", level="all", kind="effectiveness_review"),
    "html": document("school_note:<script>alert(1)</script>", OTHER) | {"title_ru": "<script>alert(1)</script>\"'"},
}  # fmt: skip


def fill(settings):
    database = Database(settings.sqlalchemy_url)
    schools = [
        {
            "school_year": YEAR,
            "school_code": code,
            "school_name": f"МБОУ «Школа {code[-1]}»",
            "municipality_code": place,
        }
        for code, place in ((OWN, "reg99_m101"), (OTHER, "reg99_m101"), (FAR, "reg99_m202"))
    ]
    places = [
        {"school_year": YEAR, "municipality_code": code, "municipality_name": f"Район {code}"}
        for code in ("reg99_m101", "reg99_m202")
    ]
    advice = [
        {"school_year": YEAR, "unit_level": level, "unit_code": code, "recommendation_id": number, "origin": "rule",
         "direction": "objectivity", "addressee": "heads", "title_ru": "Разобрать", "text_ru": "Разобрать задания.",
         "rule_text_ru": "Разобрать задания.", "state": "proposed", "basis_state": "current"}
        for level, code, number in (
            ("school", OWN, "R2025-0000000001"), ("school", FAR, "R2025-0000000003"),
            ("municipality", "reg99_m101", "R2025-0000000101"), ("all", "all", "R2025-00000000AA"),
        )
    ]  # fmt: skip
    result = {"school_year": YEAR, "assessment_id": "vpr-2025-spring:4:mathematics:base", "unit_level": "school",
              "unit_code": OWN, "subgroup": "all", "marked_count": 20, "participants_count": 20,
              "mark_2_share": 0.1, "mark_3_share": 0.4, "mark_4_share": 0.3, "mark_5_share": 0.2}  # fmt: skip
    few = result | {"assessment_id": "vpr-2025-spring:5:mathematics:base", "marked_count": 3, "mark_2_share": 0.3333}
    names = ("school_year", "document_id", "path", "file_sha256", "context_sha256", "rendered_at")
    issues = [{name: one[name] for name in names} | {"issue_number": 1} for one in DOCUMENTS.values()]
    for name, given in (
        ("schools", schools),
        ("municipalities", places),
        ("documents", list(DOCUMENTS.values())),
        ("document_issues", issues),
        ("recommendations", advice),
        ("result_summary", [result, few]),
        ("quality_results", [{"school_year": YEAR, "run_id": "r", "suite": "s", "expectation": "e"}]),
        ("source_completeness", [{"school_year": YEAR, "kind": "vpr", "source_code": "f", "unit_level": "school",
                                  "unit_code": OWN, "state": "accepted"}]),
        ("quality_findings", [{"school_year": YEAR, "finding_id": "f", "origin": "o", "severity": "error",
                               "rule_id": "work.total", "message": "м", "mend": "Исправьте", "school_code": OWN,
                               "value": "Иванов Иван"}]),
    ):  # fmt: skip
        database.append(*rows(name, *given))
    database.close()
    for one in DOCUMENTS.values():
        root = settings.restricted_folder / "documents" if one["is_restricted"] else settings.reports_folder
        target = root / one["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"1" + one["document_id"].encode())
        target.with_suffix(".xlsx").write_bytes(b"pack")


@dataclass
class Page:
    """The served page."""

    url: str
    desk: object
    settings: Settings
    port: int

    def client(self, login=None):
        client = httpx.Client(base_url=self.url, timeout=60)
        if login is not None:
            response = self.sign_in(client, login, PASSWORD)
            assert response.status_code == 303, response.text
        return client

    def sign_in(self, client, login, password, **more):
        token = token_of(client.get("/sign-in").text)
        return client.post("/sign-in", data={"csrf": token, "login": login, "password": password, **more})

    def is_alive(self):
        return httpx.get(f"{self.url}/health", timeout=20).text == "ok"


def token_of(text):
    return re.search(r'name="csrf" value="([^"]*)"', text)[1]


def serve(home, **settings):
    made = Settings.load(
        home=home, page_url="http://127.0.0.1:8000", page_dagster_url="http://127.0.0.1:3000", **settings
    )
    fill(made)
    store = PageStore(made.page_folder)
    book = AccountBook(store, PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
    for login, (role, unit) in ACCOUNTS.items():
        book.add(login, role, unit, PASSWORD)
    tell = partial(tell_of_old_issues, settings=made)
    desk = open_desk(made, partial(check_file, settings=made), store=store, accounts=book, tell=tell)
    # The server gets the socket itself: a port that is free now may be taken by another worker before it is opened.
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(build_app(desk), port=port, log_level="error", ws="none", server_header=False)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.05)
    return Page(f"http://127.0.0.1:{port}", desk, made, port), server, thread


def reissue(page, document, number, *changes, restricted=False):
    """Issue a document anew as the pipeline does: the file replaced whole, the register and its logs told.

    `changes`: place, was, became.
    """
    content = f"issue {number} of {document['document_id']}".encode()
    root = page.settings.restricted_folder / "documents" if restricted else page.settings.reports_folder
    sha = ReportStore(root).write(document["path"], content)
    moment = f"2025-0{5 + number}-01T10:00:00Z"
    own = {name: document[name] for name in ("school_year", "document_id", "path")}
    context = hashlib.sha256(content).hexdigest()
    entered = own | {"issue_number": number, "file_sha256": sha, "context_sha256": context, "rendered_at": moment,
                     "changes_count": len(changes)}  # fmt: skip
    told = [
        own | {"issue_number": number, "change_number": n, "place": place, "table_name": "t", "column_name": "c",
               "was": was, "became": became}
        for n, (place, was, became) in enumerate(changes, 1)
    ]  # fmt: skip
    page.desk.database.append(*rows("document_issues", entered))
    page.desk.database.append(*rows("document_changes", *told))
    table = build_metadata().tables["documents"]
    change = sa.update(table).where(table.c.document_id == document["document_id"])
    with write_transaction(page.desk.database.engine) as connection:
        connection.execute(
            change.values(file_sha256=sha, context_sha256=context, issue_number=number, rendered_at=moment)
        )
    # On a server the page looks for changes every few seconds only.
    for remembered in (page.desk.register, page.desk.drawn):
        remembered.forget()
    return content


class Analyst:
    """Whoever accepts in the fixtures."""

    def __init__(self, desk):
        self.account = desk.accounts.find("analyst")
