"""Documents of the annual cycle: one report asset for the kinds that are issued together (`catalogue.documents`).

tables of all stages → the assets that `catalogue/data/documents/*.yaml` names
"""

import json
from collections.abc import Sequence
from functools import partial

import dagster as dg
import pandas as pd

from assets.document_choice import EVERYTHING, Choice, DocumentsChoice, choice_of_run
from assets.document_issue import (
    NOT_CHOSEN,
    Issue,
    Issued,
    is_issued,
    issue_documents,
)
from assets.indicators import table_rows
from assets.inputs import YearSlices, frame_fingerprint
from assets.issue_metadata import issue_metadata, issue_version
from assets.partitions import SCHOOL_YEARS
from assets.pool_tasks import Draft, NoteBody
from assets.reporting import note_settings, renderer_version, stamp_of
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.bindings import asset_of_table
from oko_pipeline.catalogue.documents import PROFILES_RU, DocumentKind, document_assets, document_kinds
from oko_pipeline.catalogue.keys import previous_school_year
from oko_pipeline.catalogue.tables import DOCUMENTS, SLICES
from oko_pipeline.reporting.cycle_data import CycleData, IndexedFrame
from oko_pipeline.reporting.fingerprint import content_sha256, document_sha256
from oko_pipeline.reporting.kinds import BUILDERS, Content
from oko_pipeline.reporting.word.render import Stamp
from oko_pipeline.reporting.word.templates import template_texts_sha256
from resources.workplace import Workplace, WorkplaceResource

GROUP = "reporting"
_ALWAYS = ("schools", "municipalities")
"""Tables that every document reads: names of units."""


class ReadTables:
    """Rows of tables by year, read once for all kinds that are issued together: most of their tables are the same.

    Rows whose slices tell what they were made from are kept for the report assets that follow in the same run too.
    """

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._slices: dict[str, YearSlices] = {}
        self._known: dict[tuple[str, str], pd.DataFrame] = {}
        self._indexed: dict[tuple[str, tuple[str, ...]], IndexedFrame] = {}

    def slices(self, school_year: str) -> YearSlices:
        """Return what a year's tables were made from."""
        if school_year not in self._slices:
            self._slices[school_year] = YearSlices.read(self._workplace, school_year)
        return self._slices[school_year]

    def rows(self, school_year: str, name: str) -> pd.DataFrame:
        """Return a year's rows of a table of either store; none when the year has none."""
        known = self._known.get((school_year, name))
        if known is None:
            known = self._known[school_year, name] = table_rows(self._workplace, school_year, name)
        return known

    def indexed(self, years: Sequence[str], name: str) -> IndexedFrame:
        """Return the rows of a table of some years, with what finding them needs."""
        key = (name, tuple(years))
        if key not in self._indexed:
            self._indexed[key] = self._workplace.memory.kept(
                self._made_from(years, name), partial(self._read, years, name)
            )
        return self._indexed[key]

    def _made_from(self, years: Sequence[str], name: str) -> tuple[str, ...] | None:
        """Return what the rows of a table were made from; None where nothing tells."""
        slices = [self.slices(year) for year in years]
        if not all(name in one.inputs for one in slices):
            return None
        return (name, *years, *(one.fingerprint(name) for one in slices))

    def _read(self, years: Sequence[str], name: str) -> tuple[IndexedFrame, int]:
        parts = [self.rows(year, name) for year in years]
        filled = [part for part in parts if not part.empty]
        frame = pd.concat(filled, ignore_index=True) if len(filled) > 1 else (filled or parts)[0]
        return IndexedFrame(frame), frame.size


def write_documents(
    workplace: Workplace,
    school_year: str,
    kind: DocumentKind,
    tables: ReadTables | None = None,
    choice: Choice = EVERYTHING,
) -> Issued:
    """Write the documents of a kind whose content changed; `tables` holds what kinds before it have read."""
    if not choice.wants_kind(kind.kind):
        return NOT_CHOSEN
    tables = tables or ReadTables(workplace)
    years = _years(school_year, kind)
    renderer = renderer_version(workplace, kind.kind)
    inputs = ""
    if is_issued(workplace, kind.kind):
        inputs = combine(renderer, *(_inputs(workplace, year, kind, tables) for year in years))
    issue = Issue(school_year, kind.kind, None, inputs)
    draw_up = partial(_drafts, workplace, school_year, kind, (renderer, tables))
    return issue_documents(workplace, issue, draw_up, choice)


def cycle_data(
    workplace: Workplace, school_year: str, kind: DocumentKind, tables: ReadTables | None = None
) -> CycleData:
    """Return the rows that a kind of document is made of; `tables` holds what other kinds have read."""
    years = _years(school_year, kind)
    tables = tables or ReadTables(workplace)
    indexed = {name: tables.indexed(years, name) for name in (*_ALWAYS, *kind.tables)}
    frames = {name: one.frame for name, one in indexed.items()}
    if kind.names:
        frames[DOCUMENTS.name] = _named(workplace, school_year, kind)
    slices = workplace.database.read(SLICES, {"school_year": school_year}, ["table_name", "written_at"])
    latest = slices.groupby("table_name")["written_at"].max().astype("str")
    days = {str(name): str(day) for name, day in latest.items()}
    return CycleData(school_year, frames, note_settings(workplace), days, indexed)


