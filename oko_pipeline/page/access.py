"""Which documents, schools and recommendations a role sees: conditions of the queries, so that no list can forget them.

The published set is open to every role: documents for all whose present issue an analyst has accepted. Documents with
codes of people (the restricted store, workbooks with rows of pupils) are for analysts and for the school itself.
"""

from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa

from oko_pipeline.page.accounts import Role
from oko_pipeline.page.sessions import Viewer
from oko_pipeline.storage.schema import build_metadata

EVERYBODY: Final = frozenset(Role)
SIGNED_IN: Final = frozenset({Role.ENGINEER, Role.ANALYST, Role.MUNICIPALITY, Role.SCHOOL})
TERRITORY: Final = frozenset({Role.ENGINEER, Role.ANALYST})
ANALYSTS: Final = frozenset({Role.ANALYST})
ENGINEERS: Final = frozenset({Role.ENGINEER})
ADVISED: Final = frozenset({Role.ANALYST, Role.MUNICIPALITY, Role.SCHOOL})
KINDS_WITH_ROWS: Final = ("annotated_workbook",)
"""Kinds that hold rows of pupils as the file had them, though they stand beside the other documents."""


def documents_condition(viewer: Viewer, accepted: Collection[str]) -> sa.ColumnElement[bool]:
    """Return the condition on `documents` for what a viewer sees.

    Args:
        viewer: who asks.
        accepted: SHA-256 of the files that analysts have accepted.
    """
    documents = build_metadata().tables["documents"]
    is_about_people = documents.c.is_restricted | documents.c.kind.in_(KINDS_WITH_ROWS)
    published = sa.and_(
        documents.c.profile == "public", ~is_about_people, documents.c.file_sha256.in_(sorted(accepted))
    )
    return sa.or_(_own(viewer, documents.c, is_about_people), published)


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
