"""What the graph shows of issued documents: counts that make a trend, what changed in which document, links."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import dagster as dg
import pandas as pd

from assets.document_issue import Issued, is_issued
from assets.inputs import frame_fingerprint, records
from assets.kept_figures import read_figures
from assets.metadata import Link, Metadata, document_links, markdown_table
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.campaigns import campaign
from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.catalogue.tables import DOCUMENT_CHANGES, DOCUMENTS
from resources.workplace import Workplace

_ROWS_SHOWN: Final = 40
_CHANGES_SHOWN: Final = 3
_NOT_ISSUED: Final = "Не выпускаются: вида нет в настройке OKO_DOCUMENTS."
_NOTHING: Final = "Ничего: содержание документов прежнее."


def issue_metadata(workplace: Workplace, school_year: str, issued: Mapping[str, Issued]) -> Metadata:
    """Return what the graph shows of an issue of documents.

    Args:
        workplace: the stores.
        school_year: the year.
        issued: what was issued, by kind.
    """
    documents = workplace.database.read(DOCUMENTS, {"school_year": school_year, "kind": list(issued)})
    written = {path for one in issued.values() for path in one.written}
    # A first issue has nothing to be compared with.
    again = documents[documents["path"].isin(written) & (documents["issue_number"] > 1)]
    changes = _changes(workplace, school_year, again)
    none_issued = documents.empty and not any(is_issued(workplace, kind) for kind in issued)
    listed = dg.MetadataValue.md(_documents_table(workplace, documents))
    return {
        "dagster/row_count": len(documents),
        "написано": len(written),
        "без изменений": sum(one.unchanged_count for one in issued.values()),
        "изменилось документов": len(again),
        "изменилось чисел": len(changes),
        "что изменилось": dg.MetadataValue.md(_changes_table(workplace, again, changes)),
        "документы": _NOT_ISSUED if none_issued else listed,
        **({"по видам": dg.MetadataValue.md(_kinds_table(documents, issued))} if len(issued) > 1 else {}),
        **document_links(workplace.reports, school_year),
    }


def _changes(workplace: Workplace, school_year: str, again: pd.DataFrame) -> pd.DataFrame:
    """Return the changes of numbers in the last issues of some documents, in order."""
    if again.empty:
        return DOCUMENT_CHANGES.empty()
    where = {"school_year": school_year, "document_id": again["document_id"].tolist()}
    changes = workplace.database.read(DOCUMENT_CHANGES, where)
    last = changes["document_id"].map(dict(zip(again["document_id"], again["issue_number"], strict=True)))
    return changes[changes["issue_number"] == last]


def _changes_table(workplace: Workplace, again: pd.DataFrame, changes: pd.DataFrame) -> str:
    if again.empty:
        return _NOTHING
    told = {str(name): own for name, own in changes.groupby("document_id")}
    rows: list[dict[str, Any]] = []
    for row in records(again.sort_values("document_id").head(_ROWS_SHOWN)):
        own = told.get(str(row["document_id"]))
        rows.append(
            {
                "документ": _named(workplace, row),
                "выпуск": row["issue_number"],
                "чисел": 0 if own is None else len(own),
                "было → стало": _told(own, row, workplace),
            }
        )
    return _with_rest(pd.DataFrame(rows), len(again))


def _told(changes: pd.DataFrame | None, row: Mapping[str, Any], workplace: Workplace) -> str:
    """Return the first changes of a document; of one with codes of people nothing is told beside it."""
    if row["is_restricted"]:
        return "в документе"
    if changes is None or changes.empty:
        kept = read_figures(workplace.reports, str(row["school_year"]), str(row["document_id"]))
        return "числа не сличаются" if kept["now"] is None else "только текст"
    shown = changes.head(_CHANGES_SHOWN)
    parts = [
        f"{place}: {was} → {became}"
        for place, was, became in zip(shown["place"], shown["was"], shown["became"], strict=True)
    ]
    return "; ".join(parts) + ("; …" if len(changes) > len(shown) else "")


def _documents_table(workplace: Workplace, documents: pd.DataFrame) -> str:
    shown = documents.sort_values("path").head(_ROWS_SHOWN)
    rows = [
        {"документ": _named(workplace, row), "выпуск": row["issue_number"], "написан": row["rendered_at"]}
        for row in records(shown)
    ]
    return _with_rest(pd.DataFrame(rows, columns=["документ", "выпуск", "написан"]), len(documents))


def _kinds_table(documents: pd.DataFrame, issued: Mapping[str, Issued]) -> str:
    counts = documents["kind"].value_counts()
    rows = [
        {
            "вид": document_kinds()[kind].title_ru,
            "документов": int(counts.get(kind, 0)),
            "написано": len(one.written),
            "без изменений": one.unchanged_count,
        }
        for kind, one in issued.items()
    ]
    return markdown_table(pd.DataFrame(rows), _ROWS_SHOWN)


def _with_rest(rows: pd.DataFrame, whole: int) -> str:
    rest = f"\n\n… и ещё {whole - len(rows)}" if whole > len(rows) else ""
    return markdown_table(rows, _ROWS_SHOWN) + rest


def _named(workplace: Workplace, row: Mapping[str, Any]) -> str | Link:
    """Return the unit and title of a document, a link to its page where the page has an address."""
    code = row["campaign_code"]
    of_campaign = "" if pd.isna(code) else f", {campaign(str(code)).short_ru}"
    name = f"{row['unit_code']} {row['title_ru']}{of_campaign}"
    url = page_address(workplace.settings.page_url, str(row["school_year"]), str(row["document_id"]))
    return name if url is None else Link(name, url)


def page_address(page_url: str | None, school_year: str, document_id: str) -> str | None:
    """Return the address of a document on the page of documents, None when the page has none."""
    if page_url is None:
        return None
    return f"{page_url.rstrip('/')}/documents/{quote(school_year)}/{quote(document_id, safe=':')}"


def issue_version(workplace: Workplace, school_year: str, kinds: Sequence[str]) -> dg.DataVersion:
    """Return the data version of the documents of some kinds: the fingerprint of what they say."""
    where = {"school_year": school_year, "kind": list(kinds)}
    rows = workplace.database.read(DOCUMENTS, where, ["kind", "document_id", "context_sha256"])
    return dg.DataVersion(combine(*(frame_fingerprint(rows[rows["kind"] == kind].iloc[:, 1:]) for kind in kinds)))
