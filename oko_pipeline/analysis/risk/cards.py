"""The card of a school: factors, evidence, what is unknown. Cards stand by school code and compare nobody."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.risk.options import RiskOptions
from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.catalogue.tables_dynamics import COMPARISONS, RISK_CARDS

_INDICATORS_RU: Final = {
    "mean_percent": "средний процент выполнения",
    "relative_position": "положение среди всех участников",
    "base_level_share": "доля достигших базового уровня",
    "good_level_share": "доля «4» и «5»",
    "mark_5_share": "доля «5»",
    "mark_2_share": "доля «2»",
    "journal_lower_share": "доля отметок ниже журнальных",
    "journal_same_share": "доля отметок, совпавших с журнальными",
    "journal_higher_share": "доля отметок выше журнальных",
    "journal_gap_2_share": "доля расхождений с журналом в две отметки и более",
}
_COMPARISONS_RU: Final = {
    "all": "по всем ОО",
    "group": "по группе сходных ОО",
    "benchmark": "по опубликованному ориентиру",
    "norm": "по норме (не больше)",
}
# A benchmark says that a school differs from the country, not that it is unusual: it stands beside, it makes no zone.
_OF_ZONE: Final = ("all", "group", "norm")

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CardInputs:
    """Signals and works (school × work) of the year, its registry of schools, groups, schools apart, late sources."""

    signals: pd.DataFrame
    works: pd.DataFrame
    schools: pd.DataFrame
    groups: pd.DataFrame
    excluded: frozenset[str]
    late_sources: pd.DataFrame | None


def build_cards(inputs: CardInputs, options: RiskOptions) -> pd.DataFrame:
    """Return `risk_cards`: every school of the registry and every school with works, by code."""
    codes = sorted({*inputs.schools["school_code"], *inputs.works["school_code"]})
    if not codes:
        return RISK_CARDS.empty()
    own = inputs.signals[inputs.signals["comparison"].isin(_OF_ZONE)]
    tested = own[own["is_sufficient"]]
    deviating = own[own["direction"] == "adverse"]
    adverse = deviating[deviating["is_signal"]]
    counts = {
        "tests_count": _count(tested, codes),
        "adverse_count": _count(adverse, codes),
        "favourable_count": _count(own[own["is_signal"] & (own["direction"] == "favourable")], codes),
        "persistent_count": _count(deviating[deviating["is_persistent"]], codes),
        "adverse_subjects_count": _count(adverse.drop_duplicates(["school_code", "subject_code"]), codes),
    }
    lasting = _count(adverse[adverse["is_persistent"]], codes)
    alarms = _count(deviating[deviating["flag"] == "outside_998"], codes)
    told = inputs.signals["is_signal"] | inputs.signals["is_persistent"] | (inputs.signals["flag"] == "outside_998")
    factors = _factors(inputs.signals[told & (inputs.signals["direction"] != "none")])
    unknown = _unknown(inputs, options, codes)
    columns = {
        "school_year": options.school_year,
        "school_code": codes,
        "municipality_code": _looked_up(inputs.schools, "municipality_code", codes),
        "group_code": _looked_up(inputs.groups, "group_code", codes),
        "zone": _zones(counts, lasting, alarms, options),
        **counts,
        "factors": [_json(factors.get(code, [])) for code in codes],
        "evidence": [_json([one for factor in factors.get(code, []) for one in factor["signals"]]) for code in codes],
        "unknown": [_json(unknown.get(code, [])) for code in codes],
        "method_id": "risk.card",
        "method_version": method("risk.card").version,
    }
    return pd.DataFrame(columns)


def _count(rows: pd.DataFrame, codes: list[str]) -> np.ndarray:
    return rows["school_code"].value_counts().reindex(codes, fill_value=0).to_numpy(dtype=np.int64)


def _looked_up(frame: pd.DataFrame, column: str, codes: list[str]) -> pd.api.extensions.ExtensionArray:
    return frame.set_index("school_code")[column].reindex(codes).astype("str").array


def _zones(
    counts: Mapping[str, np.ndarray], lasting: np.ndarray, alarms: np.ndarray, options: RiskOptions
) -> np.ndarray:
    is_risk = (lasting > 0) | (counts["adverse_subjects_count"] >= options.risk_subjects)
    is_watched = (counts["adverse_count"] > 0) | (counts["persistent_count"] > 0) | (alarms > 0)
    conditions = [is_risk, is_watched, counts["tests_count"] == 0]
    return np.select(conditions, ["risk", "watch", "unknown"], "none")


def _factors(signals: pd.DataFrame) -> dict[str, list[Entry]]:
    """Return factors by school, by subject, indicator and comparison: codes decide their order, not results."""
    place = signals["comparison"].map({name: number for number, name in enumerate(COMPARISONS)})
    ordered = signals.assign(place=place).sort_values(
        ["school_code", "subject_code", "indicator_code", "place", "paper_grade", "assessment_id"]
    )
    found: dict[str, dict[tuple[str, str, str, str], list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for row in ordered.to_dict("records"):
        key = (row["subject_code"], row["indicator_code"], row["comparison"], row["direction"])
        found[row["school_code"]][key].append({str(name): value for name, value in row.items()})
    return {code: [_factor(key, rows) for key, rows in of_school.items()] for code, of_school in found.items()}


def _factor(key: tuple[str, str, str, str], rows: list[Entry]) -> Entry:
    subject, indicator, comparison, direction = key
    return {
        "subject_code": subject,
        "indicator_code": indicator,
        "comparison": comparison,
        "direction": direction,
        "is_confirmed": any(bool(row["is_signal"]) for row in rows),
        "is_persistent": any(bool(row["is_persistent"]) for row in rows),
        "signals": [row["signal_id"] for row in rows],
        "text_ru": f"{_subject_ru(subject)}, {_INDICATORS_RU[indicator]}: {'; '.join(_told(row) for row in rows)}.",
    }


def _told(row: Entry) -> str:
    value, target = (_number_ru(row[name], row["value_unit"]) for name in ("value", "target_value"))
    years = f", лет с таким отклонением: {row['outside_years_count']} из {row['tested_years_count']}"
    doubt = "" if row["is_signal"] else "; с учётом числа проверок не подтверждено"
    return (
        f"{_work_ru(row['assessment_id'])} — {value} (n = {row['n_count']}), ожидалось "
        f"{_COMPARISONS_RU[row['comparison']]} {target}{years if row['tested_years_count'] > 1 else ''}{doubt}"
    )


def _number_ru(value: float, unit: str) -> str:
    percent = value * 100 if unit == "share" else value
    return f"{percent:.1f}".replace(".", ",") + " %"


def _subject_ru(subject_code: str) -> str:
    known = subjects().get(subject_code)
    return known.name_ru if known else subject_code


def _work_ru(assessment_id: str) -> str:
    key = AssessmentKey.parse(assessment_id)
    known = campaigns().get(key.campaign_code)
    when = known.short_ru if known else key.campaign_code
    return f"работа за {key.paper_grade}-й класс ({when})"


def _unknown(inputs: CardInputs, options: RiskOptions, codes: list[str]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    works = inputs.works
    written = set(works["school_code"])
    for code in codes:
        if code not in written:
            found[code].append(_entry("no_results", "Результатов ОО за учебный год нет."))
        if code in inputs.excluded:
            found[code].append(_entry("excluded", "ОО особого вида: с остальными не сравнивается."))
    _tell_works(
        found,
        "not_written",
        "Работы, которые в параллели писали почти все ОО, а эта не писала",
        _missing(works, options),
    )
    small = works[(works["participants_count"] > 0) & (works["participants_count"] < options.minimum_n)]
    _tell_works(found, "small_n", f"Работы, где участников меньше {options.minimum_n}", small)
    unmarked = works[(works["participants_count"] >= options.minimum_n) & (works["marked_count"] == 0)]
    _tell_works(found, "no_marks", "Работы без отметок: шкала неизвестна", unmarked)
    _tell_few_peers(found, inputs, works[works["participants_count"] >= options.minimum_n])
    for campaign in campaigns().values():
        is_absent = (
            campaign.school_year == options.school_year and not (works["campaign_code"] == campaign.campaign_code).any()
        )
        if is_absent:
            for code in codes:
                found[code].append(_entry("no_campaign", f"Нет данных кампании «{campaign.title_ru}»."))
    if inputs.late_sources is not None:
        for code, text in zip(inputs.late_sources["school_code"], inputs.late_sources["text_ru"], strict=True):
            found[code].append(_entry("late_source", text))
    return found


def _missing(works: pd.DataFrame, options: RiskOptions) -> pd.DataFrame:
    """Return school × work: works that nearly all schools with the parallel wrote in the campaign, but not this one."""
    parallel = ["campaign_code", "pupil_grade"]
    with_parallel = works[[*parallel, "school_code"]].drop_duplicates()
    schools = with_parallel.groupby(parallel, as_index=False).agg(schools=("school_code", "size"))
    wrote = works.groupby([*parallel, "assessment_id"], as_index=False).agg(wrote=("school_code", "size"))
    wrote = wrote.merge(schools, on=parallel, validate="many_to_one")
    expected = wrote[wrote["wrote"] >= options.expected_share * wrote["schools"]]
    wanted = expected[[*parallel, "assessment_id"]].merge(with_parallel, on=parallel, validate="many_to_many")
    have = pd.MultiIndex.from_frame(works[["assessment_id", "school_code"]])
    return wanted[~pd.MultiIndex.from_frame(wanted[["assessment_id", "school_code"]]).isin(have)]


def _tell_few_peers(found: dict[str, list[Entry]], inputs: CardInputs, works: pd.DataFrame) -> None:
    """Tell of works for which no group of comparable schools was large enough."""
    compared = inputs.signals.loc[inputs.signals["comparison"] == "group", ["assessment_id", "school_code"]]
    have = pd.MultiIndex.from_frame(compared.drop_duplicates())
    alone = works[~pd.MultiIndex.from_frame(works[["assessment_id", "school_code"]]).isin(have)]
    alone = alone[~alone["school_code"].isin(list(inputs.excluded))]
    _tell_works(found, "few_peers", "Работы, для которых группа сходных ОО слишком мала", alone)


def _tell_works(found: dict[str, list[Entry]], kind: str, text: str, works: pd.DataFrame) -> None:
    ordered = works.sort_values(["school_code", "assessment_id"])
    by_school: dict[str, list[str]] = defaultdict(list)
    for code, assessment_id in zip(ordered["school_code"], ordered["assessment_id"], strict=True):
        by_school[code].append(assessment_id)
    for code, names in by_school.items():
        told = "; ".join(f"{_subject_ru(AssessmentKey.parse(name).subject_code)}, {_work_ru(name)}" for name in names)
        found[code].append(_entry(kind, f"{text}: {told}.", names))


def _entry(kind: str, text: str, works: list[str] | None = None) -> Entry:
    return {"kind": kind, "text_ru": text, "works": works or []}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
