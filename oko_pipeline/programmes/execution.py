"""Execution of programmes: the state of every duty for every unit it concerns, reminders, two levels side by side.

A duty that people keep (kind «register») is done when registers confirm it; any other is served when what serves it is
there for the unit and its data came. Dated evidence that names the duty's id outweighs everything found by rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.bindings import Binding, Target, bind
from oko_pipeline.catalogue.methods import method, parameters
from oko_pipeline.catalogue.programmes import Choice, Duty
from oko_pipeline.catalogue.records import record_forms, record_tables
from oko_pipeline.catalogue.sources import source_kinds
from oko_pipeline.catalogue.tables_programmes import ROADMAP_EXECUTION, ROADMAP_LEVELS, ROADMAP_REMINDERS
from oko_pipeline.catalogue.terms import Calendar, Due, due_in
from oko_pipeline.programmes.evidence import Confirmation, EvidenceBook, dates_of, first_text
from oko_pipeline.programmes.units import MUNICIPALITY, SCHOOL, Flags, Texts, Units

EXECUTION: Final = "programmes.execution"
REMINDERS: Final = "programmes.reminders"
_PLAN: Final = "roadmap_plan"
_DOCUMENTS: Final = "evidence_documents"
_FULFILLED: Final = ("served", "done")
_RECEIVED: Final = frozenset({"received", "returned", "accepted"})
_TEXTS: Final = (
    "due_on", "served_by", "served_on", "served_from", "missing", "evidence_ref", "evidence_link", "reason",
)  # fmt: skip
_STAGE_WORDS: Final = ("vpr_period", "olympiad", "holidays", "cycle_start", "cycle_middle", "cycle_end")


@dataclass(frozen=True, slots=True)
class ExecutionOptions:
    """What execution is judged by: the year, today, dates of terms that have none, days before which to remind."""

    school_year: str
    today: date
    calendar: Calendar
    reminder_days: int

    @classmethod
    def of_year(cls, school_year: str, today: date, overrides: Mapping[str, Any]) -> "ExecutionOptions":
        """Take the parameters of the methods, replaced by a territory's own."""
        known = parameters(EXECUTION, overrides)
        stages = {name.removeprefix("stage_"): str(value) for name, value in known.items() if name.startswith("stage_")}
        words = {name: str(known[name]) for name in _STAGE_WORDS}
        return cls(school_year, today, Calendar(stages, words), int(parameters(REMINDERS, overrides)["days_before"]))


@dataclass(frozen=True, slots=True)
class Received:
    """Kinds of data that came from a unit or its schools, and those not applicable to it: flags of all units."""

    came: Mapping[str, Flags]
    strange: Mapping[str, Flags]


@dataclass(frozen=True, slots=True)
class _Judged:
    """What was found about one duty, for all units."""

    state: Texts
    served_by: Texts
    served_on: Texts
    served_from: Texts
    missing: Texts
    evidence: Confirmation
    reason: Texts


def received_kinds(completeness: pd.DataFrame, units: Units) -> Received:
    """Return which kinds of data came from which units (`source_completeness`: kind, unit_level, unit_code, state)."""
    came: dict[str, Flags] = {}
    strange: dict[str, Flags] = {}
    for kind, rows in completeness.groupby("kind"):
        flags, foreign = np.zeros(len(units), dtype=np.bool_), np.zeros(len(units), dtype=np.bool_)
        for level, own in rows.groupby("unit_level"):
            places = units.place(str(level), own["unit_code"])
            held = places[(places >= 0) & own["state"].isin(_RECEIVED).to_numpy()]
            flags[held] = True
            above = units.parents[held]
            flags[above[above >= 0]] = True
            foreign[places[(places >= 0) & (own["state"] == "not_applicable").to_numpy()]] = True
        came[str(kind)], strange[str(kind)] = flags, foreign & ~flags
    return Received(came, strange)


