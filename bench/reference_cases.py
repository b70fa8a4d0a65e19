"""Every reference case of the tests, with the value of the project beside that of the source, and the difference.

    python bench/reference_cases.py            prints the table
    python bench/reference_cases.py --write    puts it into docs/verification.md

The cases stand in `reference_cases.csv` beside the tests of statistics and of the rooms of analysis; they are evaluated
by these tests' own functions.
"""

import csv
import importlib.util
import json
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "verification.md"
MARKS = ("<!-- reference cases -->", "<!-- /reference cases -->")
TITLES_RU = {
    "wilson_interval": "интервал Уилсона",
    "newcombe_interval": "интервал Ньюкомба",
    "share_difference_p": "p разности долей",
    "welch_change": "разность средних по Уэлчу",
    "two_sided_p": "двустороннее p",
    "discoveries_at_5_percent": "открытий при 5 %",
    "benjamini_hochberg": "q Бенджамини — Хохберга",
    "normal_prior": "среднее и разброс групп (ДерСимониан — Лэрд)",
    "shrink_means": "сглаженное среднее",
    "overdispersion": "φ и τ² воронки",
    "winsorised_normal_variance": "дисперсия винзоризованной нормальной",
    "binomial_limits": "точные пределы воронки",
    "binomial_mid_p": "биномиальное mid-p",
    "arcsine": "арксинус Анскомба",
    "arcsine_limits": "пределы в шкале арксинуса",
    "mean_limits": "пределы среднего",
    "pool_shares": "свод долей по годам",
    "pool_means": "свод средних по годам",
    "shrink_shares": "сглаженная доля",
    "beta_binomial_prior": "бета-биномиальное среднее и разброс",
    "trend": "наклон тренда и его ошибка",
    "random_intercept": "модель «участники в ОО», REML",
    "meta_regression": "метарегрессия, REML",
    "partition": "средний силуэт",
    "standardised": "стандартное отклонение",
    "standardised_difference": "стандартизованная разность",
    "nearest": "расстояние до сопоставимой",
    "low_result": "доля ниже минимума, граница Уилсона",
    "social_index": "индекс социального благополучия",
    "risk": "место среди ОО",
    "alpha": "альфа Кронбаха",
    "alpha_if_deleted": "альфа без задания",
    "item_rest": "корреляция задания с остальными",
    "feldt_low": "интервал Фельдта, низ",
    "feldt_high": "интервал Фельдта, верх",
    "sem": "стандартная ошибка измерения",
    "fisher_low": "интервал Фишера, низ",
    "fisher_high": "интервал Фишера, верх",
    "spearman": "корреляция Спирмена",
    "spearman_simplified": "корреляция Спирмена, упрощённая",
    "bonett_wright_low": "интервал Бонетта — Райта, низ",
    "bonett_wright_high": "интервал Бонетта — Райта, верх",
    "mh_odds": "отношение шансов Мантеля — Хензеля",
    "mh_chi_square": "χ² Мантеля — Хензеля",
    "mh_p": "p Мантеля — Хензеля",
    "mh_low": "отношение шансов, низ",
    "mh_high": "отношение шансов, верх",
    "mh_delta": "Δ (ETS)",
    "mh_se": "ошибка Δ",
    "mantel_chi_square": "χ² Мантеля",
    "smd": "стандартизованная разность средних (SMD)",
    "kappa": "взвешенная каппа",
    "kappa_unweighted_2": "каппа 2 × 2",
    "upper_lower": "индекс сильных и слабых",
    "midranks": "средние ранги",
    "high_mean_low": "признак 1–6: нижняя граница ОО",
    "high_mean_threshold": "признак 1–6: верхняя граница региона",
    "cohort_high": "признаки 13–14: Q3 + 3·IQR",
    "cohort_low": "признаки 11–12: Q1 − 3·IQR",
    "index": "индекс объективности",
    "marked_interval": "доля ОО с признаком, интервал",
    "simes": "p Саймса",
    "stouffer": "z Стауффера",
    "pooled_effect": "взвешенный эффект",
    "anscombe": "z Анскомба",
    "restricted": "поправка Торндайка",
    "recheck_shift": "сдвиг перепроверки и интервал",
    "recheck_objective": "доля объективных, интервал",
    "draw_order": "порядок отбора (SHA-256)",
    "log_variance_error": "ошибка ln s²",
}


@dataclass(frozen=True)
class Room:
    """Where cases stand and how they are evaluated: (statistic, input) → value; library values by statistic."""

    title_ru: str
    test: str
    evaluate: Callable[[ModuleType, str, str], Any]
    library: Callable[[ModuleType, str], float] | None = None


def _of_statistics(module: ModuleType, statistic: str, given: str) -> list[float]:
    found = module.STATISTICS[statistic](**json.loads(given))
    parts = found if isinstance(found, tuple) else (found,)
    return [float(value) for part in parts for value in np.ravel(part)]


