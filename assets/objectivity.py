"""Objectivity: independent signals, official signs and index, cards of schools, the control group and its re-check.

quality_results, school_groups → objectivity_signals → objectivity_signs → objectivity_cards → recheck_selection
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import dagster as dg
import pandas as pd

from assets.inputs import assessment_inputs, frame_fingerprint, record_slices, records, slice_fingerprint
from assets.metadata import markdown_table
from assets.objectivity_tasks import (
    CampaignTask,
    ScoreTask,
    SelectTask,
    YearTask,
    exams_by_school,
    measure_from_store,
    olympiads_by_school,
    score_from_store,
    select_into_store,
)
from assets.partitions import SCHOOL_YEARS
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.analysis.objectivity.cards import CardInputs, objectivity_cards
from oko_pipeline.analysis.objectivity.measures import RAW_COLUMNS, SOUND_SCALES, PeerGroups
from oko_pipeline.analysis.objectivity.official import SignInputs, objectivity_index, objectivity_signs
from oko_pipeline.analysis.objectivity.options import ObjectivityOptions, objectivity_options
from oko_pipeline.analysis.objectivity.other_procedures import exam_signals, olympiad_signals
from oko_pipeline.analysis.objectivity.recheck import select_schools
from oko_pipeline.analysis.objectivity.signals import YearSignals, judge_year
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.methods import method_versions
from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.catalogue.tables import ASSESSMENTS, SCHOOLS, TASKS
from oko_pipeline.catalogue.tables_objectivity import (
    OBJECTIVITY_CARDS,
    OBJECTIVITY_INDEX,
    OBJECTIVITY_MEASURES,
    OBJECTIVITY_SIGNALS,
    OBJECTIVITY_SIGNS,
    RECHECK_RESULTS,
    RECHECK_SELECTION,
    WHOLE_YEAR,
)
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP: Final = "analysis"
_SLICE: Final = "year"
_CODE: Final = (
    "oko_pipeline.analysis",
    "oko_pipeline.statistics",
    "oko_pipeline.works",
    "oko_pipeline.catalogue.codes",
)
_RISK_LISTS: Final = ("bias", "risk_low", "risk_medium", "risk")


@dataclass(frozen=True)
class ObjectivityYear:
    """What the tables of a year are made from, read when asked for; tables of other rooms only where they have rows."""

    workplace: Workplace
    school_year: str

    @cached_property
    def options(self) -> ObjectivityOptions:
        """Parameters of the methods, with the territory's own."""
        settings = self.workplace.settings
        return objectivity_options(settings.method_overrides, settings.tier_bounds)

    @cached_property
    def version(self) -> str:
        """Fingerprint of code, methods and parameters."""
        return combine(code_fingerprint(*_CODE), method_versions("objectivity"), repr(self.options))

    @cached_property
    def years(self) -> list[str]:
        """The year and those before it that cards and cohorts look back to, oldest first."""
        start = int(self.school_year[:4])
        back = max(2, self.options.evidence.years)
        return [f"{start - ago}-{start - ago + 1}" for ago in reversed(range(back))]

    def of_year(self, table: Table) -> pd.DataFrame:
        """Return the year's rows of a table."""
        return self.workplace.database.read(table, {"school_year": self.school_year})

    def of_years(self, table: Table, years: list[str]) -> pd.DataFrame:
        """Return rows of several years."""
        return self.workplace.database.read(table, {"school_year": years})

    def optional(self, name: str) -> pd.DataFrame:
        """Return the year's rows of a table of another room; no rows where there is no such table."""
        table = all_tables().get(name)
        return pd.DataFrame() if table is None else self.of_year(table)

    @cached_property
    def schools(self) -> pd.DataFrame:
        """Schools of the year."""
        return self.of_year(SCHOOLS)

    @cached_property
    def peers(self) -> PeerGroups:
        """Groups of comparable schools; without them correctional schools alone are set apart."""
        groups = self.optional("school_groups")
        if groups.empty:
            special = self.schools.loc[self.schools["school_kind"] == "correctional", "school_code"]
            return PeerGroups({}, frozenset(special))
        own = groups[groups["group_code"].notna()]
        excluded = groups.loc[groups["is_excluded"].astype(bool), "school_code"]
        return PeerGroups(dict(zip(own["school_code"], own["group_code"], strict=True)), frozenset(excluded))

    @cached_property
    def peers_fingerprint(self) -> str:
        """Fingerprint of the groups."""
        return combine(repr(sorted(self.peers.group_of.items())), repr(sorted(self.peers.excluded)))

    @cached_property
    def exams(self) -> pd.DataFrame:
        """Exams by school, from the restricted store."""
        return self._by_school(exams_by_school)

    @cached_property
    def olympiads(self) -> pd.DataFrame:
        """Olympiads by school, from the restricted store."""
        return self._by_school(olympiads_by_school)

    def _by_school(self, sum_up: Any) -> pd.DataFrame:
        task = YearTask(self.school_year, self.workplace.settings.restricted_folder)
        return next(iter(self.workplace.pool.map(sum_up, [task])))

    @cached_property
    def listed(self) -> dict[str, str]:
        """Schools that external lists name, with the lists in words."""
        lists = self.optional("external_lists")
        if lists.empty:
            return {}
        own = lists[lists["list_kind"].isin(_RISK_LISTS) & lists["school_code"].notna()]
        own = own[~own["is_excluded"].astype("boolean").fillna(value=False)]
        table = record_tables()["external_lists"]
        kinds, sources = table.column("list_kind").choices, table.column("source").choices
        texts: defaultdict[str, list[str]] = defaultdict(list)
        for row in records(own.sort_values(["school_code", "list_kind", "source"])):
            texts[str(row["school_code"])].append(f"{kinds[row['list_kind']]} ({sources.get(row['source'], '—')})")
        return {code: ", ".join(dict.fromkeys(found)) for code, found in texts.items()}

    @cached_property
    def replies(self) -> dict[str, str]:
        """Replies of schools to signs, in words."""
        rows = self.optional("sign_replies")
        if rows.empty:
            return {}
        table = record_tables()["sign_replies"]
        answers, reasons = table.column("answer").choices, table.column("explanation").choices
        texts: defaultdict[str, list[str]] = defaultdict(list)
        for row in records(rows[rows["school_code"].notna()].sort_values(["school_code", "sign_ref"])):
            reason = f", объяснение: {reasons[row['explanation']]}" if row["explanation"] in reasons else ""
            agreed = answers.get(row["answer"], "ответа нет")
            texts[str(row["school_code"])].append(f"{row['sign_ref']}: согласна — {agreed}{reason}")
        return {code: "; ".join(found) for code, found in texts.items()}

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not known of any school, in words."""
        known = {
            "нет результатов экзаменов по ОО": not self.exams.empty,
            "нет результатов олимпиад": not self.olympiads.empty,
            "нет внешних перечней": bool(self.listed),
            "нет групп сопоставимых ОО: сравнение со всеми": bool(self.peers.group_of),
        }
        return tuple(text for text, is_known in known.items() if not is_known)


def measure_year(year: ObjectivityYear) -> list[str]:
    """Measure the works that changed, judge the year's signals anew if anything did; return the measured works."""
    database, school_year = year.workplace.database, year.school_year
    inputs = assessment_inputs(year.workplace, school_year)
    assessments = {str(row["assessment_id"]): row for row in records(year.of_year(ASSESSMENTS))}
    groups: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    for key in sorted(inputs):
        groups[str(assessments[key]["campaign_code"]), int(assessments[key]["pupil_grade"])].append(key)
    wanted = {
        key: combine(year.version, year.peers_fingerprint, *(inputs[one] for one in keys))
        for keys in groups.values()
        for key in keys
    }
    known = database.slice_inputs(school_year, OBJECTIVITY_MEASURES.name)
    stale = [keys for keys in groups.values() if any(known.get(key) != wanted[key] for key in keys)]
    gone = sorted(set(known) - set(wanted))
    fingerprint = combine(
        *(part for key in sorted(wanted) for part in (key, wanted[key])),
        frame_fingerprint(year.exams.astype(str)),
        frame_fingerprint(year.olympiads.astype(str)),
        repr(sorted(year.listed.items())),
    )
    if (
        not stale
        and not gone
        and database.slice_inputs(school_year, OBJECTIVITY_SIGNALS.name).get(_SLICE) == fingerprint
    ):
        return []
    tasks = year.of_year(TASKS)
    jobs = [
        CampaignTask(
            school_year,
            tuple(assessments[key] for key in keys),
            tasks[tasks["assessment_id"].isin(keys)],
            year.peers,
            year.options.signals,
            year.workplace.settings.restricted_folder,
        )
        for keys in stale
    ]
    measured = list(year.workplace.pool.map(measure_from_store, jobs))
    made = [key for keys in stale for key in keys]
    measures = pd.concat([OBJECTIVITY_MEASURES.empty(), *(one.measures for one in measured)], ignore_index=True)
    kept = database.read(
        OBJECTIVITY_SIGNALS,
        {"school_year": school_year, "assessment_id": sorted(set(wanted) - set(made))},
        list(RAW_COLUMNS),
    )
    raw = [frame for frame in (kept, *(one.raw for one in measured)) if len(frame)]
    with database.transaction():
        if made:
            database.replace(OBJECTIVITY_MEASURES, measures, {"school_year": school_year, "assessment_id": made})
        if gone:
            database.delete(OBJECTIVITY_MEASURES, {"school_year": school_year, "assessment_id": gone})
        counts = measures["assessment_id"].value_counts()
        slices = {key: (wanted[key], int(counts.get(key, 0))) for key in made}
        record_slices(year.workplace, school_year, OBJECTIVITY_MEASURES.name, slices, removed=gone)
        signals = _judge(year, pd.concat(raw, ignore_index=True) if raw else kept, list(assessments.values()))
        _write(year, OBJECTIVITY_SIGNALS, signals, fingerprint)
    return made


