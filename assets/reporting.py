"""Reporting: documents of the annual cycle, written only when their content changed.

result tables → municipality_notes, school_notes;  quality_findings → annotated_workbooks
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import partial

import dagster as dg
import pandas as pd

from assets.analysis import TABLES_MADE
from assets.document_choice import EVERYTHING, Choice, DocumentsChoice, choice_of_run
from assets.document_issue import Issue, Issued, issue_documents
from assets.inputs import EVERY_YEAR, active_files, frame_fingerprint
from assets.issue_metadata import issue_metadata, issue_version
from assets.partitions import SCHOOL_YEARS
from assets.pool_tasks import AnnotationBody, Draft, NoteBody
from assets.validation import quality_findings
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.campaigns import campaign, campaigns
from oko_pipeline.catalogue.columns import UNIT_LEVELS
from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.methods import parameters
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.catalogue.tables import (
    ASSESSMENTS,
    COVERAGE,
    FILES,
    MUNICIPALITIES,
    PUBLISHED_RESULTS,
    QUALITY_FINDINGS,
    RESULT_SUMMARY,
    SCHOOLS,
    SCORE_DISTRIBUTION,
    SKILL_RESULTS,
    TASK_RESULTS,
    TASKS,
)
from oko_pipeline.reporting.document_settings import DocumentSettings
from oko_pipeline.reporting.fingerprint import content_sha256, document_sha256
from oko_pipeline.reporting.previews import marks_preview
from oko_pipeline.reporting.vpr.contexts import municipality_note, school_note
from oko_pipeline.reporting.vpr.note_data import NoteData, count_findings
from oko_pipeline.reporting.word.render import Stamp
from oko_pipeline.reporting.word.templates import template_texts_sha256
from oko_pipeline.versions import code_fingerprint, code_version
from resources.workplace import Workplace, WorkplaceResource

GROUP = "reporting"
ANNOTATED_WORKBOOK = "annotated_workbook"


@dataclass(frozen=True, slots=True)
class NoteKind:
    """A kind of note: for which units it is made and where it is kept."""

    kind: str
    unit_level: str
    folder_ru: str
    title_ru: str


SCHOOL_NOTE = NoteKind("school_note", "school", "ОО", "Справка по результатам ВПР")
MUNICIPALITY_NOTE = NoteKind(
    "municipality_note", "municipality", "Муниципалитеты", "Аналитическая справка по результатам ВПР"
)
_CONTEXTS = {"school_note": school_note, "municipality_note": municipality_note}


def note_settings(workplace: Workplace) -> DocumentSettings:
    """Return the settings that notes depend on."""
    own = workplace.settings
    return DocumentSettings(
        own.territory_ru, own.authority_ru, own.hide_below, own.public_hide_below, own.tier_bounds,
        own.base_green_percent, own.base_red_percent, own.high_green_percent, own.high_red_percent,
    )  # fmt: skip


def note_data(workplace: Workplace, school_year: str, campaign_code: str) -> NoteData:
    """Return the frames of one campaign."""
    database = workplace.database
    where = {"school_year": school_year}
    assessments = database.read(ASSESSMENTS, where)
    assessments = assessments[assessments["campaign_code"] == campaign_code]
    ids = assessments["assessment_id"].tolist()
    own = where | {"assessment_id": ids}
    # Notes speak of classes by their summary alone; rows of classes are most of the task and skill tables.
    above_class = own | {"unit_level": [level for level in UNIT_LEVELS if level != "class"]}
    findings = database.read(QUALITY_FINDINGS, {"school_year": [school_year, EVERY_YEAR]})
    files = database.read(FILES, where)
    return NoteData(
        school_year,
        campaign_code,
        schools=database.read(SCHOOLS, where),
        municipalities=database.read(MUNICIPALITIES, where),
        assessments=assessments,
        tasks=database.read(TASKS, own),
        result_summary=database.read(RESULT_SUMMARY, own),
        score_distribution=database.read(SCORE_DISTRIBUTION, own),
        task_results=database.read(TASK_RESULTS, above_class),
        skill_results=database.read(SKILL_RESULTS, above_class),
        published_results=database.read(PUBLISHED_RESULTS, own),
        coverage=database.read(COVERAGE, own),
        files=files[(files["status"] == "accepted") & files["assessment_id"].isin(ids)],
        quality_counts=count_findings(findings[findings["assessment_id"].isin(ids)]),
        settings=note_settings(workplace),
    )


def note_units(data: NoteData, kind: NoteKind) -> list[str]:
    """Return the codes of the units that took part in the campaign, in code order."""
    summary = data.result_summary
    codes = summary.loc[summary["unit_level"] == kind.unit_level, "unit_code"]
    return sorted(codes.unique())


def write_notes(workplace: Workplace, school_year: str, kind: NoteKind, choice: Choice = EVERYTHING) -> Issued:
    """Write the notes of a kind whose content changed, campaign by campaign."""
    renderer = renderer_version(workplace, kind.kind)
    written: list[str] = []
    unchanged = 0
    for campaign_code, own in campaigns().items():
        if own.school_year != school_year or not choice.wants_kind(kind.kind):
            continue
        made_from = _campaign_inputs(workplace, school_year, campaign_code)
        issue = Issue(school_year, kind.kind, campaign_code, combine(renderer, made_from))
        draw_up = partial(_note_drafts, workplace, issue, kind, (renderer, made_from))
        issued = issue_documents(workplace, issue, draw_up, choice)
        written += issued.written
        unchanged += issued.unchanged_count
    return Issued(tuple(written), unchanged)


def stamp_of(workplace: Workplace) -> Stamp:
    """Return what documents that are written now say of themselves."""
    days = _answer_working_days(workplace)
    return Stamp(workplace.clock.now(), code_version(), answer_working_days=days)


def _answer_working_days(workplace: Workplace) -> int:
    return int(parameters("documents.answer", workplace.settings.method_overrides)["working_days"])


def renderer_version(workplace: Workplace, kind: str) -> str:
    """Return a fingerprint of all but the data that makes a document of a kind: code, template, settings."""
    folder = workplace.settings.templates
    own = None if folder is None else folder / f"{kind}.docx"
    return combine(
        code_fingerprint("oko_pipeline.reporting", "oko_pipeline.catalogue", "report_templates"),
        repr(note_settings(workplace)),
        str(_answer_working_days(workplace)),
        hashlib.sha256(own.read_bytes()).hexdigest() if own is not None and own.is_file() else "",
    )


def _campaign_inputs(workplace: Workplace, school_year: str, campaign_code: str) -> str:
    """Return a fingerprint of the data that notes of a campaign are made from."""
    database = workplace.database
    where = {"school_year": school_year}
    slices = [
        f"{table.name}:{key}:{inputs}"
        for table in TABLES_MADE
        for key, inputs in sorted(database.slice_inputs(school_year, table.name).items())
        if key.startswith(f"{campaign_code}:")
    ]
    ids = sorted({part.split(":", 1)[1].rsplit(":", 1)[0] for part in slices})
    own = where | {"assessment_id": ids}
    findings = database.read(QUALITY_FINDINGS, {"school_year": [school_year, EVERY_YEAR], "assessment_id": ids})
    return combine(
        *slices,
        *(frame_fingerprint(database.read(table, where)) for table in (SCHOOLS, MUNICIPALITIES)),
        *(frame_fingerprint(database.read(table, own)) for table in (COVERAGE, PUBLISHED_RESULTS)),
        frame_fingerprint(count_findings(findings)),
    )


def _note_drafts(workplace: Workplace, issue: Issue, kind: NoteKind, made_of: tuple[str, str]) -> list[Draft]:
    renderer, made_from = made_of
    campaign_code = str(issue.campaign_code)

    def read() -> tuple[NoteData, int]:
        data = note_data(workplace, issue.school_year, campaign_code)
        return data, data.task_results.size + data.skill_results.size + data.result_summary.size

    # The notes of municipalities and of schools say the same rows.
    data = workplace.memory.kept((issue.school_year, campaign_code, made_from), read)
    stamp = stamp_of(workplace)
    return [_note_draft(workplace, data, kind, unit_code, (stamp, renderer)) for unit_code in note_units(data, kind)]


def _note_draft(
    workplace: Workplace, data: NoteData, kind: NoteKind, unit_code: str, made_by: tuple[Stamp, str]
) -> Draft:
    stamp, renderer = made_by
    context = _CONTEXTS[kind.kind](data, unit_code)
    texts = template_texts_sha256(kind.kind, workplace.settings.templates)
    return Draft(
        document_id=f"{kind.kind}:{data.campaign_code}:{unit_code}",
        kind=kind.kind,
        campaign_code=data.campaign_code,
        unit_level=kind.unit_level,
        unit_code=unit_code,
        title_ru=kind.title_ru,
        path=f"{data.school_year}/{data.campaign_code}/{kind.folder_ru}/{unit_code} {kind.title_ru}.docx",
        content_sha256=document_sha256(combine(texts, content_sha256(context)), renderer),
        inputs=json.dumps(context.get("sources"), ensure_ascii=False),
        body=NoteBody(context, stamp, workplace.settings.templates),
        reports=workplace.reports,
        profile=document_kinds()[kind.kind].profile,
        has_data_pack=True,
    )


@dg.asset(
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[table.name for table in TABLES_MADE],
    description=(
        "Аналитические справки муниципалитетов по результатам ВПР, по одной на кампанию (DOCX). "
        "ОО и классы не ранжируются: порядок — по коду и названию."
    ),
    kinds={"word"},
)
def municipality_notes(
    context: dg.AssetExecutionContext, workplace: WorkplaceResource, documents_choice: DocumentsChoice
) -> dg.MaterializeResult:
    """One document a municipality and campaign."""
    office = workplace.open()
    year = context.partition_key
    issued = write_notes(office, year, MUNICIPALITY_NOTE, choice_of_run(context, office, documents_choice))
    metadata = issue_metadata(office, year, {MUNICIPALITY_NOTE.kind: issued})
    if issued.written:
        where = {"school_year": year, "unit_level": "all", "subgroup": "all"}
        image = base64.b64encode(marks_preview(office.database.read(RESULT_SUMMARY, where))).decode()
        metadata["отметки года"] = dg.MetadataValue.md(f"![Отметки по работам](data:image/png;base64,{image})")
    return dg.MaterializeResult(metadata=metadata, data_version=issue_version(office, year, [MUNICIPALITY_NOTE.kind]))


@dg.asset(
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[table.name for table in TABLES_MADE],
    description="Справки ОО по результатам ВПР, по одной на кампанию (DOCX). Пишутся только изменившиеся.",
    kinds={"word"},
    # Who sent a file waits for this document: of the steps that could begin it is the first.
    op_tags={"dagster/priority": "1"},
)
def school_notes(
    context: dg.AssetExecutionContext, workplace: WorkplaceResource, documents_choice: DocumentsChoice
) -> dg.MaterializeResult:
    """One document a school and campaign."""
    office = workplace.open()
    year = context.partition_key
    issued = write_notes(office, year, SCHOOL_NOTE, choice_of_run(context, office, documents_choice))
    return dg.MaterializeResult(
        metadata=issue_metadata(office, year, {SCHOOL_NOTE.kind: issued}),
        data_version=issue_version(office, year, [SCHOOL_NOTE.kind]),
    )


def write_annotated_workbooks(workplace: Workplace, school_year: str, choice: Choice = EVERYTHING) -> Issued:
    """Write, for each file and school with faults in cells, a copy of the school's rows with the cells marked.

    Notes are left out: they ask a school for nothing. A school gets its own rows only, from the restricted store.
    """
    findings = workplace.database.read(QUALITY_FINDINGS, {"school_year": school_year, "severity": ["error", "warning"]})
    findings = findings[findings["cell"].notna() & findings["school_code"].notna() & findings["file_path"].notna()]
    # They hold rows of pupils: they stand in the restricted store.
    inputs = combine("restricted", code_fingerprint("oko_pipeline.validation"), frame_fingerprint(findings))
    issue = Issue(school_year, ANNOTATED_WORKBOOK, None, inputs)
    return issue_documents(workplace, issue, partial(_annotation_drafts, workplace, school_year, findings), choice)


def _annotation_drafts(workplace: Workplace, school_year: str, findings: pd.DataFrame) -> list[Draft]:
    files = active_files(workplace.database.read(FILES, {"school_year": school_year}))
    current = dict(zip(files["file_sha256"], files["path"], strict=True))
    drafts: list[Draft] = []
    for (sha, school_code), group in findings.groupby(["file_sha256", "school_code"]):
        path = current.get(str(sha))
        if path is None:
            continue
        name = _file_title(group["assessment_id"].dropna(), path).replace("/", "-")
        drafts.append(
            Draft(
                document_id=f"{ANNOTATED_WORKBOOK}:{sha}:{school_code}",
                kind=ANNOTATED_WORKBOOK,
                campaign_code=None,
                unit_level="school",
                unit_code=str(school_code),
                title_ru="Замечания к файлу",
                path=f"{school_year}/Замечания/{school_code}/{name} ({str(sha)[:8]}).xlsx",
                content_sha256=combine(str(sha), frame_fingerprint(group)),
                inputs=json.dumps([path, sha], ensure_ascii=False),
                body=AnnotationBody(workplace.inbox, path, group, str(school_code)),
                reports=workplace.restricted_reports,
                profile="school",
                is_restricted=True,
            )
        )
    return drafts


def _file_title(assessment_ids: pd.Series, path: str) -> str:
    """Return a name that a school understands: the work if the file is of one, else the file's own name."""
    if len(set(assessment_ids)) != 1:
        return path.replace("!", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    key = AssessmentKey.parse(assessment_ids.iloc[0])
    return f"{subjects()[key.subject_code].name_ru}, {key.paper_grade} класс, {campaign(key.campaign_code).short_ru}"


@dg.asset(
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[quality_findings],
    description=(
        "Книги с замечаниями для ОО: строки этой ОО из присланного файла, ошибочные ячейки отмечены и объяснены. "
        "Выпускаются и тогда, когда год заблокирован."
    ),
    kinds={"excel"},
)
def annotated_workbooks(
    context: dg.AssetExecutionContext, workplace: WorkplaceResource, documents_choice: DocumentsChoice
) -> dg.MaterializeResult:
    """One workbook a file and school."""
    office = workplace.open()
    year = context.partition_key
    issued = write_annotated_workbooks(office, year, choice_of_run(context, office, documents_choice))
    return dg.MaterializeResult(
        metadata=issue_metadata(office, year, {ANNOTATED_WORKBOOK: issued}),
        data_version=issue_version(office, year, [ANNOTATED_WORKBOOK]),
    )
