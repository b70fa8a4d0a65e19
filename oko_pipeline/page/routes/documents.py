"""Documents: the list, one with its issues and changes, downloads, an archive of a set, acceptance."""

from dataclasses import fields

from starlette.responses import Response, StreamingResponse

from oko_pipeline.catalogue.documents import PROFILES_RU, document_kinds
from oko_pipeline.page.access import SIGNED_IN
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.register import MOST_IN_ARCHIVE, Filters, Row
from oko_pipeline.page.views import PageError, address, away, not_found, send, show


def listing(desk: Desk, asked: Asked) -> Response:
    """Show the documents that the viewer sees, narrowed by the chosen filters."""
    filters = _filters(asked)
    return show(
        desk,
        asked,
        "documents",
        filters=filters,
        found=desk.register.documents(asked.viewer, filters, asked.number()),
        facets=desk.register.facets(asked.viewer),
        kinds={code: kind.title_ru for code, kind in document_kinds().items()},
    )


def document(desk: Desk, asked: Asked) -> Response:
    """Show a document: state, issues, what changed in numbers, where it comes from."""
    row = _document(desk, asked)
    kind = document_kinds().get(row["kind"])
    is_of_school = row["unit_level"] == "school" and asked.viewer.role in SIGNED_IN
    school = desk.register.school(asked.viewer, row["school_year"], row["unit_code"]) if is_of_school else None
    return show(
        desk,
        asked,
        "document",
        row=row,
        kind=kind,
        profile_ru=PROFILES_RU.get(row["profile"], row["profile"]),
        issues=desk.register.issues(row),
        changes=desk.register.changes(row),
        school=school,
        asset=None if kind is None else kind.asset,
    )


def download(desk: Desk, asked: Asked) -> Response:
    """Send a document."""
    return send(desk.shelf.document(_document(desk, asked)))


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
    return StreamingResponse(desk.shelf.archive(rows), media_type="application/zip", headers=headers)


def accept(desk: Desk, asked: Asked) -> Response:
    """Accept the present issue of a document, if it is the one that the analyst saw."""
    row = _document(desk, asked)
    if asked.form.get("file_sha256", "") != row["file_sha256"]:
        raise PageError(409, "Пока вы смотрели, вышел новый выпуск документа. Посмотрите его и примите заново.")
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
