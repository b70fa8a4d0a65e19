"""Documents: the list, one with its issues and changes, downloads, an archive of a set, acceptance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from starlette.responses import Response, StreamingResponse

from oko_pipeline.catalogue.documents import PROFILES_RU, document_kinds
from oko_pipeline.page.access import KEEPERS, SIGNED_IN
from oko_pipeline.page.accounts import ROLES_RU
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.issues import is_about_people
from oko_pipeline.page.register import MOST_IN_ARCHIVE, Filters, Row
from oko_pipeline.page.views import PageError, address, away, draw, not_found, send, show

_MOST_DIFFERENCES = 1000


def listing(desk: Desk, asked: Asked) -> Response:
    """Show the documents that the viewer sees, narrowed by the chosen filters."""
    account, viewer = asked.viewer.account, asked.viewer
    filters, number = _filters(asked), asked.number()
    key = ("documents", viewer.role, viewer.unit_code, account is None, filters, number, desk.acceptances.version())
    drawn = desk.drawn.value(key, lambda: _drawn(desk, asked, filters, number))
    old = desk.fetches.old(desk.register.present(), account.account_id) if account else ()
    return show(desk, asked, "documents", drawn=drawn, changed_count=len(old))


def _drawn(desk: Desk, asked: Asked, filters: Filters, number: int) -> str:
    return draw(
        desk,
        "documents_found",
        filters=filters,
        is_signed_in=asked.viewer.account is not None,
        found=desk.register.documents(asked.viewer, filters, number),
        facets=desk.register.facets(asked.viewer),
    )


def document(desk: Desk, asked: Asked) -> Response:
    """Show a document: state, issues, what changed in numbers, where it comes from."""
    row = _document(desk, asked)
    kind = document_kinds().get(row["kind"])
    is_of_school = row["unit_level"] == "school" and asked.viewer.role in SIGNED_IN
    school = desk.register.school(asked.viewer, row["school_year"], row["unit_code"]) if is_of_school else None
    fetches = desk.fetches.of_document(row["school_year"], row["document_id"])
    own_id = None if asked.viewer.account is None else asked.viewer.account.account_id
    issues = desk.register.issues(row)
    return show(
        desk,
        asked,
        "document",
        row=row,
        kind=kind,
        profile_ru=PROFILES_RU.get(row["profile"], row["profile"]),
        issues=issues,
        kept={one["issue_number"] for one in issues if desk.shelf.has_issue(one["school_year"], one["file_sha256"])},
        is_about_people=is_about_people(row),
        fetches=fetches if asked.viewer.role in KEEPERS else (),
        own_issue=next((one.issue_number for one in fetches if one.account_id == own_id), None),
        roles=ROLES_RU,
        changes=desk.register.changes(row),
        school=school,
        asset=None if kind is None else kind.asset,
    )


def download(desk: Desk, asked: Asked) -> Response:
    """Send a document and note who has this issue of it."""
    row = _document(desk, asked)
    sent = desk.shelf.document(row)
    desk.fetches.note(asked.viewer, [row])
    return send(sent)


def issue_file(desk: Desk, asked: Asked) -> Response:
    """Send an issue that a new one has replaced; the present one is sent as the document itself."""
    row = _document(desk, asked)
    issue = _issue(desk.register.issues(row), asked.id("issue"))
    if issue["is_current"]:
        return away(address("documents", row["school_year"], row["document_id"], "file"))
    sent = desk.shelf.issue(issue)
    desk.fetches.note(asked.viewer, [issue])
    return send(sent)


def differences(desk: Desk, asked: Asked) -> Response:
    """Show the numbers in which two issues of a document differ."""
    row = _document(desk, asked)
    issues = desk.register.issues(row)
    if not issues:
        raise not_found()
    first, second = (_issue(issues, asked.query(name) or str(issues[place]["issue_number"]))
                     for name, place in (("from", min(1, len(issues) - 1)), ("to", 0)))  # fmt: skip
    earlier, later = sorted((first, second), key=lambda one: one["issue_number"])
    found = desk.register.differences(row, earlier["issue_number"], later["issue_number"])
    return show(
        desk, asked, "differences", row=row, issues=issues, earlier=earlier, later=later, count=len(found),
        changes=found[:_MOST_DIFFERENCES],
    )  # fmt: skip


def _issue(issues: Sequence[Row], number: str) -> Row:
    found = next((one for one in issues if str(one["issue_number"]) == number), None)
    if found is None:
        raise not_found()
    return found


def pack(desk: Desk, asked: Asked) -> Response:
    """Send the workbook with a document's numbers."""
    return send(desk.shelf.pack(_document(desk, asked)))


def archive(desk: Desk, asked: Asked) -> Response:
    """Send the documents of the chosen set as one archive; those with codes of people are sent one by one only."""
    rows = desk.register.documents_of_set(asked.viewer, _filters(asked))
    if len(rows) > MOST_IN_ARCHIVE:
        raise PageError(400, f"В наборе больше {MOST_IN_ARCHIVE} документов: выберите год, вид или ОО.")
    if not rows:
        raise PageError(404, "В наборе нет документов.")
    headers = {"content-disposition": 'attachment; filename="documents.zip"'}
    return StreamingResponse(_noted(desk, asked, rows), media_type="application/zip", headers=headers)


def _noted(desk: Desk, asked: Asked, rows: Sequence[Row]) -> Iterator[bytes]:
    """Yield an archive and note what of it was sent, also when its reader leaves midway."""
    sent: list[Mapping[str, Any]] = []
    try:
        yield from desk.shelf.archive(rows, sent)
    finally:
        desk.fetches.note(asked.viewer, sent)


def accept(desk: Desk, asked: Asked) -> Response:
    """Accept the present issue of a document, if it is the one that the analyst saw."""
    row = _document(desk, asked)
    if asked.form.get("file_sha256", "") != row["file_sha256"]:
        raise PageError(409, "Пока вы смотрели, вышел новый выпуск документа. Посмотрите его и примите заново.")
    # Read once more: what is accepted stands whole, and is kept when a new issue takes its place.
    desk.shelf.document(row)
    desk.acceptances.accept(asked.viewer, row)
    return away(address("documents", row["school_year"], row["document_id"]))


def at_path(desk: Desk, asked: Asked) -> Response:
    """Lead from a link in Dagster, which knows paths, to the document's page; the path is only looked up."""
    row = desk.register.document_at(asked.viewer, asked.id("path"))
    if row is None:
        raise not_found()
    return away(address("documents", row["school_year"], row["document_id"]))


def _document(desk: Desk, asked: Asked) -> Row:
    row = desk.register.document(asked.viewer, asked.id("year"), asked.id("id"))
    if row is None:
        raise not_found()
    return row


def _filters(asked: Asked) -> Filters:
    return Filters(**{field.name: asked.query(field.name) for field in fields(Filters)})