def execution(
    choices: Sequence[Choice], book: EvidenceBook, received: Received, options: ExecutionOptions
) -> pd.DataFrame:
    """Return `roadmap_execution`: a row for each duty of the chosen programmes and each unit that it concerns."""
    named = {str(duty_id): rows for duty_id, rows in _named_rows(book).groupby("duty_id")}
    parts = [
        _rows_of(duty, choice, book, received, options, named.get(duty.duty_id))
        for choice in choices
        for duty in choice.book.duties
    ]
    if not parts:
        return ROADMAP_EXECUTION.empty()
    # One frame of whole columns: a frame a duty would cost more than all the judging.
    frame = pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    frame[list(_TEXTS)] = frame[list(_TEXTS)].where(frame[list(_TEXTS)] != "", None)
    versioned = frame.assign(
        school_year=options.school_year, method_id=EXECUTION, method_version=method(EXECUTION).version
    )
    return ROADMAP_EXECUTION.conform(versioned.sort_values(["duty_id", "unit_level", "unit_code"], ignore_index=True))


def _rows_of(
    duty: Duty,
    choice: Choice,
    book: EvidenceBook,
    received: Received,
    options: ExecutionOptions,
    named: pd.DataFrame | None,
) -> dict[str, np.ndarray]:
    """Return the columns of a duty's rows; an empty text stands for none."""
    units = book.units
    concerned = np.isin(units.levels, duty.unit_levels)
    due = due_in(duty.term, duty.stage, choice.cycle, options.school_year, options.calendar)
    judged = _judge(duty, book, received)
    state, reason = _timed(duty, due, judged, options)
    evidence = judged.evidence
    if named is not None:
        state, reason, evidence = _as_people_say(state, reason, evidence, named)
    if due.reason_ru is not None:
        untouched = np.isin(state, ["overdue", "not_due"])
        state, reason = np.where(untouched, "not_applicable", state), np.where(untouched, due.reason_ru, reason)
    shown = _nearest(due, options.today)
    is_done = evidence.counts > 0
    same = {
        "programme": duty.programme,
        "duty_id": duty.duty_id,
        "section": duty.section,
        "direction": duty.direction,
        "stage": duty.stage,
        "kind": duty.kind,
        "due_on": "" if shown is None else shown.isoformat(),
    }
    own = {
        "unit_level": units.levels,
        "unit_code": units.codes,
        "state": state,
        "served_by": np.where((judged.served_by == "") & is_done, evidence.refs, judged.served_by),
        "served_on": np.where(is_done, evidence.days, judged.served_on),
        "served_from": judged.served_from,
        "missing": np.where(np.isin(state, ["not_applicable", "done"]), "", judged.missing),
        "evidence_count": evidence.counts,
        "evidence_ref": evidence.refs,
        "evidence_link": evidence.links,
        "reason": reason,
    }
    size = int(concerned.sum())
    columns = {name: np.full(size, value, dtype=object) for name, value in same.items()}
    return columns | {name: np.asarray(values)[concerned] for name, values in own.items()}


def _judge(duty: Duty, book: EvidenceBook, received: Received) -> _Judged:
    size = len(book.units)
    bindings = [binding for binding in bind(duty) if binding.needs]
    is_people = duty.kind == "register"
    evidence = Confirmation.nothing(size)
    there = np.zeros((len(bindings), size), dtype=np.bool_)
    served_by, served_on = np.full(size, "", dtype=object), np.full(size, "", dtype=object)
    for place, binding in enumerate(bindings):
        # What people keep is done when they have noted it: what the program makes beside it (a recommendation, a link)
        # serves them and does not do it for them.
        is_noted = is_people and any(map(_is_kept, binding.targets))
        for target in binding.targets:
            if is_noted and not _is_kept(target):
                continue
            found = book.of_people(target) if is_people and _is_kept(target) else book.of_anything(target)
            has = found.counts > 0
            if not is_people:
                has = has & _came(binding, received, size)
            elif _is_kept(target):
                evidence = evidence.joined(found)
            there[place] |= has
            if not (is_people and _is_kept(target)):
                served_by = np.where(has & (served_by == ""), target.address, served_by)
                is_later = has & (found.days.astype(str) > served_on.astype(str))
                served_on = np.where(is_later, found.days, served_on)
    state = _state_of(there, is_people=is_people)
    served_from, missing = _sources(duty, received, there, bindings, is_people=is_people)
    strange = np.array([received.strange.get(need, np.zeros(size, dtype=np.bool_)) for need in duty.needs])
    is_foreign = strange.all(axis=0) & ~there.any(axis=0)
    reason = np.full(size, "", dtype=object)
    state = np.where(is_foreign, "not_applicable", state)
    reason = np.where(is_foreign, "в ОО нет этого уровня образования или процедуры", reason)
    return _Judged(state, served_by.astype(object), served_on.astype(object), served_from, missing, evidence, reason)