def _judge(year: ObjectivityYear, raw: pd.DataFrame, assessments: list[dict[str, Any]]) -> pd.DataFrame:
    measures, of_year = year.of_year(OBJECTIVITY_MEASURES), year.of_year(ASSESSMENTS)
    options = year.options
    extra = [
        exam_signals(measures, of_year, year.exams, year.peers, options.signals),
        olympiad_signals(measures, of_year, year.olympiads, year.peers, options.signals),
    ]
    found = [frame for frame in extra if len(frame)]
    facts = YearSignals(
        year.school_year,
        sorted(set(measures["school_code"])),
        year.peers.excluded,
        any(row["scale_source"] in SOUND_SCALES for row in assessments),
        pd.concat(found, ignore_index=True) if found else extra[0],
        year.listed,
    )
    return judge_year(raw, facts, options)


def _write(year: ObjectivityYear, table: Table, frame: pd.DataFrame, fingerprint: str) -> None:
    with year.workplace.database.transaction():
        year.workplace.database.replace(table, frame, {"school_year": year.school_year})
        record_slices(year.workplace, year.school_year, table.name, {_SLICE: (fingerprint, len(frame))})


def make_signs(year: ObjectivityYear) -> bool:
    """Make `objectivity_signs` and `objectivity_index` unless nothing changed; tell whether they were made."""
    back = year.years[-2:]
    fingerprint = combine(
        year.version,
        *(slice_fingerprint(year.workplace, one, OBJECTIVITY_MEASURES.name) for one in back),
        frame_fingerprint(year.exams.astype(str)),
        frame_fingerprint(year.schools[["school_code", "region_code"]]),
    )
    if year.workplace.database.slice_inputs(year.school_year, OBJECTIVITY_SIGNS.name).get(_SLICE) == fingerprint:
        return False
    inputs = SignInputs(
        year.school_year,
        year.of_years(OBJECTIVITY_MEASURES, back),
        year.of_years(ASSESSMENTS, back),
        year.schools,
        year.exams,
    )
    signs = objectivity_signs(inputs, year.options)
    with year.workplace.database.transaction():
        _write(year, OBJECTIVITY_SIGNS, signs, fingerprint)
        _write(year, OBJECTIVITY_INDEX, objectivity_index(signs, year.schools), fingerprint)
    return True


