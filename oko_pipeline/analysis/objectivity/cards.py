"""Objectivity cards: a school's evidence of one to three years, in words of «needs a closer look», never «guilty».

Cards stand by school code: never by level, never by result.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.columns import picked
from oko_pipeline.analysis.objectivity.measured import TITLES_RU
from oko_pipeline.analysis.objectivity.measures import PeerGroups
from oko_pipeline.analysis.objectivity.options import EvidenceOptions, ObjectivityOptions, method_columns
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.catalogue.tables_objectivity import OBJECTIVITY_CARDS, SIGNAL_FAMILIES, WHOLE_YEAR
from oko_pipeline.statistics.intervals import wilson_interval
from oko_pipeline.statistics.size_tiers import tier_places

FAMILIES_RU: Final[dict[str, str]] = {
    "cutoffs": "границы отметок",
    "journal": "журнал",
    "tasks": "задания",
    "spread": "разброс",
    "attendance": "участие",
    "procedures": "другие процедуры",
    "lists": "внешние перечни",
}
NEEDS_ANALYSIS_RU: Final = (
    "Требует дополнительного анализа: посмотреть работы, условия проведения и состав участников, выслушать ОО. "
    "Признаки и сигналы не доказывают искажения результатов и не относятся к отдельному учителю."
)
NOTHING_FOUND_RU: Final = (
    "Признаков не найдено. Это не доказывает объективности: у малых ОО данных мало, а часть способов проверки требует "
    "сведений, которых нет."
)
NOTHING_KNOWN_RU: Final = "Данных для вывода нет. Отсутствие данных — не признак и не его отсутствие."
_NO_WORKS_RU: Final = "Работ ОО за этот год нет"
_SHARES: Final = frozenset(
    {"cutoff_excess", "journal_higher", "journal_lower", "absence", "olympiad_gap", "mark_crossing"}
)


@dataclass(frozen=True, slots=True)
class CardInputs:
    """What cards are made of.

    `signs` is the table `objectivity_signs` of the year. `signals` are rows of `objectivity_signals` of this and
    earlier years: of whole years, and of single works with a signal (others are passed over). `participants` maps a
    school to its works of the year, `replies` to its reply. `missing_ru` names what is unknown of every school.
    """

    school_year: str
    signs: pd.DataFrame
    signals: pd.DataFrame
    peers: PeerGroups
    participants: Mapping[str, int]
    replies: Mapping[str, str]
    missing_ru: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a school: families with a signal this year, families by number of years, what was computed."""

    families: frozenset[str]
    years_of_family: Mapping[str, int]
    official_signs: int
    official_computed: int
    signals_computed: int


def evidence_level(evidence: Evidence, options: EvidenceOptions) -> tuple[str, str]:
    """Return the level of evidence and why, by the rules of the method `objectivity.evidence`."""
    now = len(evidence.families)
    persistent = sorted(f for f in evidence.families if evidence.years_of_family.get(f, 0) >= options.persistent_years)
    has_data = bool(evidence.official_computed or evidence.signals_computed or now)
    rules = (
        (not has_data, "нет данных", "Не удалось посчитать ни одного признака и сигнала"),
        (now >= options.high_families, "высокий", f"Независимых семейств сигналов за год: {now}"),
        (
            len(persistent) >= options.medium_families,
            "высокий",
            f"Повторились за последние годы: {_names_ru(persistent)}",
        ),
        (now >= options.medium_families, "средний", f"Независимых семейств сигналов за год: {now}"),
        (bool(persistent), "средний", f"Повторилось за последние годы: {_names_ru(persistent)}"),
        (now > 0, "низкий", "Одно семейство сигналов за один год"),
        (
            evidence.official_signs > 0,
            "низкий",
            "Только официальные признаки, независимые сигналы их не подтверждают",
        ),
    )
    found = [(level, basis) for is_met, level, basis in rules if is_met]
    return found[0] if found else ("нет признаков", "Посчитаны признаки и сигналы, ничего не отмечено")