def _years(school_year: str, kind: DocumentKind) -> list[str]:
    years = [school_year]
    for _ in range(kind.years_before):
        years.append(previous_school_year(years[-1]))
    return years


def _named(workplace: Workplace, school_year: str, kind: DocumentKind) -> pd.DataFrame:
    """Return the register's rows of the documents that a kind names."""
    return workplace.database.read(DOCUMENTS, {"school_year": school_year, "kind": list(kind.names)})


def _inputs(workplace: Workplace, school_year: str, kind: DocumentKind, tables: ReadTables) -> str:
    """Return a fingerprint of the tables: of what their slices were made from, of the rows where none are kept."""
    slices = tables.slices(school_year)
    named = [frame_fingerprint(_named(workplace, school_year, kind)[["document_id", "path"]])] if kind.names else []

    def of_table(name: str) -> str:
        if name in slices.inputs:
            return slices.fingerprint(name)
        return frame_fingerprint(tables.rows(school_year, name))

    return combine(*(of_table(name) for name in sorted({*_ALWAYS, *kind.tables})), *named)


def _drafts(workplace: Workplace, school_year: str, kind: DocumentKind, made_of: tuple[str, ReadTables]) -> list[Draft]:
    renderer, tables = made_of
    data = cycle_data(workplace, school_year, kind, tables)
    stamp = stamp_of(workplace)
    return [_draft(workplace, kind, data, content, (stamp, renderer)) for content in BUILDERS[kind.kind](data)]


def _draft(
    workplace: Workplace, kind: DocumentKind, data: CycleData, content: Content, made_by: tuple[Stamp, str]
) -> Draft:
    stamp, renderer = made_by
    texts = template_texts_sha256(kind.kind, workplace.settings.templates)
    parts = (content.unit_code, kind.title_ru, content.topic_ru and f"— {content.topic_ru}")
    name = " ".join(part for part in parts if part).replace("/", "-")
    return Draft(
        document_id=":".join(part for part in (kind.kind, content.topic, content.unit_code) if part),
        kind=kind.kind,
        campaign_code=None,
        unit_level=kind.unit_level,
        unit_code=content.unit_code,
        title_ru=": ".join(part for part in (kind.title_ru, content.topic_ru) if part),
        path=f"{data.school_year}/{kind.folder_ru}/{name}.docx",
        content_sha256=document_sha256(combine(texts, content_sha256(content.context)), renderer),
        inputs=json.dumps(sorted({figure["table"] for figure in content.context.get("figures", ())})),
        body=NoteBody(content.context, stamp, workplace.settings.templates),
        reports=workplace.reports_of(is_restricted=kind.is_restricted),
        topic=content.topic or None,
        profile=kind.profile,
        is_restricted=kind.is_restricted,
        has_data_pack=kind.has_data_pack,
    )


def _document_asset(name: str, kinds: Sequence[DocumentKind]) -> dg.AssetsDefinition:
    tables = {table for kind in kinds for table in (*_ALWAYS, *kind.tables)}
    named = {document_assets()[other] for kind in kinds for other in kind.names}
    titles = "\n\n".join(f"«{kind.title_ru}» ({PROFILES_RU[kind.profile]}). {kind.description_ru}" for kind in kinds)

    @dg.asset(
        name=name,
        group_name=GROUP,
        partitions_def=SCHOOL_YEARS,
        deps=sorted({asset_of_table(table) for table in tables} | named),
        description=titles,
        kinds={"word"},
    )
    def documents(
        context: dg.AssetExecutionContext, workplace: WorkplaceResource, documents_choice: DocumentsChoice
    ) -> dg.MaterializeResult:
        """One document a unit, of each kind."""
        office = workplace.open()
        year = context.partition_key
        choice = choice_of_run(context, office, documents_choice)
        read = ReadTables(office)
        issued = {kind.kind: write_documents(office, year, kind, read, choice) for kind in kinds}
        return dg.MaterializeResult(
            metadata=issue_metadata(office, year, issued), data_version=issue_version(office, year, list(issued))
        )

    return documents


def document_assets_made() -> list[dg.AssetsDefinition]:
    """Return the report assets of all kinds but those of campaigns, which `assets.reporting` issues."""
    by_asset: dict[str, list[DocumentKind]] = {}
    for kind in document_kinds().values():
        if not kind.is_campaign:
            by_asset.setdefault(kind.asset, []).append(kind)
    return [_document_asset(name, kinds) for name, kinds in sorted(by_asset.items())]
