"""Published shares to compare with: the country's where a file has them, else the region's."""

from typing import Final

import pandas as pd

_LEVELS: Final = {"country": 0, "region": 1}
_PARTS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "mark_2_share": (("mark", "2"),),
    "mark_5_share": (("mark", "5"),),
    "good_level_share": (("mark", "4"), ("mark", "5")),
    "base_level_share": (("mark", "3"), ("mark", "4"), ("mark", "5")),
    "journal_lower_share": (("journal", "lower"),),
    "journal_same_share": (("journal", "same"),),
    "journal_higher_share": (("journal", "higher"),),
}


def published_benchmarks(published: pd.DataFrame) -> pd.DataFrame:
    """Return benchmarks of rows of `published_results`: assessment_id, indicator_code, value (0 to 1), reference_code.

    Of several units the country goes before the region, then the one with more participants, then the first by code.
    """
    found = published[published["unit_level"].isin(list(_LEVELS)) & published["value_percent"].notna()]
    found = found.assign(
        place=found["unit_level"].map(_LEVELS),
        reference_code=found["unit_code"].fillna(found["unit_source"]),
        size=-found["participants_count"].fillna(0).astype("float64"),
    ).sort_values(["assessment_id", "place", "size", "reference_code", "file_sha256"])
    item_key = ["assessment_id", "reference_code", "measure", "item"]
    found = found.drop_duplicates(item_key)
    blocks: list[pd.DataFrame] = []
    for indicator, parts in _PARTS.items():
        wanted = pd.MultiIndex.from_tuples(parts)
        own = found[pd.MultiIndex.from_frame(found[["measure", "item"]]).isin(wanted)]
        sums = own.groupby(["assessment_id", "reference_code"], sort=False).agg(
            value=("value_percent", "sum"), parts=("item", "size"), place=("place", "min"), size=("size", "min")
        )
        sums = sums[sums["parts"] == len(parts)].reset_index().sort_values(["assessment_id", "place", "size"])
        blocks.append(sums.drop_duplicates("assessment_id").assign(indicator_code=indicator))
    table = pd.concat(blocks, ignore_index=True)
    table = table.assign(value=(table["value"] / 100).clip(0.0, 1.0))
    return table[["assessment_id", "indicator_code", "value", "reference_code"]]