def _names_ru(families: Iterable[str]) -> str:
    return ", ".join(FAMILIES_RU[family] for family in families)


def objectivity_cards(inputs: CardInputs, options: ObjectivityOptions) -> pd.DataFrame:
    """Return `objectivity_cards`: a row a school of the year, by school code."""
    start = int(inputs.school_year[:4])
    years = {f"{start - back}-{start - back + 1}" for back in range(options.evidence.years)}
    is_used = (inputs.signals["assessment_id"] == WHOLE_YEAR) | (inputs.signals["state"] == "signal")
    whole = inputs.signals[is_used & inputs.signals["school_year"].isin(years)]
    current = whole[whole["school_year"] == inputs.school_year]
    codes = sorted({*inputs.signs["school_code"], *current["school_code"]})
    if not codes:
        return OBJECTIVITY_CARDS.empty()
    flagged = whole[whole["state"] == "signal"]
    years_of = flagged.groupby(["school_code", "family"])["school_year"].nunique()
    history: dict[str, dict[str, int]] = {code: {} for code in codes}
    for (code, family), count in years_of.items():  # pyright: ignore[reportGeneralTypeIssues]
        if code in history:
            history[code][family] = int(count)
    signs, by_school = _by_school(inputs.signs), _by_school(current)
    known_years = whole[whole["state"].isin(["signal", "no_signal"])].groupby("school_code")["school_year"].unique()
    cards = [
        _card(code, signs.get(code, _NO_ROWS), by_school.get(code, _NO_ROWS), history[code], inputs, options)
        | {"years": "; ".join(sorted(known_years.get(code, ())))}
        for code in codes
    ]
    frame = pd.DataFrame(cards)
    frame = pd.concat([frame, _groups(frame, inputs.peers)], axis=1)
    counts = frame["participants_count"].to_numpy(dtype=np.int64)
    frame = frame.assign(
        school_year=inputs.school_year,
        size_tier=picked(SIZE_TIERS, tier_places(counts, options.tier_bounds)),
        is_comparable=~frame["school_code"].isin(inputs.peers.excluded),
        **method_columns("evidence"),
    )
    return OBJECTIVITY_CARDS.conform(frame[list(OBJECTIVITY_CARDS.column_names)])


Rows = list[dict[str, object]]
_NO_ROWS: Final[Rows] = []


def _by_school(frame: pd.DataFrame) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for row in frame.to_dict("records"):
        found.setdefault(str(row["school_code"]), []).append({str(name): value for name, value in row.items()})
    return found


def _card(
    code: str, signs: Rows, signals: Rows, history: dict[str, int], inputs: CardInputs, options: ObjectivityOptions
) -> dict[str, object]:
    of_year = [row for row in signals if row["assessment_id"] == WHOLE_YEAR]
    computed = [row for row in of_year if row["state"] in {"signal", "no_signal"}]
    found = [row for row in of_year if row["state"] == "signal"]
    shown = {row["signal_code"] for row in found}
    # A signal of one work may drown in those of the year; one that did not would be told twice.
    found += [row for row in signals if row["assessment_id"] != WHOLE_YEAR and row["signal_code"] not in shown]
    official = [row for row in signs if row["state"] == "sign"]
    families = [family for family in SIGNAL_FAMILIES if any(row["family"] == family for row in found)]
    evidence = Evidence(
        frozenset(families),
        history,
        len(official),
        sum(row["state"] in {"sign", "no_sign"} for row in signs),
        len(computed),
    )
    level, basis = evidence_level(evidence, options.evidence)
    persistent = [f for f in families if history.get(f, 0) >= options.evidence.persistent_years]
    texts = [str(row["sign_title_ru"]) for row in official] + [signal_ru(row) for row in found]
    missing = () if inputs.participants.get(code) else (_NO_WORKS_RU,)
    wording = {"нет данных": NOTHING_KNOWN_RU, "нет признаков": NOTHING_FOUND_RU}.get(level, NEEDS_ANALYSIS_RU)
    return {
        "school_code": code,
        "evidence_level": level,
        "basis_ru": basis,
        "official_signs_count": evidence.official_signs,
        "official_computed_count": evidence.official_computed,
        "signals_count": len(found),
        "signals_computed_count": evidence.signals_computed,
        "families": "; ".join(families) or None,
        "families_count": len(families),
        "persistent_families": "; ".join(persistent) or None,
        "participants_count": inputs.participants.get(code, 0),
        "evidence_ru": "; ".join(texts) or None,
        "unknown_ru": _unknown_ru(of_year, (*missing, *inputs.missing_ru)),
        "reply_ru": inputs.replies.get(code),
        "wording_ru": wording,
    }


