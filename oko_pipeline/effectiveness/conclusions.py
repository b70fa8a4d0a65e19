"""What a year concludes: goals, indicators, rows of plans, measures and recommendations for the next year.

A person's word in a form (a next step, an excluded indicator, a rejected recommendation) stands; the rest is proposed.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from oko_pipeline.catalogue.indicators import HARMFUL_BASES, Indicator
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_effects import YEAR_CONCLUSIONS
from oko_pipeline.effectiveness.measures import UNFINISHED
from oko_pipeline.effectiveness.options import CONCLUSIONS
from oko_pipeline.effectiveness.wording import number_ru

_HARMFUL_USES: Final = frozenset({"appraisal", "ranking", "incentive"})
_ACCEPTED: Final = frozenset({"accepted", "changed"})
_WAITING: Final = frozenset({"proposed", "waiting"})
_CEILING: Final = {"%": 100.0, "доля": 1.0}

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ReviewInputs:
    """Rows of the year that its conclusions stand on; a table that the year has not is empty.

    `indicator_values` are those of all levels, `recommendations` those that the pipeline made; `roadmap_plan`,
    `indicator_changes`, `recommendations_log` and `measures` are registers.
    """

    school_year: str
    measure_effects: pd.DataFrame
    indicator_values: pd.DataFrame
    roadmap_plan: pd.DataFrame
    indicator_changes: pd.DataFrame
    recommendations_log: pd.DataFrame
    recommendations: pd.DataFrame
    measures: pd.DataFrame
    registry: Mapping[str, Indicator]


@dataclass(frozen=True, slots=True)
class _Conclusion:
    owner: tuple[str, str]
    kind: str
    action: str
    subject_id: str
    title: str
    text_ru: str
    evidence: tuple[tuple[str, str], ...]
    direction: object = None
    indicator_code: str | None = None
    targets: tuple[float, float] = field(default=(float("nan"), float("nan")))
    is_persons_word: bool = False


def year_conclusions(inputs: ReviewInputs) -> pd.DataFrame:
    """Return rows of `year_conclusions` of a year, in key order; none where the year has no management at all."""
    values = _values(inputs.indicator_values)
    found = [
        *_goals(inputs, values),
        *_indicators(inputs, values),
        *_roadmap(inputs),
        *_measures(inputs),
        *_recommendations(inputs),
    ]
    if not found:
        return YEAR_CONCLUSIONS.empty()
    rows = [_row(one, inputs.school_year) for one in found]
    frame = pd.DataFrame(rows).drop_duplicates("conclusion_id").sort_values("conclusion_id", ignore_index=True)
    return YEAR_CONCLUSIONS.conform(frame[list(YEAR_CONCLUSIONS.column_names)])


def _row(one: _Conclusion, school_year: str) -> dict[str, object]:
    owner_level, owner_code = one.owner
    parts = (school_year, owner_code, one.kind, one.subject_id, one.indicator_code or "")
    return {
        "school_year": school_year,
        "conclusion_id": f"conclusion:{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()[:16]}",
        "owner_level": owner_level,
        "owner_code": owner_code,
        "kind": one.kind,
        "action": one.action,
        "direction": one.direction,
        "indicator_code": one.indicator_code,
        "subject_id": one.subject_id,
        "title": one.title,
        "previous_target": one.targets[0],
        "proposed_target": one.targets[1],
        "is_persons_word": one.is_persons_word,
        "text_ru": one.text_ru,
        "evidence": json.dumps([{"table": table, "key": key} for table, key in one.evidence], ensure_ascii=False),
        **method_columns(CONCLUSIONS),
    }


def _rows(frame: pd.DataFrame) -> Iterator[dict[str, object]]:
    for row in frame.to_dict("records"):
        yield {
            str(name): None if pd.api.types.is_scalar(value) and pd.isna(value) else value
            for name, value in row.items()
        }


def _owner(row: Row) -> tuple[str, str]:
    if row["municipality_code"] is not None:
        return "municipality", str(row["municipality_code"])
    if row["school_code"] is not None:
        return "school", str(row["school_code"])
    return "unknown", str(row["school_key"] or "unknown")


def _values(frame: pd.DataFrame) -> dict[tuple[str, str], dict[str, object]]:
    """Return whole values (without breakdowns) by indicator and unit code; «all» for all schools."""
    whole = frame[frame["breakdown"] == ""]
    return {(str(row["indicator_code"]), str(row["unit_code"])): row for row in _rows(whole)}


def _codes(row: Row) -> list[str]:
    told = row["indicator_code"]
    return [] if told is None else [part.strip() for part in str(told).split(";") if part.strip()]


def _goals(inputs: ReviewInputs, values: Mapping[tuple[str, str], Row]) -> Iterable[_Conclusion]:
    """Goals are targets of indicators that forms state: norms of the owner's registry, plans of the roadmap."""
    for table, frame, column in (
        ("indicator_changes", inputs.indicator_changes, "norm_value"),
        ("roadmap_plan", inputs.roadmap_plan, "planned_value"),
    ):
        for row in _rows(frame):
            if row[column] is None:
                continue
            for code in _codes(row):
                yield _goal(row, code, float(str(row[column])), table, (inputs, values))


