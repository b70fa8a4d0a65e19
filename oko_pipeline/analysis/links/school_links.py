"""Links between measures of schools: procedure with procedure, results with conditions, with other registers."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.links.measures import RESULTS
from oko_pipeline.analysis.links.options import CORRELATION_METHOD, LinkOptions
from oko_pipeline.analysis.links.wording import Counted, correlation_statement, strength
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_items import RESULT_LINKS
from oko_pipeline.statistics.false_discovery import benjamini_hochberg
from oko_pipeline.statistics.rank_correlation import Correlation, bonett_wright
from oko_pipeline.statistics.size_tiers import size_tier

GROUP: Final = "schools"


def measure_pairs(measures: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Give the pairs worth asking about, by the frame of `complete_measures`.

    Works of one subject; works of one campaign and grade; a result with a measure of another family — of the same
    subject where that measure has one, else the campaign's mean. Everything with everything would drown what matters.
    """
    known = measures.drop_duplicates("measure").sort_values("measure")
    own = known[known["family"] == RESULTS]
    works = {text: AssessmentKey.parse(text) for text in own["measure"] if ":" in text}
    means = [text for text in own["measure"] if ":" not in text]
    names = list(works)
    for place, left in enumerate(names):
        for right in names[place + 1 :]:
            one, other = works[left], works[right]
            is_same_class = (one.campaign_code, one.paper_grade) == (other.campaign_code, other.paper_grade)
            if is_same_class or one.subject_code == other.subject_code:
                yield left, right
    for place, left in enumerate(means):
        yield from ((left, right) for right in means[place + 1 :])
    for row in known[known["family"] != RESULTS].itertuples():
        subject = row.subject_code if isinstance(row.subject_code, str) else None
        same_subject = [text for text, key in works.items() if key.subject_code == subject]
        yield from ((left, str(row.measure)) for left in (same_subject or means))


def school_links(measures: pd.DataFrame, schools: pd.DataFrame, options: LinkOptions) -> pd.DataFrame:
    """Return `result_links` of schools: Spearman's correlations over all schools and within municipalities.

    A value that rests on fewer pupils than the method asks for counts as unknown. Municipalities with too few schools
    have no rows; over all schools a pair with too few of them is told as such.

    Args:
        measures: the frame of `complete_measures`.
        schools: rows of the table `schools`, for the municipality of a school.
        options: thresholds.
    """
    own = options.correlation
    # A value behind which no pupils stand (a condition, a count) has no n: it is known as it is.
    usable = measures[~(measures["n"] < own.value_minimum_n) | ~(measures["n"] > 0)]
    if usable.empty:
        return RESULT_LINKS.empty()
    wide = usable.set_index(["unit_code", "measure"])["value"].unstack("measure")  # noqa: PD010
    titles = usable.drop_duplicates("measure").set_index("measure")["title_ru"].to_dict()
    scopes = _scopes(wide.index, schools, own.minimum_schools)
    values = {str(name): wide[name].to_numpy(dtype=np.float64) for name in wide.columns}
    rows: list[dict[str, object]] = []
    for left, right in measure_pairs(usable):
        one, other = values[left], values[right]
        has_one, has_other = ~np.isnan(one), ~np.isnan(other)
        for level, code, members in scopes:
            both = members & has_one & has_other
            count = int(both.sum())
            if level != "all" and count < own.minimum_schools:
                continue
            found = bonett_wright(one[both], other[both])
            word = strength(found, own.minimum_schools, own)
            missing = int((members & (has_one != has_other)).sum())
            rows.append(
                {
                    "left_measure": left,
                    "right_measure": right,
                    "left_title_ru": titles[left],
                    "right_title_ru": titles[right],
                    "unit_level": level,
                    "unit_code": code,
                    "observations_count": count,
                    "schools_count": count,
                    "missing_count": missing,
                    **correlation_cells(found, word, Counted(count, missing, "ОО")),
                }
            )
    return links_table(rows, {"link_group": GROUP, "observation": "school", "statistic": "spearman"}, options)


def _scopes(codes: pd.Index, schools: pd.DataFrame, minimum: int) -> list[tuple[str, str, np.ndarray]]:
    """Return level, code and members of the scopes: all schools, and municipalities with enough of them."""
    municipality = pd.Series(codes).map(schools.set_index("school_code")["municipality_code"])
    counts = municipality.value_counts()
    large = sorted(str(code) for code in counts[counts >= minimum].index)
    own = [("municipality", code, (municipality == code).to_numpy()) for code in large]
    return [("all", "all", np.ones(len(codes), dtype=bool)), *own]


def correlation_cells(found: Correlation, word: str, counted: Counted) -> dict[str, object]:
    """Return the cells of a row that tell of a correlation; without enough observations there is no value."""
    is_told = word != "too_few"
    return {
        "estimate": found.estimate if is_told else np.nan,
        "estimate_low": found.low if is_told else np.nan,
        "estimate_high": found.high if is_told else np.nan,
        "p_value": found.p_value if is_told else np.nan,
        "strength": word,
        "statement_ru": correlation_statement(found, word, counted),
        "is_comparable": is_told,
    }


def links_table(
    rows: list[dict[str, object]],
    same: dict[str, str],
    options: LinkOptions,
    method_id: str = CORRELATION_METHOD,
) -> pd.DataFrame:
    """Make `result_links` of rows: year, what is the `same` in all of them, tiers, q-values over them, method."""
    if not rows:
        return RESULT_LINKS.empty()
    frame = pd.DataFrame(rows).assign(school_year=options.school_year, **same, **method_columns(method_id))
    return RESULT_LINKS.conform(
        frame.assign(
            q_value=benjamini_hochberg(frame["p_value"]),
            size_tier=[size_tier(int(n), options.tier_bounds) for n in frame["observations_count"]],
        )
    )
