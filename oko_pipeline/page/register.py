"""What the page reads of the pipeline's database: documents, their issues and changes, schools, checks, advice.

Every query carries the condition of `page.access`; a thing that a viewer may not see is not found.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

import sqlalchemy as sa

from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.catalogue.programmes import programmes
from oko_pipeline.page.acceptances import AcceptanceBook
from oko_pipeline.page.access import (
    accepted_condition,
    among,
    documents_condition,
    own_condition,
    recommendations_condition,
    schools_condition,
)
from oko_pipeline.page.fetches import DocumentKey, Present
from oko_pipeline.page.remembered import Remembered, Stamp
from oko_pipeline.page.sessions import Viewer
from oko_pipeline.storage.database import Database
from oko_pipeline.storage.schema import build_metadata

PER_PAGE: Final = 100
MOST_IN_ARCHIVE: Final = 2000
_MOST_DOCUMENTS: Final = 4000
_LISTED: Final = (
    "school_year", "document_id", "kind", "campaign_code", "topic", "unit_level", "unit_code", "title_ru", "path",
    "pack_path", "issue_number", "rendered_at", "file_sha256", "context_sha256",
)  # fmt: skip
_MOST_FINDINGS: Final = 300
_OWN_PROGRAMME: Final = "modern"
Row = Mapping[Any, Any]
"""A row by names of columns; the keys of the database library's rows have a type of their own."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of documents is narrowed to; empty means any."""

    year: str = ""
    programme: str = ""
    kind: str = ""
    municipality: str = ""
    school: str = ""
    state: str = ""

    def chosen(self) -> dict[str, str]:
        """Return the filters that are set, as an address carries them."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list: its rows and how many there are in all."""

    rows: Sequence[Row]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """Return how many pages there are."""
        return max(1, -(-self.total // PER_PAGE))


@dataclass(frozen=True, slots=True)
class Facets:
    """What a viewer may choose from: code and name."""

    years: Sequence[str]
    kinds: Sequence[tuple[str, str]]
    programmes: Sequence[tuple[str, str]]
    municipalities: Sequence[tuple[str, str]]
    schools: Sequence[tuple[str, str]]


class Register:
    """Reads the database for viewers."""

    def __init__(self, database: Database, acceptances: AcceptanceBook, stamp: Stamp) -> None:
        self._database = database
        self._acceptances = acceptances
        self._tables = build_metadata().tables
        self._documents: Remembered[Row | None] = Remembered(stamp, _MOST_DOCUMENTS)
        self._counts: Remembered[list[tuple[str, int]]] = Remembered(stamp, 2000)
        self._facets: Remembered[Facets] = Remembered(stamp, 500)
        self._present: Remembered[dict[DocumentKey, Present]] = Remembered(stamp, 1)
        self._unit_names: Remembered[dict[tuple[str, str, str], str]] = Remembered(stamp, 1)

    def documents(self, viewer: Viewer, filters: Filters, number: int) -> Listing:
        """Return a page of the documents that a viewer sees: the newest year first, by kind and unit within it."""
        condition = self._chosen(viewer, filters)
        key = (viewer.role, viewer.unit_code, filters, self._acceptances.version())
        counts = self._counts.value(key, lambda: self._read_counts(condition))
        documents = self._tables["documents"]
        rows: list[Any] = []
        skipped = (number - 1) * PER_PAGE
        # Year by year in the order of the key: the database reads a page of rows and sorts nothing.
        with self._database.engine.connect() as connection:
            for school_year, count in counts:
                if skipped < count and len(rows) < PER_PAGE:
                    query = (
                        sa.select(*(documents.c[name] for name in _LISTED))
                        .where(documents.c.school_year == school_year, condition)
                        .order_by(documents.c.document_id)
                        .limit(PER_PAGE - len(rows))
                        .offset(skipped)
                    )
                    rows += connection.execute(query).mappings().all()
                skipped = max(0, skipped - count)
        total = sum(count for _, count in counts)
        names = self.unit_names() if rows else {}
        named = (
            {**row, "unit_name": names.get((row["unit_level"], row["school_year"], row["unit_code"]), "")}
            for row in rows
        )
        return Listing([self._with_state(row) for row in named], total, number)

    def _read_counts(self, condition: sa.ColumnElement[bool]) -> list[tuple[str, int]]:
        """Return how many documents of each year meet a condition, the newest year first."""
        documents = self._tables["documents"]
        query = (
            sa.select(documents.c.school_year, sa.func.count())
            .where(condition)
            .group_by(documents.c.school_year)
            .order_by(documents.c.school_year.desc())
        )
        with self._database.engine.connect() as connection:
            return [(year, count) for year, count in connection.execute(query)]

    def unit_names(self) -> Mapping[tuple[str, str, str], str]:
        """Return the names of schools and municipalities by level, year and code."""
        return self._unit_names.value("", self._read_unit_names)

    def _read_unit_names(self) -> dict[tuple[str, str, str], str]:
        """Return the names of all schools and municipalities by level, year and code: joins cost a list more."""
        schools, places = self._tables["schools"], self._tables["municipalities"]
        queries = {
            "school": sa.select(schools.c.school_year, schools.c.school_code, schools.c.school_name),
            "municipality": sa.select(places.c.school_year, places.c.municipality_code, places.c.municipality_name),
        }
        with self._database.engine.connect() as connection:
            return {
                (level, year, code): name
                for level, query in queries.items()
                for year, code, name in connection.execute(query)
            }

    def documents_of_set(self, viewer: Viewer, filters: Filters) -> Sequence[Row]:
        """Return the documents of a set for an archive, without those that hold codes of people."""
        documents = self._tables["documents"]
        condition = self._chosen(viewer, filters) & ~documents.c.is_restricted
        with self._database.engine.connect() as connection:
            return connection.execute(self._named(condition).limit(MOST_IN_ARCHIVE + 1)).mappings().all()

    def document(self, viewer: Viewer, school_year: str, document_id: str) -> Row | None:
        """Return a document when the viewer sees it; `is_own`: by the role, not only because it is published."""
        key = (viewer.role, viewer.unit_code, school_year, document_id, self._acceptances.version())
        return self._documents.value(key, lambda: self._read_document(viewer, school_year, document_id))

    def _read_document(self, viewer: Viewer, school_year: str, document_id: str) -> Row | None:
        documents = self._tables["documents"]
        condition = sa.and_(
            documents.c.school_year == school_year,
            documents.c.document_id == document_id,
            documents_condition(viewer, self._acceptances.accepted()),
        )
        is_own = sa.case((own_condition(viewer), 1), else_=0).label("is_own")
        row = self._first(self._named(condition).add_columns(is_own))
        return None if row is None else self._with_state(row)

    def document_at(self, viewer: Viewer, path: str) -> Row | None:
        """Return the document whose registered path is `path`: for links from Dagster. No file is touched."""
        documents = self._tables["documents"]
        condition = sa.or_(documents.c.path == path, documents.c.pack_path == path)
        return self._first(self._named(condition & documents_condition(viewer, self._acceptances.accepted())))

    def issues(self, document: Row) -> list[Row]:
        """Return the issues of a document that its viewer may know, the newest first, each with its state.

        Whoever sees a document only because it is published knows its accepted issues alone.
        """
        issues = self._tables["document_issues"]
        query = sa.select(issues).where(*_same_document(issues, document)).order_by(issues.c.issue_number.desc())
        accepted = self._acceptances.of_document(document["school_year"], document["document_id"])
        with self._database.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        told: list[Row] = []
        replaced_by = None
        for row in rows:
            accepted_at = accepted.at(row)
            if document["is_own"] or accepted_at:
                told.append(
                    {
                        **row,
                        "is_current": row["issue_number"] == document["issue_number"],
                        "replaced_by": replaced_by,
                        "accepted_at": accepted_at,
                    }
                )
            replaced_by = row["issue_number"]
        return told

    def issue_at(self, school_year: str, document_id: str, moment: str) -> Row | None:
        """Return the issue that stood at a moment; None when the document was not issued yet."""
        issues = self._tables["document_issues"]
        return self._first(
            sa.select(issues)
            .where(
                issues.c.school_year == school_year,
                issues.c.document_id == document_id,
                issues.c.rendered_at <= moment,
            )
            .order_by(issues.c.issue_number.desc())
        )

    def changes(self, document: Row) -> Sequence[Row]:
        """Return what the present issue changed in numbers."""
        return self.differences(document, document["issue_number"] - 1, document["issue_number"])[:_MOST_FINDINGS]

    def differences(self, document: Row, earlier: int, later: int) -> list[Row]:
        """Return the numbers in which two issues of a document differ, in the order of their changes."""
        changes = self._tables["document_changes"]
        query = (
            sa.select(changes)
            .where(
                *_same_document(changes, document),
                changes.c.issue_number > earlier,
                changes.c.issue_number <= later,
            )
            .order_by(changes.c.issue_number, changes.c.change_number)
        )
        with self._database.engine.connect() as connection:
            return composed(connection.execute(query).mappings().all())

    def present(self) -> Mapping[DocumentKey, Present]:
        """Return the present issues of all documents."""
        return self._present.value("", self._read_present)

    def _read_present(self) -> dict[DocumentKey, Present]:
        documents = self._tables["documents"]
        query = sa.select(
            documents.c.school_year, documents.c.document_id, documents.c.issue_number, documents.c.file_sha256
        )
        with self._database.engine.connect() as connection:
            return {(year, name): Present(number, sha) for year, name, number, sha in connection.execute(query)}

    def forget(self) -> None:
        """Forget what is remembered of the database."""
        for remembered in (self._documents, self._counts, self._facets, self._present, self._unit_names):
            remembered.forget()

    def documents_among(self, viewer: Viewer, keys: Collection[DocumentKey]) -> dict[DocumentKey, Row]:
        """Return those of some documents that a viewer sees, by key."""
        documents = self._tables["documents"]
        condition = documents_condition(viewer, self._acceptances.accepted())
        condition &= among(documents.c.document_id, {document_id for _, document_id in keys})
        with self._database.engine.connect() as connection:
            rows = connection.execute(self._named(condition)).mappings().all()
        found = {(row["school_year"], row["document_id"]): self._with_state(row) for row in rows}
        return {key: row for key, row in found.items() if key in keys}

    def facets(self, viewer: Viewer) -> Facets:
        """Return what a viewer may choose from."""
        key = (viewer.role.value, viewer.unit_code, self._acceptances.version())
        return self._facets.value(key, lambda: self._made_facets(viewer))

    def _made_facets(self, viewer: Viewer) -> Facets:
        documents = self._tables["documents"]
        condition = documents_condition(viewer, self._acceptances.accepted())
        years = sa.select(documents.c.school_year).where(condition).distinct()
        kinds = sa.select(documents.c.kind).where(condition).distinct()
        with self._database.engine.connect() as connection:
            found_years = sorted(connection.execute(years).scalars(), reverse=True)
            found_kinds = set(connection.execute(kinds).scalars())
        titles = [(code, kind.title_ru) for code, kind in document_kinds().items() if code in found_kinds]
        return Facets(
            found_years,
            sorted(titles, key=lambda one: one[1]),
            sorted((code, book.head.title_ru) for code, book in programmes().items()),
            self._places(viewer),
            self.school_names(viewer),
        )

    def _places(self, viewer: Viewer) -> list[tuple[str, str]]:
        schools, places = self._tables["schools"], self._tables["municipalities"]
        query = (
            sa.select(places.c.municipality_code, sa.func.max(places.c.municipality_name))
            .join(schools, schools.c.municipality_code == places.c.municipality_code)
            .where(schools_condition(viewer))
            .group_by(places.c.municipality_code)
            .order_by(places.c.municipality_code)
        )
        with self._database.engine.connect() as connection:
            return [(code, name) for code, name in connection.execute(query)]

    def school_names(self, viewer: Viewer) -> list[tuple[str, str]]:
        """Return the schools whose data a viewer sees, by code, with their latest names."""
        schools = self._tables["schools"]
        query = (
            sa.select(schools.c.school_code, sa.func.max(schools.c.school_name))
            .where(schools_condition(viewer))
            .group_by(schools.c.school_code)
            .order_by(schools.c.school_code)
        )
        with self._database.engine.connect() as connection:
            return [(code, name) for code, name in connection.execute(query)]

    def years_of_schools(self, viewer: Viewer) -> list[str]:
        """Return the years of which schools are known, the newest first."""
        schools = self._tables["schools"]
        query = sa.select(schools.c.school_year).where(schools_condition(viewer)).distinct()
        with self._database.engine.connect() as connection:
            return sorted(connection.execute(query).scalars(), reverse=True)

    def schools(self, viewer: Viewer, school_year: str) -> Sequence[Row]:
        """Return the schools of a year by code, each with how many sources are accepted, late or returned."""
        schools, sources = self._tables["schools"], self._tables["source_completeness"]
        counts = [
            sa.func.sum(sa.case((sources.c.state == state, 1), else_=0)).label(state)
            for state in ("accepted", "returned", "late")
        ]
        query = (
            sa.select(schools.c.school_code, schools.c.school_name, schools.c.municipality_code, *counts)
            .join(
                sources,
                sa.and_(
                    sources.c.school_year == schools.c.school_year,
                    sources.c.unit_level == "school",
                    sources.c.unit_code == schools.c.school_code,
                ),
                isouter=True,
            )
            .where(schools.c.school_year == school_year, schools_condition(viewer))
            .group_by(schools.c.school_code, schools.c.school_name, schools.c.municipality_code)
            .order_by(schools.c.school_code)
        )
        with self._database.engine.connect() as connection:
            return connection.execute(query).mappings().all()

    def school(self, viewer: Viewer, school_year: str, school_code: str) -> Row | None:
        """Return a school when the viewer sees its data."""
        schools, places = self._tables["schools"], self._tables["municipalities"]
        query = (
            sa.select(schools, places.c.municipality_name)
            .join(
                places,
                sa.and_(
                    places.c.school_year == schools.c.school_year,
                    places.c.municipality_code == schools.c.municipality_code,
                ),
                isouter=True,
            )
            .where(
                schools.c.school_year == school_year, schools.c.school_code == school_code, schools_condition(viewer)
            )
        )
        return self._first(query)

    def completeness(self, school: Row) -> Sequence[Row]:
        """Return the state of every source of a school, what is missing first."""
        sources = self._tables["source_completeness"]
        order = sa.case({"late": 0, "returned": 1, "expected": 2, "received": 3, "accepted": 4}, value=sources.c.state)
        query = (
            sa.select(sources)
            .where(
                sources.c.school_year == school["school_year"],
                sources.c.unit_level == "school",
                sources.c.unit_code == school["school_code"],
                sources.c.state != "not_applicable",
            )
            .order_by(order, sources.c.kind, sources.c.source_code)
        )
        with self._database.engine.connect() as connection:
            return connection.execute(query).mappings().all()

    def findings(self, school: Row) -> Sequence[Row]:
        """Return the findings about a school's data, errors first, without values of cells: they may be personal."""
        findings = self._tables["quality_findings"]
        order = sa.case({"error": 0, "warning": 1}, value=findings.c.severity, else_=2)
        names = ("severity", "rule_id", "file_path", "sheet", "cell", "message", "mend", "assessment_id")
        query = (
            sa.select(*(findings.c[name] for name in names))
            .where(findings.c.school_year == school["school_year"], findings.c.school_code == school["school_code"])
            .order_by(order, findings.c.rule_id, findings.c.finding_id)
            .limit(_MOST_FINDINGS)
        )
        with self._database.engine.connect() as connection:
            return connection.execute(query).mappings().all()

    def results(self, school: Row) -> Sequence[Row]:
        """Return the shares of marks of a school, all participants of a work, in the order of works."""
        summary = self._tables["result_summary"]
        marks = [summary.c[f"mark_{mark}_share"] for mark in (2, 3, 4, 5)]
        query = (
            sa.select(summary.c.assessment_id, summary.c.marked_count, *marks)
            .where(
                summary.c.school_year == school["school_year"],
                summary.c.unit_level == "school",
                summary.c.unit_code == school["school_code"],
                summary.c.subgroup == "all",
                summary.c.mark_2_share.is_not(None),
            )
            .order_by(summary.c.assessment_id)
            .limit(60)
        )
        with self._database.engine.connect() as connection:
            return connection.execute(query).mappings().all()

    def checks(self, school_year: str) -> Sequence[Row]:
        """Return the last check of every table of a year, failed ones first: a run checks only what it made anew."""
        checks = self._tables["quality_results"]
        of_year = checks.c.school_year == school_year
        last = (
            sa.select(checks.c.table_name, sa.func.max(checks.c.checked_at).label("at"))
            .where(of_year)
            .group_by(checks.c.table_name)
            .subquery()
        )
        is_last = sa.and_(last.c.table_name == checks.c.table_name, last.c.at == checks.c.checked_at)
        query = (
            sa.select(checks)
            .join(last, is_last)
            .where(of_year)
            .order_by(checks.c.is_passed, checks.c.severity, checks.c.table_name, checks.c.suite, checks.c.expectation)
        )
        with self._database.engine.connect() as connection:
            return connection.execute(query).mappings().all()

    def check_years(self) -> list[str]:
        """Return the years of which checks are known, the newest first."""
        checks = self._tables["quality_results"]
        with self._database.engine.connect() as connection:
            return sorted(connection.execute(sa.select(checks.c.school_year).distinct()).scalars(), reverse=True)

    def recommendations(self, viewer: Viewer, school_year: str, state: str, unit: str, number: int) -> Listing:
        """Return a page of a year's recommendations, by unit and number; those held back are left out."""
        advice = self._tables["recommendations"]
        condition = sa.and_(
            advice.c.school_year == school_year, ~advice.c.is_held_back, recommendations_condition(viewer)
        )
        if state:
            condition &= advice.c.state == state
        if unit:
            condition &= advice.c.unit_code == unit
        query = (
            sa.select(advice)
            .where(condition)
            .order_by(advice.c.unit_level, advice.c.unit_code, advice.c.recommendation_id)
            .limit(PER_PAGE)
            .offset((number - 1) * PER_PAGE)
        )
        with self._database.engine.connect() as connection:
            total = connection.execute(sa.select(sa.func.count()).select_from(advice).where(condition)).scalar_one()
            return Listing(connection.execute(query).mappings().all() if total else [], total, number)

    def recommendation(self, viewer: Viewer, school_year: str, recommendation_id: str) -> Row | None:
        """Return a recommendation when the viewer sees it."""
        advice = self._tables["recommendations"]
        return self._first(
            sa.select(advice).where(
                advice.c.school_year == school_year,
                advice.c.recommendation_id == recommendation_id,
                recommendations_condition(viewer),
            )
        )

    def words(self, school_year: str, recommendation_id: str) -> Sequence[Row]:
        """Return what people have said of a recommendation, the newest first."""
        words = self._tables["recommendation_words"]
        query = (
            sa.select(words)
            .where(words.c.school_year == school_year, words.c.recommendation_id == recommendation_id)
            .order_by(words.c.recorded_at.desc(), words.c.word_id)
        )
        with self._database.engine.connect() as connection:
            return connection.execute(query).mappings().all()

    def advice_years(self, viewer: Viewer) -> list[str]:
        """Return the years that have recommendations for a viewer, the newest first."""
        advice = self._tables["recommendations"]
        query = sa.select(advice.c.school_year).where(recommendations_condition(viewer)).distinct()
        with self._database.engine.connect() as connection:
            return sorted(connection.execute(query).scalars(), reverse=True)

    def schools_of(self, municipality_code: str) -> frozenset[str]:
        """Return the codes of a municipality's schools in all years."""
        schools = self._tables["schools"]
        query = sa.select(schools.c.school_code).where(schools.c.municipality_code == municipality_code)
        with self._database.engine.connect() as connection:
            return frozenset(connection.execute(query).scalars())

    def _chosen(self, viewer: Viewer, filters: Filters) -> sa.ColumnElement[bool]:
        documents, schools = self._tables["documents"], self._tables["schools"]
        accepted = self._acceptances.accepted()
        conditions = [documents_condition(viewer, accepted)]
        if filters.year:
            conditions.append(documents.c.school_year == filters.year)
        if filters.kind:
            conditions.append(documents.c.kind == filters.kind)
        if filters.programme:
            conditions.append(documents.c.kind.in_(kinds_of(filters.programme)))
        if filters.school:
            conditions.append(documents.c.unit_code == filters.school)
        if filters.municipality:
            own = sa.select(schools.c.school_code).where(schools.c.municipality_code == filters.municipality)
            conditions.append(sa.or_(documents.c.unit_code == filters.municipality, documents.c.unit_code.in_(own)))
        if filters.state == "accepted":
            conditions.append(accepted_condition(accepted))
        elif filters.state == "draft":
            conditions.append(~accepted_condition(accepted))
        return sa.and_(*conditions)

    def _named(self, condition: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """Return the query of documents with names of their units, in the order in which they are listed."""
        documents, schools, places = (self._tables[name] for name in ("documents", "schools", "municipalities"))
        unit_name = sa.func.coalesce(schools.c.school_name, places.c.municipality_name, "")
        return (
            sa.select(documents, unit_name.label("unit_name"))
            .join(
                schools,
                sa.and_(
                    documents.c.unit_level == "school",
                    schools.c.school_year == documents.c.school_year,
                    schools.c.school_code == documents.c.unit_code,
                ),
                isouter=True,
            )
            .join(
                places,
                sa.and_(
                    documents.c.unit_level == "municipality",
                    places.c.school_year == documents.c.school_year,
                    places.c.municipality_code == documents.c.unit_code,
                ),
                isouter=True,
            )
            .where(condition)
            .order_by(documents.c.school_year.desc(), documents.c.document_id)
        )

    def _with_state(self, row: Row) -> dict[Any, Any]:
        accepted = self._acceptances.of_document(row["school_year"], row["document_id"])
        state = "accepted" if accepted.at(row) else "superseded" if accepted else "draft"
        return {**row, "state": state}

    def _first(self, query: sa.Select[Any]) -> Row | None:
        with self._database.engine.connect() as connection:
            return connection.execute(query.limit(1)).mappings().one_or_none()


def kinds_of(programme: str) -> list[str]:
    """Return the kinds of documents that serve duties of a programme; the project's own one is served by all."""
    if programme == _OWN_PROGRAMME:
        return list(document_kinds())
    return [
        code
        for code, kind in document_kinds().items()
        if any(fnmatchcase(programme, duty.partition(":")[0]) for duty in kind.duties)
    ]


def composed(changes: Sequence[Row]) -> list[Row]:
    """Return changes of consecutive issues as those between the first and the last: what came back is left out."""
    found: dict[tuple[Any, ...], dict[Any, Any]] = {}
    met: Counter[tuple[Any, ...]] = Counter()
    for row in changes:
        name = (row["table_name"], row["column_name"], row["place"])
        # Numbers of one place that are told apart by their order alone are followed by that order.
        met[row["issue_number"], *name] += 1
        key = (*name, met[row["issue_number"], *name])
        found[key] = {**row, "was": found[key]["was"]} if key in found else dict(row)
    return [row for row in found.values() if row["was"] != row["became"]]


def _same_document(table: sa.Table, document: Row) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        table.c.school_year == document["school_year"],
        table.c.document_id == document["document_id"],
    )