def _goal(
    row: Row, code: str, target: float, table: str, known: tuple[ReviewInputs, Mapping[tuple[str, str], Row]]
) -> _Conclusion:
    inputs, values = known
    owner = _owner(row)
    indicator = inputs.registry.get(code)
    value = values.get((code, owner[1]))
    title = str(row.get("goal") or row["title"] or code)
    action, proposed, text = _judged_goal(row, indicator, value, target)
    evidence = [(table, str(row["record_id"]))]
    if value is not None:
        evidence.append(("indicator_values", f"{inputs.school_year}|{code}|{value['unit_level']}|{value['unit_code']}"))
    return _Conclusion(
        owner,
        "goal",
        action,
        str(row["record_id"]),
        title,
        text,
        tuple(evidence),
        direction=row["direction"],
        indicator_code=code,
        targets=(target, proposed),
        is_persons_word=action == "drop" and row.get("change") == "excluded",
    )


def _judged_goal(row: Row, indicator: Indicator | None, value: Row | None, target: float) -> tuple[str, float, str]:
    """Return the action, the proposed target and the words."""
    dropped = _dropped(row)
    if dropped is not None:
        return "drop", float("nan"), dropped
    if indicator is None:
        return "gather_data", target, "Показателя нет в реестре программы: значение не посчитано."
    if value is None or value["state"] != "computed":
        return "gather_data", target, f"Цель {number_ru(target)}: данных за год нет или группа мала."
    low, high = (_bound(value, name) for name in ("value_low", "value_high"))
    told = f"Цель {number_ru(target)} {indicator.unit_ru}, значение {number_ru(_bound(value, 'value'))}"
    told += f" (95 %: от {number_ru(low)} до {number_ru(high)})" if low != high else ""
    if indicator.higher_is_better is None:
        return "keep", target, f"{told}: что лучше, больше или меньше, не указано; цель сохранить."
    side = 1 if indicator.higher_is_better else -1
    worst, best = sorted((side * low, side * high))
    if worst < side * target:
        state = "не достигнута" if best < side * target else "достигнута ли, сказать нельзя"
        return "keep", target, f"{told}: {state}; цель сохранить."
    action, proposed, text = _reached(indicator, target, side * worst)
    return action, proposed, f"{told}: {text}"


def _dropped(row: Row) -> str | None:
    """Return why a goal is to be dropped."""
    if row.get("change") == "excluded":
        return "Показатель исключён из реестра: цель снять."
    if row.get("has_negative_consequences") or (row.get("uses_vpr_or_marks") and row.get("use") in _HARMFUL_USES):
        return "Показатель побуждает завышать результаты: цель снять."
    return None


def _reached(indicator: Indicator, target: float, surely: float) -> tuple[str, float, str]:
    """Return what becomes of a goal that is surely reached; `surely` is the bound of the value nearest to it."""
    if indicator.base in HARMFUL_BASES:
        text = "достигнута; по уровню ВПР и отметкам цели не поднимают, чтобы не побуждать к завышению; цель сохранить."
        return "keep", target, text
    ceiling = _CEILING.get(indicator.unit_ru, float("inf"))
    proposed = round(min(max(surely, 0.0), ceiling), 1)
    if proposed == target:
        return "keep", target, "достигнута, двигать её некуда; цель сохранить."
    return "raise", proposed, f"достигнута уверенно; цель поднять до {number_ru(proposed)}."


def _bound(value: Row, name: str) -> float:
    told = value[name] if value[name] is not None else value["value"]
    return float(str(told))


def _indicators(inputs: ReviewInputs, values: Mapping[tuple[str, str], Row]) -> Iterable[_Conclusion]:
    """Indicators that the owner's register keeps and that cannot be told: gather data, or change how they are asked."""
    for row in _rows(inputs.indicator_changes):
        code = str(row["indicator_code"]) if row["indicator_code"] is not None else None
        if code is None or row["change"] == "excluded":
            continue
        owner = _owner(row)
        value = values.get((code, owner[1]))
        state = None if value is None else value["state"]
        if state == "computed":
            continue
        action, text = (
            ("change", "Группа мала: показатель укрупнить (параллель, предмет, несколько лет).")
            if state == "insufficient"
            else ("gather_data", "За год показатель не посчитан: назвать источник и собрать данные или исключить.")
        )
        yield _Conclusion(
            owner,
            "indicator",
            action,
            str(row["record_id"]),
            str(row["title"] or code),
            text,
            (("indicator_changes", str(row["record_id"])),),
            direction=row["direction"],
            indicator_code=code,
        )


