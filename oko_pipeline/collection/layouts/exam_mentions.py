"""Mentions of schools in files of exams, so that codes of ОГЭ and ЕГЭ and names are linked like all other keys."""

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from oko_pipeline.catalogue.tables import SCHOOL_MENTIONS
from oko_pipeline.collection.aggregates import typed_rows
from oko_pipeline.collection.forms.schools import mention_row


def code_mentions(keys: Iterable[tuple[object, object]]) -> pd.DataFrame:
    """Return mentions of the codes in a protocol: (school key, kind of exam) of every row."""
    counts = Counter((key, str(kind).endswith("9") or kind == "oge") for key, kind in keys if isinstance(key, str))
    rows: dict[str, dict[str, object]] = {}
    for (key, is_nine), count in counts.items():
        row = rows.setdefault(key, mention_row(key, None) | {"rows_count": 0})
        row["oge_code" if is_nine else "ege_code"] = key
        row["rows_count"] = int(str(row["rows_count"])) + count
    return typed_rows(SCHOOL_MENTIONS, list(rows.values()))


def name_mentions(schools: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Return mentions of schools that a table names under their municipality; the key is «name|municipality»."""
    rows = [
        mention_row(f"{name}|{place}", name) | {"municipality_source": place, "municipality_name": place}
        for name, place in sorted(schools)
    ]
    return typed_rows(SCHOOL_MENTIONS, rows)
