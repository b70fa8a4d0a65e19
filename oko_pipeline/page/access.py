"""Which documents, schools and recommendations a role sees: conditions of the queries, so that no list can forget them.

The published set is open to every role: documents for all whose present issue an analyst has accepted. Documents with
codes of people (the restricted store, workbooks with rows of pupils) are for analysts and for the school itself.
"""

import json
from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from oko_pipeline.page.acceptances import Accepted
from oko_pipeline.page.accounts import Role
from oko_pipeline.page.sessions import Viewer
from oko_pipeline.reporting.fingerprint import CONTENT_SIGNS
from oko_pipeline.storage.schema import build_metadata

EVERYBODY: Final = frozenset(Role)
SIGNED_IN: Final = frozenset({Role.ENGINEER, Role.ANALYST, Role.MUNICIPALITY, Role.SCHOOL})
TERRITORY: Final = frozenset({Role.ENGINEER, Role.ANALYST})
KEEPERS: Final = frozenset({Role.ENGINEER, Role.ANALYST, Role.MUNICIPALITY})
"""Who is told which accounts have fetched which issue."""
ANALYSTS: Final = frozenset({Role.ANALYST})
ENGINEERS: Final = frozenset({Role.ENGINEER})
ADVISED: Final = frozenset({Role.ANALYST, Role.MUNICIPALITY, Role.SCHOOL})
KINDS_WITH_ROWS: Final = ("annotated_workbook",)
"""Kinds that hold rows of pupils as the file had them, though they stand beside the other documents."""


def documents_condition(viewer: Viewer, accepted: Accepted) -> sa.ColumnElement[bool]:
    """Return the condition on `documents` for what a viewer sees.

    Args:
        viewer: who asks.
        accepted: what analysts have accepted.
    """
    documents = build_metadata().tables["documents"]
    is_public = sa.and_(documents.c.profile == "public", ~_is_about_people(documents.c))
    published = sa.and_(is_public, accepted_condition(accepted))
    return sa.or_(own_condition(viewer), published)


def accepted_condition(accepted: Accepted) -> sa.ColumnElement[bool]:
    """Return the condition on `documents` for those whose present issue was accepted."""
    documents = build_metadata().tables["documents"]
    said = sa.func.substr(documents.c.context_sha256, 1, CONTENT_SIGNS)
    content = documents.c.school_year + " " + documents.c.document_id + " " + said
    return sa.or_(among(documents.c.file_sha256, accepted.files), among(content, accepted.contents))


def own_condition(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Return the condition on `documents` for those that a viewer sees by the role, accepted or not."""
    documents = build_metadata().tables["documents"]
    return _own(viewer, documents.c, _is_about_people(documents.c))


def _is_about_people(documents: Any) -> Any:
    return documents.is_restricted | documents.kind.in_(KINDS_WITH_ROWS)


class _TextsOf(FunctionElement[str]):
    """The texts of a JSON list as rows: one parameter, however many they are (databases bound their number)."""

    inherit_cache = True
    type = sa.Text()


@compiles(_TextsOf, "sqlite")
def _texts_of_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses, **kw)}))"  # noqa: S608 (parameters)


@compiles(_TextsOf, "postgresql")
def _texts_of_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(SELECT jsonb_array_elements_text(CAST({compiler.process(element.clauses, **kw)} AS jsonb)))"


def among(column: sa.ColumnElement[str], values: Collection[str]) -> sa.ColumnElement[bool]:
    """Return the condition that a column's value is one of any number of values."""
    return column.bool_op("IN")(_TextsOf(sa.literal(json.dumps(sorted(values)), sa.Text)))


def _own(viewer: Viewer, documents: Any, is_about_people: Any) -> sa.ColumnElement[bool]:
    match viewer.role:
        case Role.ANALYST:
            return sa.true()
        case Role.ENGINEER:
            return ~is_about_people
        case Role.MUNICIPALITY:
            unit = sa.tuple_(documents.school_year, documents.unit_code)
            of_school = unit.in_(_schools_of(viewer.unit_code))
            return sa.and_(
                ~is_about_people,
                sa.or_(
                    sa.and_(documents.unit_level == "municipality", documents.unit_code == viewer.unit_code),
                    sa.and_(documents.unit_level == "school", of_school),
                ),
            )
        case Role.SCHOOL:
            return sa.and_(
                documents.unit_level == "school",
                documents.unit_code == viewer.unit_code,
                documents.profile.in_(("school", "public")),
            )
        case _:
            return sa.false()


def schools_condition(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Return the condition on `schools` for whose data a viewer sees."""
    schools = build_metadata().tables["schools"]
    match viewer.role:
        case Role.ANALYST | Role.ENGINEER:
            return sa.true()
        case Role.MUNICIPALITY:
            return schools.c.municipality_code == viewer.unit_code
        case Role.SCHOOL:
            return schools.c.school_code == viewer.unit_code
        case _:
            return sa.false()


def recommendations_condition(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Return the condition on `recommendations` for which a viewer sees."""
    advice = build_metadata().tables["recommendations"]
    match viewer.role:
        case Role.ANALYST:
            return sa.true()
        case Role.MUNICIPALITY:
            return sa.or_(
                sa.and_(advice.c.unit_level == "municipality", advice.c.unit_code == viewer.unit_code),
                sa.and_(
                    advice.c.unit_level == "school",
                    sa.tuple_(advice.c.school_year, advice.c.unit_code).in_(_schools_of(viewer.unit_code)),
                ),
            )
        case Role.SCHOOL:
            return sa.and_(advice.c.unit_level == "school", advice.c.unit_code == viewer.unit_code)
        case _:
            return sa.false()


def _schools_of(municipality_code: str) -> Any:
    """Return the query of years and codes of a municipality's schools; the database runs it once, not once a row."""
    schools = build_metadata().tables["schools"]
    return sa.select(schools.c.school_year, schools.c.school_code).where(
        schools.c.municipality_code == municipality_code
    )
