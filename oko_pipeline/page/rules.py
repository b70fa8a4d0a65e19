"""All addresses of the page with the roles that may call them. What is not listed here does not exist."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from starlette.responses import Response

from oko_pipeline.page.access import ADVISED, ANALYSTS, ENGINEERS, EVERYBODY, KEEPERS, SIGNED_IN, TERRITORY
from oko_pipeline.page.accounts import Role
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.routes import account, advice, documents, outdated, schools, service, uploads


@dataclass(frozen=True, slots=True)
class Rule:
    """An address, the roles that may call it and its handler.

    `is_open`: needs no sign-in at all. `is_publishable`: also for those who have not signed in where the published set
    is open. `is_logged`: every call goes to the audit log, with these parts of its query.
    """

    method: Literal["GET", "POST"]
    path: str
    name: str
    roles: frozenset[Role]
    handler: Callable[[Desk, Asked], Response]
    is_open: bool = False
    is_publishable: bool = False
    is_logged: bool = True
    logged_query: tuple[str, ...] = ()


_SET: Final = ("year", "programme", "kind", "municipality", "school", "state")

RULES: Final = (
    Rule("GET", "/health", "health", EVERYBODY, service.health, is_open=True, is_logged=False),
    Rule("GET", "/static/{name}", "static", EVERYBODY, service.static, is_open=True, is_logged=False),
    Rule("GET", "/", "home", EVERYBODY, service.home, is_open=True, is_logged=False),
    Rule("GET", "/sign-in", "sign_in_form", EVERYBODY, account.sign_in_form, is_open=True, is_logged=False),
    Rule("POST", "/sign-in", "sign_in", EVERYBODY, account.sign_in, is_open=True),
    Rule("GET", "/sign-in/oidc", "oidc_depart", EVERYBODY, account.oidc_depart, is_open=True),
    Rule("GET", "/sign-in/oidc/back", "oidc_arrive", EVERYBODY, account.oidc_arrive, is_open=True),
    Rule("POST", "/sign-out", "sign_out", EVERYBODY, account.sign_out),
    Rule("GET", "/account", "account", EVERYBODY, account.show_account),
    Rule("POST", "/account/password", "password", EVERYBODY, account.change_password),
    Rule("GET", "/documents", "documents", EVERYBODY, documents.listing, is_publishable=True, logged_query=_SET),
    Rule("GET", "/documents.zip", "archive", EVERYBODY, documents.archive, is_publishable=True, logged_query=_SET),
    Rule("GET", "/documents/{year}/{id}", "document", EVERYBODY, documents.document, is_publishable=True),
    Rule("GET", "/documents/{year}/{id}/file", "download", EVERYBODY, documents.download, is_publishable=True),
    Rule("GET", "/documents/{year}/{id}/pack", "pack", EVERYBODY, documents.pack, is_publishable=True),
    Rule(
        "GET", "/documents/{year}/{id}/issues/{issue}", "issue_file", EVERYBODY, documents.issue_file,
        is_publishable=True,
    ),
    Rule(
        "GET", "/documents/{year}/{id}/differences", "differences", EVERYBODY, documents.differences,
        is_publishable=True, logged_query=("from", "to"),
    ),
    Rule("GET", "/changed", "changed", EVERYBODY, outdated.changed),
    Rule("GET", "/outdated", "outdated", KEEPERS, outdated.outdated),
    Rule("POST", "/outdated", "tell", KEEPERS, outdated.tell),
    Rule("POST", "/documents/{year}/{id}/accept", "accept", ANALYSTS, documents.accept),
    Rule("GET", "/at/{path:path}", "document_at", SIGNED_IN, documents.at_path),
    Rule("GET", "/schools", "schools", SIGNED_IN, schools.listing, logged_query=("year",)),
    Rule("GET", "/schools/{year}/{school}", "school", SIGNED_IN, schools.school),
    Rule("GET", "/schools/{year}/{school}/marks.svg", "marks", SIGNED_IN, schools.marks),
    Rule("GET", "/checks", "checks", TERRITORY, schools.checks, logged_query=("year",)),
    Rule("GET", "/recommendations", "recommendations", ADVISED, advice.listing, logged_query=("year", "state")),
    Rule("GET", "/recommendations/{year}/{number}", "recommendation", ADVISED, advice.recommendation),
    Rule("POST", "/recommendations/{year}/{number}", "answer", ANALYSTS, advice.answer),
    Rule("GET", "/uploads", "uploads", SIGNED_IN, uploads.listing),
    Rule("POST", "/uploads", "upload", SIGNED_IN, uploads.upload),
    Rule("GET", "/uploads/{id}", "sent_file", SIGNED_IN, uploads.sent),
    Rule("GET", "/uploads/{id}/annotated", "annotated", SIGNED_IN, uploads.annotated),
    Rule("GET", "/allowed/dagster", "allowed", EVERYBODY, service.allowed, is_open=True, is_logged=False),
    Rule("GET", "/audit", "audit", ENGINEERS, service.audit),
)  # fmt: skip