def make_cards(year: ObjectivityYear) -> bool:
    """Make `objectivity_cards` unless nothing changed; tell whether they were made."""
    back = year.years[-year.options.evidence.years :]
    fingerprint = combine(
        year.version,
        year.peers_fingerprint,
        *(slice_fingerprint(year.workplace, one, OBJECTIVITY_SIGNALS.name) for one in back),
        slice_fingerprint(year.workplace, year.school_year, OBJECTIVITY_SIGNS.name),
        repr(sorted(year.replies.items())),
        repr(year.missing),
    )
    if year.workplace.database.slice_inputs(year.school_year, OBJECTIVITY_CARDS.name).get(_SLICE) == fingerprint:
        return False
    database = year.workplace.database
    counts = year.of_year(OBJECTIVITY_MEASURES).groupby("school_code")["participants_count"].sum()
    whole = database.read(OBJECTIVITY_SIGNALS, {"school_year": back, "assessment_id": WHOLE_YEAR})
    found = database.read(OBJECTIVITY_SIGNALS, {"school_year": back, "state": "signal"})
    inputs = CardInputs(
        year.school_year,
        year.of_year(OBJECTIVITY_SIGNS),
        pd.concat([whole, found[found["assessment_id"] != WHOLE_YEAR]], ignore_index=True),
        year.peers,
        {str(code): int(count) for code, count in counts.items()},
        year.replies,
        year.missing,
    )
    _write(year, OBJECTIVITY_CARDS, objectivity_cards(inputs, year.options), fingerprint)
    return True