ROOMS = (
    Room("Интервалы, динамика, риск", "tests/unit/statistics/test_reference_cases.py", _of_statistics),
    Room(
        "Подобное с подобным, низкие результаты",
        "tests/unit/analysis/context/test_reference_cases.py",
        lambda module, statistic, given: module.computed(statistic, given),
    ),
    Room(
        "Задания, связи, эксперты",
        "tests/unit/analysis/items/test_reference_cases.py",
        lambda module, statistic, given: module.EVALUATE[statistic](given),
        lambda module, statistic: module._library_value(statistic),  # noqa: SLF001
    ),
    Room(
        "Объективность",
        "tests/unit/analysis/objectivity/test_against_reference.py",
        lambda module, statistic, given: module.STATISTICS[statistic](json.loads(given)),
    ),
)


@dataclass(frozen=True)
class Line:
    """A case with both values in words; `difference` is NaN where texts are compared."""

    room_ru: str
    statistic_ru: str
    source: str
    expected: str
    found: str
    difference: float
    tolerance: float


def lines() -> Iterator[Line]:
    """Evaluate all cases."""
    for room in ROOMS:
        path = ROOT / room.test
        module = _module(path)
        for case in csv.DictReader(path.with_name("reference_cases.csv").read_text("utf-8").splitlines()):
            yield _line(room, module, case)


def _module(path: Path) -> ModuleType:
    sys.path.insert(0, str(ROOT))
    spec = importlib.util.spec_from_file_location(f"reference_{path.parent.name}", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _line(room: Room, module: ModuleType, case: dict[str, str]) -> Line:
    statistic = case["statistic"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = room.evaluate(module, statistic, case["input"])
        is_library = case["expected"] in {"numpy", "scipy", "statsmodels", "sklearn"}
        wanted = room.library(module, statistic) if is_library and room.library else json.loads(case["expected"])
    title = TITLES_RU.get(statistic) or TITLES_RU[statistic.partition(".")[0]] + _term_ru(statistic)
    if isinstance(wanted, str):
        same = 0.0 if found == wanted else float("inf")
        return Line(room.title_ru, title, case["source"], f"{wanted[:12]}…", f"{str(found)[:12]}…", same, 0.0)
    values, other = np.ravel(np.array(found, dtype=float)), np.ravel(np.array(wanted, dtype=float))
    known = ~np.isnan(other)
    gap = float(np.max(np.abs(values - other)[known], initial=0.0))
    return Line(room.title_ru, title, case["source"], _numbers(other), _numbers(values), gap, float(case["tolerance"]))


_TERMS_RU = {
    "intercept": "среднее",
    "intercept_error": "ошибка среднего",
    "slope": "наклон",
    "slope_error": "ошибка наклона",
    "between_variance": "дисперсия между группами",
    "within_variance": "дисперсия внутри",
    "within_deviation": "отклонение внутри",
    "deviance": "−2 ln L",
    "effect_1": "эффект группы",
    "effect_5": "эффект группы",
    "silhouette_2": "k = 2",
    "silhouette_3": "k = 3",
    "low": "низ",
    "high": "верх",
    "share": "доля",
    "deviation": "s",
    "distance": "d",
}


def _term_ru(statistic: str) -> str:
    return f": {_TERMS_RU[statistic.partition('.')[2]]}"


def _numbers(values: np.ndarray) -> str:
    shown = ["—" if np.isnan(value) else f"{value:.6g}" for value in values[:4]]
    return "; ".join(shown).replace(".", ",").replace("-", "−") + (" …" if len(values) > 4 else "")


def table() -> str:
    """Return the cases as a Markdown table."""
    rows = ["| № | Статистика | Источник | Должно быть | У нас | Разность |", "| --- | --- | --- | --- | --- | --- |"]
    room = ""
    for number, line in enumerate(lines(), start=1):
        if line.room_ru != room:
            room = line.room_ru
            rows.append(f"| | **{room}** | | | | |")
        gap = f"{line.difference:.0e}".replace("e-0", "e-").replace("-", "−") if line.difference >= 1e-12 else "0"
        source = line.source.replace("|", "\\|")
        rows.append(f"| {number} | {line.statistic_ru} | {source} | {line.expected} | {line.found} | {gap} |")
    return "\n".join(rows)


def main() -> None:
    made = table()
    if "--write" not in sys.argv[1:]:
        print(made)
        return
    text = PAGE.read_text("utf-8")
    pattern = re.compile(f"{re.escape(MARKS[0])}.*?{re.escape(MARKS[1])}", re.S)
    PAGE.write_text(pattern.sub(lambda _: f"{MARKS[0]}\n\n{made}\n\n{MARKS[1]}", text), "utf-8")


if __name__ == "__main__":
    main()