def signal_ru(row: Mapping[str, object]) -> str:
    """Return a signal of a school's year or work in words: what, how much against what, n and q."""
    code = str(row["signal_code"])
    title = TITLES_RU[code] + _work_ru(str(row["assessment_id"]))
    if code == "external_list":
        return f"{title}: {row['note_ru']}"
    value, reference, count = float(row["value"]), float(row["reference_value"]), int(row["count"])  # pyright: ignore[reportArgumentType]
    q = float(row["q_value"])  # pyright: ignore[reportArgumentType]
    if code in _SHARES:
        figures = f"{_percent(value)} при ожидаемых {_percent(reference)}"
    elif code == "narrow_spread":
        figures = f"{_decimal(value)} от ожидаемого"
    elif code == "task_profile":
        figures = f"разность лёгких и трудных {_decimal(100 * value, 1)} п. п."
    else:
        figures = f"{_decimal(value)} при ожидаемом {_decimal(reference)}"
    return f"{title}: {figures} (n = {count}, q {'< 0,001' if q < 0.001 else '= ' + _decimal(q, 3)})"


def _work_ru(assessment_id: str) -> str:
    if assessment_id == WHOLE_YEAR:
        return ""
    key = AssessmentKey.parse(assessment_id)
    return f" ({subjects()[key.subject_code].name_ru.lower()}, {key.paper_grade} класс)"


def _decimal(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}".replace(".", ",").replace("-", "−")


def _percent(value: float) -> str:
    return f"{_decimal(100 * value, 0)} %"


def _unknown_ru(signals: Rows, missing: tuple[str, ...]) -> str | None:
    silent = [row for row in signals if row["state"] in {"insufficient", "not_applicable"}]
    parts = [
        f"{note}: {', '.join(TITLES_RU[str(row['signal_code'])] for row in silent if row['note_ru'] == note)}"
        for note in sorted({str(row["note_ru"]) for row in silent})
    ]
    return "; ".join([*parts, *missing]) or None


def _groups(cards: pd.DataFrame, peers: PeerGroups) -> pd.DataFrame:
    """Return the group of each school and the share of the group's schools with data that have a signal."""
    group = cards["school_code"].map(peers.group_of).astype(object)
    has_data = (cards["signals_computed_count"] > 0) & ~cards["school_code"].isin(peers.excluded)
    has_signal = has_data & (cards["signals_count"] > 0)
    known = pd.DataFrame({"group": group.fillna("").to_numpy(), "all": has_data, "signal": has_signal})
    sums = known.groupby("group")[["all", "signal"]].transform("sum").astype("int64")
    interval = wilson_interval(sums["signal"], sums["all"])
    total = sums["all"].to_numpy()
    return pd.DataFrame(
        {
            "group_code": group.where(group.notna(), None),
            "group_schools_count": total,
            "group_signal_share": sums["signal"].to_numpy() / np.where(total > 0, total, np.nan),
            "group_signal_low": interval.low,
            "group_signal_high": interval.high,
        },
        index=cards.index,
    )