def _state_of(there: np.ndarray, *, is_people: bool) -> Texts:
    done = "done" if is_people else "served"
    whole, some = there.all(axis=0), there.any(axis=0)
    return np.where(whole, done, np.where(some, "partly", "not_due")).astype(object)


def _came(binding: Binding, received: Received, size: int) -> Flags:
    came = np.zeros(size, dtype=np.bool_)
    for need in binding.needs:
        came |= received.came.get(need, np.zeros(size, dtype=np.bool_))
    return came


def _sources(
    duty: Duty, received: Received, there: np.ndarray, bindings: Sequence[Binding], *, is_people: bool
) -> tuple[Texts, Texts]:
    """Return, for each unit, the kinds of data that are there and those that are not, in words."""
    size = there.shape[1]
    flags: list[Flags] = []
    for need in duty.needs:
        at = [place for place, binding in enumerate(bindings) if need in binding.needs]
        own = there[at].any(axis=0) if at else np.zeros(size, dtype=np.bool_)
        came = received.came.get(need, np.zeros(size, dtype=np.bool_))
        flags.append(np.asarray(own if is_people else own & came, dtype=np.bool_))
    titles = [source_kinds()[need].title_ru for need in duty.needs]
    masks = sum((flag.astype(np.int64) << place for place, flag in enumerate(flags)), np.zeros(size, dtype=np.int64))
    known, places = np.unique(masks, return_inverse=True)
    has = ["; ".join(t for place, t in enumerate(titles) if mask >> place & 1) for mask in known.tolist()]
    has_not = ["; ".join(t for place, t in enumerate(titles) if not mask >> place & 1) for mask in known.tolist()]
    return np.array(has, dtype=object)[places], np.array(has_not, dtype=object)[places]


def _timed(duty: Duty, due: Due, judged: _Judged, options: ExecutionOptions) -> tuple[Texts, Texts]:
    """Tell what is late: nothing done after the last passed day, or fewer records than terms that passed."""
    passed = sum(day < options.today for day in due.days)
    state, reason = judged.state, judged.reason
    if passed and duty.term.is_forced:
        state = np.where(state == "not_due", "overdue", state)
        if len(due.days) > 1 and duty.kind == "register":
            is_short = (state == "done") & (judged.evidence.counts < passed)
            state = np.where(is_short, "partly", state)
            reason = np.where(is_short, f"сроков прошло {passed}, записей меньше", reason)
    elif not duty.term.is_forced:
        reason = np.where(state == "not_due", "по необходимости: повода могло не быть", reason)
    return state, reason


def _nearest(due: Due, today: date) -> date | None:
    coming = [day for day in due.days if day >= today]
    return coming[0] if coming else (due.days[-1] if due.days else None)