def make_recheck(year: ObjectivityYear) -> bool:
    """Draw the control group unless its inputs are those of last time, score what came back; tell whether it was drawn.

    Works are drawn from the papers of the pupils' own grade that the method names.
    """
    workplace, restricted = year.workplace, year.workplace.settings.restricted_folder
    assessments = year.of_year(ASSESSMENTS)
    chosen = _papers_to_recheck(year, assessments)
    inputs = assessment_inputs(workplace, year.school_year)
    fingerprint = combine(
        year.version,
        slice_fingerprint(workplace, year.school_year, OBJECTIVITY_CARDS.name),
        *(inputs[key] for key in chosen),
        frame_fingerprint(year.schools[["school_code", "municipality_code"]]),
    )
    is_new = workplace.database.slice_inputs(year.school_year, RECHECK_SELECTION.name).get(_SLICE) != fingerprint
    if is_new:
        places = dict(zip(year.schools["school_code"], year.schools["municipality_code"], strict=True))
        strata = select_schools(year.of_year(OBJECTIVITY_CARDS), places, year.options.recheck)
        task = SelectTask(year.school_year, tuple(chosen), tuple(strata), year.options.recheck, restricted)
        _write(year, RECHECK_SELECTION, next(iter(workplace.pool.map(select_into_store, [task]))), fingerprint)
    scoring = ScoreTask(year.school_year, year.of_year(RECHECK_SELECTION), assessments, year.options, restricted)
    results = next(iter(workplace.pool.map(score_from_store, [scoring])))
    results_fingerprint = combine(year.version, frame_fingerprint(results.astype(str)))
    if workplace.database.slice_inputs(year.school_year, RECHECK_RESULTS.name).get(_SLICE) != results_fingerprint:
        _write(year, RECHECK_RESULTS, results, results_fingerprint)
    return is_new


def _papers_to_recheck(year: ObjectivityYear, assessments: pd.DataFrame) -> list[str]:
    own = assessments[assessments["pupil_grade"] == assessments["paper_grade"]]
    keys = [AssessmentKey.parse(str(one)) for one in sorted(own["assessment_id"])]
    return [str(key) for key in keys if (key.paper_grade, key.subject_code) in year.options.recheck.papers]


