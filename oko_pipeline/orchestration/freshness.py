"""Freshness of sources: an asset check that tells, year by year, which kinds of data did not come by their terms.

It warns and stops nothing: a year is done without a source that is late, and says what is left out.
"""

from datetime import timedelta

import dagster as dg
import pandas as pd

from checks.factory import results_check
from oko_pipeline.catalogue.schedules import open_years
from oko_pipeline.catalogue.sources import source_kinds
from oko_pipeline.catalogue.tables import SLICES
from oko_pipeline.catalogue.tables_sources import SOURCE_COMPLETENESS
from oko_pipeline.catalogue.wording import counted
from resources.workplace import Workplace

STALE_DAYS = 4
"""Terms are compared on workdays: a longer gap means that the schedule does not run."""


def freshness_rows(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Return whether sources came by their terms: a row for each kind of data with a term, one for the comparison.

    Columns as of `quality_results` that people are shown: title, counts, observed, passed.
    """
    today = workplace.clock.now().date()
    rows = workplace.database.read(SOURCE_COMPLETENESS, {"school_year": school_year})
    awaited = rows[rows["due_on"].notna() & ~rows["is_optional"] & (rows["state"] != "not_applicable")]
    known = source_kinds()
    found = [_compared(workplace, school_year)]
    for kind, own in awaited.groupby("kind", sort=True):
        late = own[own["state"] == "late"]
        units = sorted(set(late["unit_code"].astype("str")))
        told = f"{counted(len(units), ('единица', 'единицы', 'единиц'))}: {', '.join(units[:10])}" if units else ""
        due = " и ".join(sorted(set(own["due_on"].astype("str"))))
        title = known[str(kind)].title_ru
        found.append(_row(f"«{title}» пришло к сроку ({due})", len(own), len(late), told))
    if school_year not in open_years(today):
        # Of a closed year nobody compares terms any more.
        found = found[1:]
    columns = ["title_ru", "checked_count", "unexpected_count", "observed", "is_passed", "is_blocking", "severity"]
    return pd.DataFrame(found, columns=columns).astype({"is_passed": bool, "is_blocking": bool})


def _compared(workplace: Workplace, school_year: str) -> dict[str, object]:
    where = {"school_year": school_year, "table_name": SOURCE_COMPLETENESS.name}
    written = workplace.database.read(SLICES, where, ["written_at"])["written_at"].astype("str")
    limit = (workplace.clock.now() - timedelta(days=STALE_DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    last = str(written.max()) if len(written) else ""
    is_fresh = last >= limit
    observed = "" if is_fresh else (f"последний раз {last[:10]}" if last else "ни разу")
    return _row(f"Сроки сверены не раньше чем {STALE_DAYS} дня назад", 1, int(not is_fresh), observed)


def _row(title: str, checked: int, unexpected: int, observed: str) -> dict[str, object]:
    return {
        "title_ru": title,
        "checked_count": checked,
        "unexpected_count": unexpected,
        "observed": observed,
        "is_passed": unexpected == 0,
        "is_blocking": False,
        "severity": "warning",
    }


def freshness_checks() -> list[dg.AssetChecksDefinition]:
    """Return the checks of freshness, partitioned by school year as all checks are."""
    return [
        results_check(
            SOURCE_COMPLETENESS.name,
            "sources_are_fresh",
            "Источники пришли к своим срокам, и сроки сверяются: что опоздало и у кого. Только предупреждает.",
            freshness_rows,
            blocking=False,
        )
    ]
