"""A solver attacks all open tables of a year: `python -m bench.public_attack HOME YEAR …`.

The attacker knows all that is published (table `public_cells`) and, beside it, how many people each hidden school
had in each work. For every hidden cell a linear program gives the lowest and the highest possible count. A cell is
recovered when they differ by less than the rule demands.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from assets.public import suppression_options
from oko_pipeline.analysis.public.public_cells import PublicSources, open_counts
from oko_pipeline.catalogue.tables import RESULT_SUMMARY, SCHOOLS
from oko_pipeline.catalogue.tables_exams import EXAM_SUMMARY
from oko_pipeline.catalogue.tables_public import PUBLIC_CATEGORIES, PUBLIC_CELLS
from oko_pipeline.settings import Settings
from resources.workplace import Workplace, open_workplace


def main(home: Path, years: list[str]) -> None:
    """Print, for each year, how many tables and hidden cells were attacked and how many were recovered."""
    office = open_workplace(Settings.load(home=home))
    for year in years:
        widths = list(attack(office, year))
        protection = suppression_options(office).protection
        recovered = sum(width < min(protection, size) for width, size in widths)
        tables = office.database.read(PUBLIC_CELLS, {"school_year": year})[["result_id", "municipality_code"]]
        sys.stdout.write(
            f"{year}: открытых таблиц {len(tables.drop_duplicates())}, скрытых ячеек под атакой {len(widths)}, "
            f"раскрыто {recovered}, самый узкий промежуток {min((width for width, _ in widths), default='—')}\n"
        )
    office.close()


def attack(office: Workplace, year: str) -> Iterator[tuple[float, int]]:
    """Yield, for each hidden cell, the width of its feasible interval and the size of its group."""
    where = {"school_year": year}
    cells = office.database.read(PUBLIC_CELLS, where)
    own = where | {"unit_level": "school"}
    truth = open_counts(
        PublicSources(
            office.database.read(RESULT_SUMMARY, own | {"subgroup": "all"}),
            office.database.read(EXAM_SUMMARY, own | {"category": "all"}),
            office.database.read(SCHOOLS, where),
        )
    )
    sizes = truth.set_index(["result_id", "school_code"])[list(PUBLIC_CATEGORIES)].sum(axis=1)
    for (result_id, _), group in cells.groupby(["result_id", "municipality_code"]):
        total = group[group["unit_level"] == "municipality"].set_index("category")["people_count"]
        if total.isna().any():
            continue
        total = total.reindex(list(PUBLIC_CATEGORIES)).astype("int64")
        schools = group[group["unit_level"] == "school"]
        shown = schools[schools["people_count"].notna()].groupby("category")["people_count"].sum()
        hidden = sorted(set(schools.loc[~schools["state"].isin(["shown", "empty"]), "unit_code"]))
        if not hidden:
            continue
        rest = total - shown.reindex(total.index).fillna(0).astype("int64")
        known = [int(sizes[result_id, code]) for code in hidden]
        used = total.to_numpy() > 0
        yield from _widths(rest, known, used)


def _widths(rest: pd.Series, sizes: list[int], used: np.ndarray) -> Iterator[tuple[float, int]]:
    from scipy.optimize import linprog

    groups, width = len(sizes), len(rest)
    equations = [np.tile(np.eye(width)[category], groups) for category in range(width)]
    equations += [np.repeat(np.eye(groups)[group], width) for group in range(groups)]
    values = [*rest.to_numpy(), *sizes]
    for group in range(groups):
        for category in np.flatnonzero(used):
            aim = np.zeros(groups * width)
            aim[group * width + category] = 1
            ends = [
                sign * linprog(sign * aim, A_eq=np.array(equations), b_eq=values, bounds=(0, None), method="highs").fun
                for sign in (1, -1)
            ]
            yield round(ends[1] - ends[0], 6), sizes[group]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