def _counts(frame: pd.DataFrame, columns: Mapping[str, str]) -> dg.MetadataValue:
    """Return counts of rows by some columns: no school is shown, so none is put above another."""
    counted = frame.groupby(list(columns), dropna=False).size().rename("строк").reset_index()
    return dg.MetadataValue.md(markdown_table(counted.rename(columns=dict(columns)), 60))


def _result(
    year: ObjectivityYear, table: Table, shown: pd.DataFrame, columns: Mapping[str, str], **more: object
) -> dg.MaterializeResult:
    rows = sum(year.workplace.database.slice_rows(year.school_year, table.name).values())
    metadata: dict[str, Any] = {"dagster/row_count": rows, **more, "сводка": _counts(shown, columns)}
    fingerprint = slice_fingerprint(year.workplace, year.school_year, table.name)
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(fingerprint))


@dg.asset(
    name="objectivity_signals",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=["quality_results", "school_groups"],
    description=(
        "Независимые сигналы объективности по работам и за год: границы отметок, журнал, задания, разброс, участие, "
        "другие процедуры, внешние перечни — относительно сопоставимых ОО, с контролем ложных открытий."
    ),
    kinds={"table"},
)
def objectivity_signals(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: a work (or the whole year) × school × signal."""
    year = ObjectivityYear(workplace.open(), context.partition_key)
    made = measure_year(year)
    whole = year.workplace.database.read(
        OBJECTIVITY_SIGNALS, {"school_year": year.school_year, "assessment_id": WHOLE_YEAR}, ["signal_code", "state"]
    )
    columns = {"signal_code": "сигнал", "state": "состояние"}
    return _result(year, OBJECTIVITY_SIGNALS, whole, columns, **{"измерено заново работ": len(made)})


@dg.asset(
    name="objectivity_signs",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=["objectivity_signals"],
    description="Официальные признаки необъективности (14 признаков ФИОКО) и индекс региона.",
    kinds={"table"},
)
def objectivity_signs_asset(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: a school × sign."""
    year = ObjectivityYear(workplace.open(), context.partition_key)
    is_new = make_signs(year)
    signs = year.of_year(OBJECTIVITY_SIGNS)
    columns = {"sign_number": "№", "sign_title_ru": "признак", "state": "состояние"}
    index = year.of_year(OBJECTIVITY_INDEX)[["unit_code", "rule", "schools_count", "marked_count", "index_value"]]
    shown = dg.MetadataValue.md(markdown_table(index))
    return _result(year, OBJECTIVITY_SIGNS, signs, columns, **{"посчитано заново": is_new, "индекс": shown})


@dg.asset(
    name="objectivity_cards",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=["objectivity_signs", "objectivity_signals", "records_external_lists", "records_objectivity"],
    description=(
        "Карточки объективности ОО: уровень доказательности за 1–3 года, сравнение с сопоставимыми ОО, что неизвестно, "
        "ответ ОО. Повод для дополнительного анализа, не доказательство."
    ),
    kinds={"table"},
)
def objectivity_cards_asset(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: a school; in the order of codes."""
    year = ObjectivityYear(workplace.open(), context.partition_key)
    is_new = make_cards(year)
    cards = year.of_year(OBJECTIVITY_CARDS)
    columns = {"evidence_level": "уровень доказательности"}
    return _result(year, OBJECTIVITY_CARDS, cards, columns, **{"посчитано заново": is_new})


@dg.asset(
    name="recheck_selection",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=["objectivity_cards"],
    description=(
        "Контрольная группа и работы для перепроверки: отбор по зерну, часть по сигналам, часть случайно; итоги "
        "перепроверки. Работы названы кодами и строками протокола, без имён."
    ),
    kinds={"table"},
)
def recheck_selection_asset(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: a work × class."""
    year = ObjectivityYear(workplace.open(), context.partition_key)
    is_new = make_recheck(year)
    selection = year.of_year(RECHECK_SELECTION)
    columns = {"assessment_id": "работа", "basis": "основание"}
    return _result(year, RECHECK_SELECTION, selection, columns, **{"отобрано заново": is_new})
