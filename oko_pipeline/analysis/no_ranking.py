"""Proof that what is produced ranks no schools and no classes.

A table may show results of schools only in the order of a name or a code. Does not belong here: what is done when a
ranking is found (`checks`), and the making of tables.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial, prod
from typing import Final

import pandas as pd

# Names of columns of our own tables and the words of headings in documents.
_RESULT_NAME: Final = re.compile(
    r"score|percent|mark_|_level_|journal_|solved|балл|отметк|качеств|успеваемост|решаемост|выполнени"
    r"|процент|%|дол[яи]\b|«[2-5]»|^[2-5]$",
    re.IGNORECASE,
)
_RANK_NAME: Final = re.compile(r"\brank|_rank\b|рейтинг|^место\b|\bместо в\b|\bранг\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"-?\d+(?:[.,]\d+)?")
_DIGITS: Final = re.compile(r"(\d+)")
_CODE: Final = re.compile(r"\(([^()\s]*\d)\)\s*$")


_BY_CHANCE: Final = 0.01
"""Two values among many rows (all 100 % but one) are in order too often by chance to say anything."""


@dataclass(frozen=True, slots=True)
class OrderRule:
    """How rows of a table stand: within groups of `keys` by `code`, never by one of `results`."""

    table: str
    keys: tuple[str, ...]
    code: str
    results: tuple[str, ...]


_SUMMARY_RESULTS: Final = (
    "mean_score", "mean_percent", "mark_2_share", "base_level_share", "good_level_share", "mark_5_share",
)  # fmt: skip
_EXAM_RESULTS: Final = ("mean_test", "mean_primary", "below_minimum_share", "score_81_100_share", "quality_share")
ORDER_RULES: Final = (
    OrderRule("result_summary", ("assessment_id", "unit_level", "subgroup"), "unit_code", _SUMMARY_RESULTS),
    OrderRule("exam_summary", ("exam_code", "unit_level", "category"), "unit_code", _EXAM_RESULTS),
    OrderRule("medallist_results", ("exam_code", "unit_level"), "unit_code", ("mean_test", "below_threshold_share")),
    OrderRule("admission_results", ("procedure", "unit_level"), "unit_code", ("passed_share", "mean_score")),
    OrderRule("indicator_values", ("indicator_code", "breakdown", "unit_level"), "unit_code", ("value",)),
    OrderRule(
        "result_dynamics",
        ("view", "assessment_id", "unit_level", "subgroup", "indicator_code"),
        "unit_code",
        ("value", "change_value"),
    ),
    OrderRule("risk_signals", ("assessment_id", "indicator_code", "comparison"), "school_code", ("value", "z_score")),
    OrderRule("risk_cards", (), "school_code", ("adverse_count", "favourable_count", "persistent_count")),
    OrderRule(
        "contextual_results",
        ("campaign_code", "scope_kind", "scope_code"),
        "school_code",
        ("observed", "residual", "raw_residual"),
    ),
    OrderRule("low_result_flags", ("rule_code",), "school_code", ("failed_count", "certain_count")),
    OrderRule("high_result_base", ("basis",), "school_code", ("residual_sigma",)),
    OrderRule("learning_pairs", ("school_code",), "partner_code", ("distance",)),
    OrderRule("social_index", ("index_code",), "school_code", ("value",)),
    OrderRule("objectivity_cards", (), "school_code", ("signals_count", "official_signs_count", "families_count")),
    OrderRule("support_counts", ("campaign_code", "pupil_grade"), "school_code", ("persistent_share",)),
)
"""Tables about schools and classes. Partners to learn from stand by code as well: the nearest is not the best."""


def ranked_groups(frame: pd.DataFrame, rule: OrderRule) -> list[str]:
    """Return the groups of a table whose rows are ordered by a result instead of the code: keys and result columns.

    Groups in the order of codes, which is nearly all of them, cost one comparison of neighbours.
    """
    if frame.empty:
        return []
    keys = list(rule.keys)
    grouped = frame.groupby(keys, sort=False, observed=True) if keys else frame.groupby(lambda _: 0)
    before = grouped[rule.code].shift()
    has_left_order = before.notna() & (frame[rule.code] < before)
    if not has_left_order.any():
        return []
    found: list[str] = []
    numbers = grouped.ngroup()
    for number in numbers[has_left_order].unique():
        rows = frame[numbers == number]
        results = ordered_by_result(rows, [rule.code], rule.results)
        if results:
            place = ", ".join(str(rows[key].iloc[0]) for key in keys) or "все строки"
            found.append(f"{rule.table}: {place} — по {', '.join(results)}")
    return found


def ordered_by_result(
    frame: pd.DataFrame,
    order_columns: Sequence[str],
    result_columns: Sequence[str] | None = None,
    *,
    minimum_rows: int = 3,
) -> tuple[str, ...]:
    """Return the result columns by which the rows of a table of schools or classes are ordered; empty when harmless.

    Rows are ordered by a result when, from the first row to the last, it never falls or never rises (with distinct
    values: Spearman's correlation of position and result is 1 or −1), while they are not in the order of any of
    `order_columns`. Rows that an order column leaves equal (schools of one municipality) are judged among themselves.
    Texts such as «57,3 %» count by their first number; empty cells are passed over.

    Args:
        frame: the table in the order of its rows.
        order_columns: columns that may give the order: municipality, code, name.
        result_columns: columns with results; None — those whose names say so (балл, отметка, качество, mean_score …).
        minimum_rows: fewer rows with a result say nothing: two rows are always in some order.
    """
    names = [name for name in frame.columns if _RESULT_NAME.search(str(name)) and name not in order_columns]
    watched = list(result_columns) if result_columns is not None else names
    found = _ordered(frame, list(order_columns), watched, minimum_rows)
    return tuple(name for name in watched if name in found)


def ranking_columns(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns whose names say that they hold a place in a ranking (рейтинг, место, rank)."""
    return tuple(str(name) for name in frame.columns if _RANK_NAME.search(str(name)))


def _ordered(frame: pd.DataFrame, order_columns: list[str], watched: list[str], minimum_rows: int) -> set[str]:
    if len(frame) < minimum_rows:
        return set()
    for name in order_columns:
        if _is_in_order(frame[name]):
            others = [other for other in order_columns if other != name]
            equals = frame.groupby(name, sort=False, dropna=False)
            return {found for _, block in equals for found in _ordered(block, others, watched, minimum_rows)}
    return {name for name in watched if _is_monotone(frame[name], minimum_rows)}


def _is_monotone(values: pd.Series, minimum_rows: int) -> bool:
    numbers = _numbers(values).dropna()
    counts = numbers.value_counts()
    if len(numbers) < minimum_rows or len(counts) < 2:
        return False
    if len(counts) == 2 and _chance_of_order(counts.to_list()) > _BY_CHANCE:
        return False
    return numbers.is_monotonic_increasing or numbers.is_monotonic_decreasing


def _chance_of_order(counts: Sequence[int]) -> float:
    """Return how likely rows drawn at random stand in rising or falling order, from how often each value occurs."""
    return 2 * prod(factorial(count) for count in counts) / factorial(sum(counts))


def _numbers(values: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype("Float64")
    found = [_NUMBER.search(text) if isinstance(text, str) else None for text in values]
    plain = [float(match[0].replace(",", ".")) if match else None for match in found]
    return pd.Series(plain, dtype="Float64")


def _is_in_order(values: pd.Series) -> bool:
    """Tell whether names or codes stand in some usual order: by signs, or as people read (ё as е, 2 before 10).

    Where every name carries a code in brackets, as documents tell schools apart, the order of the codes is one too.
    """
    texts = values.dropna().astype("str").to_list()
    codes = [found[1] for text in texts if (found := _CODE.search(text))]
    if texts and len(codes) == len(texts) and _is_in_order(pd.Series(codes)):
        return True
    as_read = [_reading_key(text) for text in texts]
    return texts in (sorted(texts), sorted(texts, reverse=True)) or as_read in (
        sorted(as_read),
        sorted(as_read, reverse=True),
    )


def _reading_key(text: str) -> tuple[tuple[int, str], ...]:
    plain = text.casefold().replace("ё", "е").replace("\xa0", " ")
    # A class without a letter stands after those with letters, as documents show it.
    plain = plain.replace(", без литеры", "\uffff")
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(plain) if part)