def _roadmap(inputs: ReviewInputs) -> Iterable[_Conclusion]:
    """Rows of plans that are neither done nor cancelled nor out of place are carried over."""
    for row in _rows(inputs.roadmap_plan):
        if row["status"] not in {None, *UNFINISHED}:
            continue
        reason = f" Причина: {row['reason']}." if row["reason"] is not None else " Причина не названа."
        state = "выполнена частично" if row["status"] == "partly" else "не выполнена"
        yield _Conclusion(
            _owner(row),
            "roadmap_row",
            "carry_over",
            str(row["record_id"]),
            str(row["title"] or row["row_number"]),
            f"Строка плана {row['row_number']} {state}: перенести на следующий год.{reason}",
            (("roadmap_plan", str(row["record_id"])),),
            direction=row["direction"],
            indicator_code=next(iter(_codes(row)), None),
        )


_MEASURE_RU: Final = {
    "continue": "продолжить",
    "change": "изменить",
    "stop": "прекратить",
    "gather_data": "собрать данные",
    "carry_over": "перенести на следующий год",
}


def _measures(inputs: ReviewInputs) -> Iterable[_Conclusion]:
    """Measures by their verdicts; a measure that was not carried out is carried over. A person's next step stands."""
    for row in _rows(inputs.measure_effects):
        stated = row["stated_next_step"]
        action = str(stated or row["proposed_decision"])
        statuses = _statuses(row, inputs.measures)
        if stated is None and statuses == {"cancelled"}:
            continue
        if stated is None and row["verdict"] == "not_enough_data" and statuses & UNFINISHED:
            action = "carry_over"
        who = "Решение записано в форме" if stated is not None else "Предложение"
        code = None if row["indicator_code"] not in inputs.registry else str(row["indicator_code"])
        yield _Conclusion(
            (str(row["owner_level"]), str(row["owner_code"])),
            "measure",
            action,
            str(row["measure_id"]),
            str(row["title"]),
            f"{who}: {_MEASURE_RU[action]}. {row['reason_ru']}",
            (("measure_effects", str(row["effect_id"])),),
            direction=row["direction"],
            indicator_code=code,
            is_persons_word=stated is not None,
        )


def _statuses(effect: Row, measures: pd.DataFrame) -> set[str]:
    own = measures[measures["record_id"].isin(json.loads(str(effect["record_ids"])))]
    return set(own["status"].dropna())


def _recommendations(inputs: ReviewInputs) -> Iterable[_Conclusion]:
    """Recommendations without an answer, accepted ones without decision and measure, those whose measure failed."""
    verdicts: dict[tuple[str, str], set[str]] = {}
    for effect in _rows(inputs.measure_effects):
        for number in str(effect["recommendation_ref"] or "").split(";"):
            if number.strip():
                verdicts.setdefault((str(effect["owner_code"]), number.strip()), set()).add(str(effect["verdict"]))
    yield from _unanswered(inputs)
    for row in _rows(inputs.recommendations_log):
        owner = _owner(row)
        number = str(row["recommendation_number"])
        # A school carries out what its municipality recommended to it.
        own = {one for code in {owner[1], str(row["school_code"])} for one in verdicts.get((code, number), ())}
        action, text = _of_recommendation(row, own)
        if action is None:
            continue
        yield _Conclusion(
            owner,
            "recommendation",
            action,
            str(row["record_id"]),
            str(row["title"] or row["recommendation_number"]),
            text,
            (("recommendations_log", str(row["record_id"])),),
            direction=row["direction"],
            indicator_code=next(iter(_codes(row)), None),
        )


def _unanswered(inputs: ReviewInputs) -> Iterable[_Conclusion]:
    """Recommendations of the pipeline that nobody answered; answered ones stand in the log."""
    logged = set(inputs.recommendations_log["recommendation_number"].dropna())
    made = inputs.recommendations
    waiting = made[made["state"].isin(_WAITING) & ~made["is_held_back"].astype(bool)]
    for row in _rows(waiting[~waiting["recommendation_id"].isin(logged)]):
        number = str(row["recommendation_id"])
        yield _Conclusion(
            (str(row["unit_level"]), str(row["unit_code"])),
            "recommendation",
            "repeat",
            number,
            str(row["title_ru"]),
            "На рекомендацию нет ответа: повторить, если основание останется.",
            (("recommendations", number),),
            direction=row["direction"],
        )


def _of_recommendation(row: Row, verdicts: set[str]) -> tuple[str | None, str]:
    if row["answer"] == "rejected":
        return None, ""
    if row["answer"] not in _ACCEPTED:
        return "repeat", "На рекомендацию нет ответа: повторить."
    if "not_effective" in verdicts and not verdicts & {"effective", "partly"}:
        return "change", "Мера по рекомендации не дала ожидаемого: изменить рекомендацию."
    if not verdicts and row["decision_ref"] is None:
        return "repeat", "Рекомендация принята, но ни решения, ни меры по ней нет: повторить."
    return None, ""
