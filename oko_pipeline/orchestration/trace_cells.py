"""From a work, an exam or a row of a register to the cells of files. Sheets, columns and rows only, never people."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from assets.inputs import EVERY_YEAR
from oko_pipeline.analysis.units import NO_CLASS
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.tables import FILES, SCHOOLS, TASKS
from oko_pipeline.errors import StorageError
from oko_pipeline.orchestration.trace_tree import Desk, Node, range_text
from oko_pipeline.quality import column_letter
from oko_pipeline.reporting.vpr.note_works import work_title
from oko_pipeline.works import Works, task_column

_COLUMNS_RU: Final = {
    "primary_score": "первичный балл",
    "journal_mark": "отметка по журналу",
    "reported_mark": "отметка за работу",
    "variant": "вариант",
    "class_label": "класс",
}
_TASK: Final = re.compile(r"^task_(\d+)$")
_WHERE_COLUMNS: Final = ("file_sha256", "source_row", "school_code", "class_label")
SCORES: Final = ("primary_score",)
JOURNAL: Final = ("primary_score", "journal_mark")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of observation: its level and code as tables write them."""

    level: str
    code: str

    def title(self, desk: Desk) -> str:
        """Return how people call the unit."""
        if self.level == "all":
            return "все ОО"
        school, _, letter = self.code.partition("|")
        if self.level in {"school", "class"}:
            found = desk.workplace.database.read(SCHOOLS, desk.where | {"school_code": school}, ["school_name"])
            name = f"{found['school_name'].iloc[0]} ({school})" if len(found) else school
            return f"{name}, класс {letter or 'без литеры'}" if self.level == "class" else name
        return {"municipality": "муниципалитет", "region": "регион"}.get(self.level, self.level) + f" {self.code}"


def file_paths(desk: Desk) -> dict[str, str]:
    """Return the path of each file version by SHA-256; of equal copies the accepted one."""
    years = {"school_year": [desk.school_year, EVERY_YEAR]}
    files = desk.workplace.database.read(FILES, years, ["path", "file_sha256", "status"])
    ordered = files.assign(last=files["status"].eq("accepted")).sort_values("last", kind="stable")
    return dict(zip(ordered["file_sha256"], ordered["path"], strict=True))


def work_node(desk: Desk, assessment_id: str, unit: Unit, columns: Sequence[str] = SCORES) -> Node:
    """Return a work of a unit with the cells of files below it.

    Args:
        desk: the stores.
        assessment_id: the work.
        unit: whose pupils.
        columns: columns of the frame of works (`primary_score`, `task_03`) that the figure is made of.
    """
    key = AssessmentKey.parse(assessment_id)
    node = Node(f"работа «{work_title(key, key.campaign_code)}» ({assessment_id}): {unit.title(desk)}")
    try:
        works = desk.workplace.works.read(desk.school_year, assessment_id, _WHERE_COLUMNS)
    except StorageError:
        return node.add(Node("работ в закрытом хранилище нет: строки удалены или год не собран"))
    rows = works.rows[_of_unit(desk, works.rows, unit)]
    paths = file_paths(desk)
    titles = _task_titles(desk, assessment_id)
    for sha, own in rows.groupby("file_sha256", sort=True):
        node.add(_file_node(works, str(sha), own["source_row"].tolist(), (paths, columns, titles)))
    if not node.children:
        node.add(Node("строк этой единицы в файлах работы нет"))
    return node


def file_cells(desk: Desk, assessment_id: str, sha: str) -> list[Node]:
    """Return the sheet and rows of a work that one file holds."""
    try:
        works = desk.workplace.works.read(desk.school_year, assessment_id, _WHERE_COLUMNS)
    except StorageError:
        return [file_node(file_paths(desk), sha)]
    rows = works.rows.loc[works.rows["file_sha256"].eq(sha), "source_row"].tolist()
    return [_file_node(works, sha, rows, (file_paths(desk), SCORES, {}))]


def _of_unit(desk: Desk, rows: pd.DataFrame, unit: Unit) -> pd.Series:
    if unit.level == "school":
        return rows["school_code"].eq(unit.code)
    if unit.level == "class":
        school, _, letter = unit.code.partition("|")
        labels = rows["class_label"].fillna("").str.strip().str.lower().replace({"": NO_CLASS, "нет": NO_CLASS})
        return rows["school_code"].eq(school) & labels.eq(letter)
    column = {"municipality": "municipality_code", "region": "region_code"}.get(unit.level)
    if column is None:
        return pd.Series(data=True, index=rows.index)
    schools = desk.workplace.database.read(SCHOOLS, desk.where | {column: unit.code}, ["school_code"])
    return rows["school_code"].isin(schools["school_code"])


def _task_titles(desk: Desk, assessment_id: str) -> dict[str, str]:
    where = desk.where | {"assessment_id": assessment_id}
    tasks = desk.workplace.database.read(TASKS, where, ["position", "task_code"])
    return {
        task_column(int(place)): f"задание {code}"
        for place, code in zip(tasks["position"], tasks["task_code"], strict=True)
    }


def _file_node(
    works: Works, sha: str, rows: list[int], told: tuple[Mapping[str, str], Sequence[str], Mapping[str, str]]
) -> Node:
    paths, columns, titles = told
    node = file_node(paths, sha)
    cells = works.cells.get(sha)
    if cells is None:
        return node.add(Node(f"строки {range_text(rows)}", is_cells=True))
    for name in columns:
        index = cells.columns.get(name)
        if index is None:
            continue
        letter = column_letter(index)
        title = titles.get(name) or _COLUMNS_RU.get(name, name)
        node.add(Node(f"лист «{cells.sheet}», столбец {letter} ({title}): {range_text(rows, letter)}", is_cells=True))
    if not node.children:
        node.add(Node(f"лист «{cells.sheet}», строки {range_text(rows)}", is_cells=True))
    return node


def file_node(paths: Mapping[str, str], sha: str) -> Node:
    """Return the line of a file."""
    return Node(f"файл {paths.get(sha, 'которого уже нет во входящей папке')} (SHA-256 {sha[:12]}…)")


def row_node(paths: Mapping[str, str], row: Mapping[str, object]) -> Node | None:
    """Return the file, sheet and row that a row of a table was read from; None when it was not read from a file."""
    sha, number = row.get("file_sha256"), row.get("source_row")
    if not isinstance(sha, str) or number is None:
        return None
    sheet = f"лист «{row['source_sheet']}», " if row.get("source_sheet") else ""
    return file_node(paths, sha).add(Node(f"{sheet}строка {number}", is_cells=True))


def rows_nodes(paths: Mapping[str, str], rows: pd.DataFrame) -> list[Node]:
    """Return the files and row ranges of many rows: counts and places, nobody's data."""
    nodes: list[Node] = []
    has_sheet = "source_sheet" in rows.columns
    for sha, own in rows.groupby("file_sha256", sort=True):
        node = file_node(paths, str(sha))
        sheets = own.groupby("source_sheet", dropna=False) if has_sheet else [("", own)]
        for sheet, part in sheets:
            place = f"лист «{sheet}», " if isinstance(sheet, str) and sheet else ""
            numbers = [int(number) for number in part["source_row"].dropna()]
            node.add(Node(f"{place}строк: {len(part)} ({range_text(numbers)})", is_cells=True))
        nodes.append(node)
    return nodes


def frame_columns(name: str) -> tuple[str, ...]:
    """Return the columns of works that a column of a result table is made of."""
    if name.startswith("journal_"):
        return JOURNAL
    if _TASK.match(name):
        return (name,)
    return SCORES