def _named_rows(book: EvidenceBook) -> pd.DataFrame:
    """Return rows of the plan and of documents that name a duty: duty_id, place, status, day, ref, link, reason."""
    parts: list[pd.DataFrame] = []
    for name in (_PLAN, _DOCUMENTS):
        rows = book.registers.get(name)
        if rows is None or rows.empty:
            continue
        rows = rows[rows["duty_id"].notna()]
        schools = book.units.place(SCHOOL, rows["school_code"])
        owners = book.units.place(MUNICIPALITY, rows["municipality_code"])
        number = rows["row_number" if name == _PLAN else "document_number"].astype("str").fillna("—")
        told = pd.DataFrame(
            {
                "duty_id": rows["duty_id"].astype("str").str.strip(),
                "place": np.where(schools >= 0, schools, owners),
                "status": rows["status"].astype("str") if name == _PLAN else "done",
                "day": first_text(rows, dates_of(rows)),
                "ref": f"{record_tables()[name].title_ru}, № " + number,
                "link": first_text(rows, ("evidence_link", "document_link")),
                "reason": rows["reason"].astype("str").fillna("") if name == _PLAN else "",
            }
        )
        parts.append(told[told["place"] >= 0])
    columns = ["duty_id", "place", "status", "day", "ref", "link", "reason"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _as_people_say(
    state: Texts, reason: Texts, evidence: Confirmation, named: pd.DataFrame
) -> tuple[Texts, Texts, Confirmation]:
    """Let rows that name the duty outweigh what was found by rules: done, partly, not applicable with a reason."""
    state, reason = state.copy(), reason.copy()
    found = Confirmation.nothing(len(state))
    for row in named.sort_values("day").itertuples():
        place, status = int(str(row.place)), str(row.status)
        if status == "not_applicable":
            state[place], reason[place] = "not_applicable", str(row.reason) or "так отмечено в плане"
        elif status in {"done", "partly", "running"}:
            is_done = status == "done" and state[place] != "served"
            state[place] = "done" if is_done else ("partly" if state[place] not in _FULFILLED else state[place])
            found.counts[place] += 1
            found.days[place], found.refs[place], found.links[place] = str(row.day), str(row.ref), str(row.link)
    return state, reason, evidence.joined(found)


def _is_kept(target: Target) -> bool:
    """Tell whether people keep what a target names."""
    return target.kind == "table" and target.name in record_tables()


def levels_side_by_side(
    executed: pd.DataFrame, choices: Sequence[Choice], units: Units, school_year: str
) -> pd.DataFrame:
    """Return `roadmap_levels`: each duty's state at a municipality and, beside it, the counts of its schools."""
    if executed.empty:
        return ROADMAP_LEVELS.empty()
    above = {
        code: units.codes[parent]
        for code, parent, level in zip(units.codes, units.parents, units.levels, strict=True)
        if level == SCHOOL and parent >= 0
    }
    own = executed[executed["unit_level"] == MUNICIPALITY]
    schools = executed[executed["unit_level"] == SCHOOL]
    schools = schools.assign(municipality_code=schools["unit_code"].map(above)).dropna(subset=["municipality_code"])
    counts = _state_counts(schools)
    municipal = own.rename(
        columns={"unit_code": "municipality_code", "state": "municipal_state", "served_on": "municipal_on"}
    )
    keys = ["programme", "duty_id", "municipality_code"]
    frame = municipal[[*keys, "municipal_state", "municipal_on"]].merge(
        counts, on=keys, how="outer", validate="one_to_one"
    )
    counted = [name for name in ROADMAP_LEVELS.column_names if name.endswith("_count")]
    frame[counted] = frame[counted].fillna(0).astype("int64")
    duties = {duty.duty_id: duty for choice in choices for duty in choice.book.duties}
    cycles = {choice.book.head.code: choice.cycle for choice in choices}
    terms = {one: duty.term.words_ru(cycles[duty.programme], school_year) for one, duty in duties.items()}
    frame = frame.assign(
        school_year=school_year,
        title=frame["duty_id"].map({one: duty.title_ru for one, duty in duties.items()}),
        term=frame["duty_id"].map(terms),
        responsible=frame["duty_id"].map({one: roles_ru(duty) for one, duty in duties.items()}),
        document=frame["duty_id"].map({one: documents_ru(duty) for one, duty in duties.items()}),
    )
    return ROADMAP_LEVELS.conform(frame.sort_values(["duty_id", "municipality_code"], ignore_index=True))


def _state_counts(schools: pd.DataFrame) -> pd.DataFrame:
    flags = schools[["programme", "duty_id", "municipality_code"]].assign(
        schools_count=1,
        schools_done_count=schools["state"].isin(_FULFILLED).astype("int64"),
        schools_partly_count=(schools["state"] == "partly").astype("int64"),
        schools_overdue_count=(schools["state"] == "overdue").astype("int64"),
        schools_not_applicable_count=(schools["state"] == "not_applicable").astype("int64"),
    )
    return flags.groupby(["programme", "duty_id", "municipality_code"], as_index=False).sum()


def reminders(executed: pd.DataFrame, choices: Sequence[Choice], options: ExecutionOptions) -> pd.DataFrame:
    """Return `roadmap_reminders`: what is not done and due within the days of a reminder, or overdue."""
    open_rows = executed[executed["state"].isin(["not_due", "partly", "overdue"]) & executed["due_on"].notna()]
    days = pd.to_datetime(open_rows["due_on"]) - pd.Timestamp(options.today)
    open_rows = open_rows.assign(days_left=days.dt.days)
    soon = open_rows[
        (open_rows["days_left"] <= options.reminder_days)
        & ((open_rows["days_left"] >= 0) | (open_rows["state"] == "overdue"))
    ]
    if soon.empty:
        return ROADMAP_REMINDERS.empty()
    told = {duty.duty_id: duty for choice in choices for duty in choice.book.duties}
    notes = {duty_id: where_to_note(told[duty_id]) for duty_id in soon["duty_id"].unique()}
    frame = soon.assign(
        title=soon["duty_id"].map({one: duty.title_ru for one, duty in told.items()}),
        responsible=soon["duty_id"].map({one: roles_ru(duty) for one, duty in told.items()}),
        document=soon["duty_id"].map({one: documents_ru(duty) for one, duty in told.items()}),
        where_to_note=soon["duty_id"].map(notes),
        method_id=REMINDERS,
        method_version=method(REMINDERS).version,
    )
    return ROADMAP_REMINDERS.conform(frame[list(ROADMAP_REMINDERS.column_names)].reset_index(drop=True))


def where_to_note(duty: Duty) -> str:
    """Return the sheets of forms in which the doing of a duty is noted; else the plan, by the duty's code."""
    sheets = [
        f"«{form.title_ru}», лист «{sheet.sheet_ru}»"
        for binding in bind(duty)
        for target in binding.targets
        if target.kind == "table"
        for form in record_forms().values()
        if form.is_handed_out
        for sheet in form.tables
        if sheet.name == target.name
    ]
    return (
        "; ".join(dict.fromkeys(sheets))
        or f"«Управление качеством образования», лист «Дорожная карта», код {duty.duty_id}"
    )


ROLES_RU: Final = {
    "department": "орган управления",
    "head_of_department": "начальник органа управления",
    "department_consultant": "консультант органа управления",
    "methodical_center": "методический центр",
    "school": "ОО",
    "school_head": "руководитель ОО",
    "deputy_head": "заместитель руководителя",
    "subject_teachers": "учителя-предметники",
    "school_association": "школьное методобъединение",
    "district_association": "муниципальное методобъединение",
    "municipal_hr_office": "кадровая служба муниципалитета",
    "additional_education_organisation": "организация дополнительного образования",
    "additional_education_center": "центр дополнительного образования",
    "unspecified": "по решению органа управления или ОО",
}
DOCUMENTS_RU: Final = {
    "analytical_note": "аналитическая справка",
    "plan": "план",
    "order": "приказ",
    "report": "отчёт",
    "registry": "реестр",
    "regulation": "положение",
    "letter": "письмо",
    "publication": "публикация",
    "talk": "доклад",
    "protocol": "протокол",
}


def roles_ru(duty: Duty) -> str:
    """Return who is responsible, in words."""
    return ", ".join(ROLES_RU.get(one, one) for one in duty.responsible)


def documents_ru(duty: Duty) -> str | None:
    """Return the reporting documents in words; none when the programme names none."""
    return ", ".join(DOCUMENTS_RU.get(one, one) for one in duty.documents) or None
