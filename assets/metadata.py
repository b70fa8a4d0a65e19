"""What a person sees beside an asset in the Dagster UI: counts, small tables, previews, links to documents."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandas as pd

from resources.report_store import ReportStore

Metadata = dict[str, Any]
_ROWS_SHOWN = 15
_CELL_WIDTH = 160
_MARKUP = re.compile(r"[\\`\[\]|]")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control signs, among them those that turn the direction of reading: «exe.xslx» must not look like «xlsx.exe»."""


@dataclass(frozen=True, slots=True)
class Link:
    """A cell of a table that leads somewhere; `address` is quoted as addresses are, and of this program's making."""

    text: str
    address: str


def markdown_table(frame: pd.DataFrame, rows: int = _ROWS_SHOWN) -> str:
    """Return the first rows of a frame as a Markdown table, with a note when there are more."""
    shown = frame.head(rows)
    header = "| " + " | ".join(shown.columns) + " |\n|" + " --- |" * len(shown.columns)
    lines = ["| " + " | ".join(_cell(value) for value in row) + " |" for row in shown.itertuples(index=False)]
    more = f"\n\n… и ещё {len(frame) - rows}" if len(frame) > rows else ""
    return "\n".join([header, *lines]) + more


def _cell(value: object) -> str:
    if isinstance(value, Link):
        return f"[{plain_markdown(value.text)}]({value.address})"
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):  # noqa: PLR0124
        return "—"
    text = f"{value:.3f}".rstrip("0").rstrip(".").replace(".", ",") if isinstance(value, float) else str(value)
    flat = text.replace("\n", " ")
    short = flat if len(flat) <= _CELL_WIDTH else f"{flat[: _CELL_WIDTH - 1]}…"
    return plain_markdown(short)


def plain_markdown(text: str) -> str:
    """Return a text of a file (a name, a cell) as Markdown shows it letter by letter: no link, picture, HTML, table."""
    return _MARKUP.sub(r"\\\g<0>", _UNSEEN.sub("", text)).replace("<", "&lt;")


def table_metadata(frame: pd.DataFrame, columns: Sequence[str]) -> Metadata:
    """Return the row count and a small table of chosen columns."""
    return {"dagster/row_count": len(frame), "строки": dg.MetadataValue.md(markdown_table(frame[list(columns)]))}


def severity_counts(findings: pd.DataFrame) -> Metadata:
    """Return how many findings of each severity there are: numbers that make a trend from run to run."""
    counts = findings["severity"].value_counts()
    titles = {"error": "ошибок", "warning": "предупреждений", "note": "к сведению"}
    return {title: int(counts.get(severity, 0)) for severity, title in titles.items()}


def territory_results(summary: pd.DataFrame) -> Metadata:
    """Return numbers of the whole territory that make a trend from run to run.

    Args:
        summary: rows of `result_summary` of all schools together; subgroups are left out.
    """
    whole = summary[summary["subgroup"] == "all"]
    marks = {mark: int(whole[f"mark_{mark}_count"].sum()) for mark in (2, 3, 4, 5)}
    marked = sum(marks.values())
    shown: Metadata = {
        "работ": len(whole),
        "участий": int(whole["participants_count"].sum()),
        "отсутствовали": int(whole["absent_count"].sum()),
    }
    return shown | ({"доля «2», %": round(100 * marks[2] / marked, 2)} if marked else {})


def file_table(files: pd.DataFrame) -> dg.MetadataValue:
    """Return counts of files by layout and state."""
    counts = files.groupby(["layout_code", "status"], dropna=False).size().rename("файлов").reset_index()
    return dg.MetadataValue.md(
        markdown_table(counts.rename(columns={"layout_code": "форма", "status": "состояние"}), 40)
    )


def document_links(reports: ReportStore, relative: str) -> dict[str, dg.MetadataValue]:
    """Return the path of a document, to copy, and its address, to click, when the folder is served."""
    links: dict[str, dg.MetadataValue] = {"путь": dg.MetadataValue.path(str(reports.path(relative)))}
    url = reports.url(relative)
    if url is not None:
        links["открыть"] = dg.MetadataValue.url(url)
    return links
