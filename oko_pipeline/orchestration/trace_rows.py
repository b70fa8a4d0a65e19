"""Walks the graph of ids: rows of tables back to what they were made of, and forward to what came of them.

A table needs no adapter of its own: the columns that all tables share tell where a row leads (a work, an indicator, a
file, evidence, a finding, a recommendation, a decision, a measure).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from oko_pipeline.catalogue.all_tables import all_tables, restricted_tables
from oko_pipeline.catalogue.contracts import ColumnType, Table
from oko_pipeline.catalogue.indicators import Indicator, indicators
from oko_pipeline.catalogue.records import record_contracts, record_tables
from oko_pipeline.catalogue.tables import ASSESSMENTS, TASKS
from oko_pipeline.orchestration.trace_cells import (
    Unit,
    file_paths,
    frame_columns,
    row_node,
    rows_nodes,
    work_node,
)
from oko_pipeline.orchestration.trace_tree import Desk, Node, records, several, shortened
from oko_pipeline.works import task_column

Row = Mapping[str, Any]
ID_COLUMNS: Final = (
    "finding_id", "recommendation_id", "word_id", "effect_id", "measure_id", "conclusion_id", "opening_id", "record_id",
    "signal_id",
)  # fmt: skip
"""Columns that name one row of a table for people: each is looked for in every table that has it."""

_NUMBERS: Final = {
    "decisions": "decision_number",
    "measures": "measure_number",
    "events": "event_number",
    "recommendations_log": "recommendation_number",
    "roadmap_plan": "row_number",
    "indicator_changes": "indicator_code",
    "evidence_documents": "document_number",
}
"""Registers whose rows people call by a number."""

_KIND_TABLES: Final = {
    "finding": ("findings", "finding_id"),
    "recommendation": ("recommendations", "recommendation_id"),
    "decision": ("decisions", "record_id"),
    "measure": ("measures", "record_id"),
    "event": ("events", "record_id"),
}
_PLACES: Final = {kind: place for place, kind in enumerate(_KIND_TABLES)}
_KINDS_RU: Final = {
    "finding": "вывод", "recommendation": "рекомендация", "decision": "решение", "measure": "мера",
    "event": "мероприятие",
}  # fmt: skip
_LISTS: Final = {"finding_ids": ("findings", "finding_id"), "record_ids": ("measures", "record_id")}
"""Columns that hold several ids of another table."""

_TELLING: Final = ("text_ru", "reason_ru", "title_ru", "title", "message", "comment")
ANALYSIS: Final = "analysis"
"""Stage of tables whose rows are computed from the works of a year."""

NO_CODE: Final = "—"
"""What stands where a measure names no indicator."""

_MOST: Final = 12
_DEEPEST: Final = 7


@dataclass(frozen=True, slots=True)
class Walker:
    """Walks over the tables of a year.

    `seen` holds the rows on the tree, so that a circle of links ends; `read` the rows that were asked for before.
    """

    desk: Desk
    paths: Mapping[str, str]
    seen: set[tuple[str, ...]] = field(default_factory=set)
    read: dict[str, list[Row]] = field(default_factory=dict)

    @classmethod
    def at(cls, desk: Desk) -> "Walker":
        """Return a walker of a year."""
        return cls(desk, file_paths(desk))

    def find(self, text: str) -> list[tuple[Table, Row]]:
        """Return the rows that people mean by an id or a number of a register."""
        found: list[tuple[Table, Row]] = []
        for table in all_tables().values():
            columns = [name for name in ID_COLUMNS if name in table.column_names]
            if _NUMBERS.get(table.name):
                columns.append(_NUMBERS[table.name])
            for column in columns:
                if column in {"finding_id", "recommendation_id"} and table.name in {"cycle_links", "decision_drafts"}:
                    continue
                found += [(table, row) for row in self.rows(table, {column: text})]
        return found

    def node(self, table: Table, row: Row, depth: int = 0) -> Node:
        """Return a row with what it was made of and what came of it."""
        node = Node(f"{table.title_ru}: {_told(row)} [{table.name}, {_key_text(table, row)}]")
        key = (table.name, *(str(row[name]) for name in table.key))
        if key in self.seen or depth > _DEEPEST:
            return node
        self.seen.add(key)
        back = [*self._back(table, row, depth)]
        forward = [*self._forward(table, row, depth)]
        if back:
            node.add(Node("из чего сделано").add(*several(back, _MOST, "источников")))
        if forward:
            node.add(Node("что из этого вышло").add(*several(forward, _MOST, "следующих записей")))
        return node

    def indicator(self, code: str, unit: Unit | None = None, breakdown: str | None = None) -> list[Node]:
        """Return the values of an indicator with the rows and cells that they were counted from."""
        indicator = indicators()[code]
        table = all_tables()["indicator_values"]
        where = {"indicator_code": code}
        if unit is not None:
            where |= {"unit_level": unit.level, "unit_code": unit.code}
        rows = [row for row in self.rows(table, where) if breakdown is None or row["breakdown"] == breakdown]
        if unit is None:
            rows = [row for row in rows if row["unit_level"] != "school"] or rows
        nodes = [
            Node(
                f"{indicator.title_ru}: {_value(row)} — {Unit(row['unit_level'], row['unit_code']).title(self.desk)} "
                f"[indicator_values, {_key_text(table, row)}]"
            ).add(*self._indicator_sources(indicator, Unit(row["unit_level"], row["unit_code"])))
            for row in rows
        ]
        if unit is not None and not nodes:
            nodes = self._indicator_sources(indicator, unit)
        return several(nodes, _MOST, "значений")

    def exam(self, exam_code: str, unit: Unit | None = None) -> list[Node]:
        """Return the summaries of an exam and the files, sheets and rows of its results; counts only, no people."""
        table = all_tables()["exam_summary"]
        where: dict[str, str] = {"exam_code": exam_code, "category": "all"}
        if unit is not None:
            where |= {"unit_level": unit.level, "unit_code": unit.code}
        shown = [row for row in self.rows(table, where) if unit is not None or row["unit_level"] != "school"]
        return [
            Node(
                f"итоги экзамена {exam_code}: {Unit(row['unit_level'], row['unit_code']).title(self.desk)}, "
                f"участников {row['participants_count']} [exam_summary, {_key_text(table, row)}]"
            ).add(*self._exam_files(exam_code, Unit(row["unit_level"], row["unit_code"])))
            for row in shown
        ]

    def rows(self, table: Table, where: Mapping[str, object]) -> list[Row]:
        """Return the year's rows of a table that match; several values of a column accept any, None asks nothing."""
        known = {name: _asked(table, name, value) for name, value in where.items() if value is not None}
        asked = f"{table.name}{sorted(known.items())}"
        if asked not in self.read:
            self.read[asked] = list(records(self.desk.workplace.database.read(table, self.desk.where | known)))
        return self.read[asked]

    def _back(self, table: Table, row: Row, depth: int) -> Iterator[Node]:
        if (own := row_node(self.paths, row)) is not None:
            yield own
        if table.name == "quality_findings":
            yield faulty_cell(row)
        if table.name not in _RESULTS_OF_NO_WORK and (made := self._work(table, row)) is not None:
            yield made
        elif isinstance(row.get("exam_code"), str) and (unit := _unit_of(row)) is not None:
            yield from self._exam_files(str(row["exam_code"]), unit)
        elif table.stage == ANALYSIS and table.name != "indicator_values":
            yield from self._works_of_year(row)
        yield from self._measured(table, row)
        yield from self._evidence(row, depth)
        yield from self._named(table, row, depth)
        yield from self._came_from(table, row, depth)

    def _measured(self, table: Table, row: Row) -> Iterator[Node]:
        code = row.get("indicator_code")
        if table.name == "indicator_values" and code in indicators():
            yield from self._indicator_sources(indicators()[code], Unit(row["unit_level"], row["unit_code"]))
        elif isinstance(code, str) and table.name != "indicator_changes":
            yield from self._cited(code, row)

    def _named(self, table: Table, row: Row, depth: int) -> Iterator[Node]:
        """Yield the rows whose ids or numbers a row holds."""
        for column, (name, key) in _LISTS.items():
            for one in _listed(row.get(column)):
                yield from self._linked(name, {key: one}, depth)
        if table.name in record_contracts():
            yield from self._referred(table.name, row, depth)
        elif table.name == "measure_effects":
            for column, name in (("recommendation_ref", "recommendations_log"), ("decision_ref", "decisions")):
                if row.get(column):
                    yield from self._linked(name, {_NUMBERS[name]: row[column]}, depth)

    def _forward(self, table: Table, row: Row, depth: int) -> Iterator[Node]:
        yield from self._chained(table, row, depth, is_forward=True)
        if table.name == "measures":
            for effect in self.rows(all_tables()["measure_effects"], {"measure_number": row["measure_number"]}):
                if str(row["record_id"]) in _listed(effect["record_ids"]):
                    yield self.node(all_tables()["measure_effects"], effect, depth + 1)
        if table.name in {"measure_effects", "roadmap_plan", "indicator_changes"}:
            subject = row.get("measure_id") or row.get("record_id")
            yield from self._linked("year_conclusions", {"subject_id": subject}, depth)
        if table.name == "year_conclusions":
            yield from self._linked("next_year_openings", {"conclusion_id": row["conclusion_id"]}, depth)

    def _came_from(self, table: Table, row: Row, depth: int) -> Iterator[Node]:
        """Yield what a row of the cycle comes of: the recommendation of a decision, the finding of a recommendation."""
        yield from self._chained(table, row, depth, is_forward=False)

    def _chained(self, table: Table, row: Row, depth: int, *, is_forward: bool) -> Iterator[Node]:
        """Yield the rows that stand after (or before) a row in the chain from findings to events.

        A finding refers to its recommendation, the rows of registers refer back to what they come of: where a link
        leads is told by the kinds of its ends, not by who refers to whom.
        """
        kind = next((kind for kind, (name, _) in _KIND_TABLES.items() if name == table.name), None)
        if kind is None:
            return
        own, links = str(row[_KIND_TABLES[kind][1]]), all_tables()["cycle_links"]
        for near, far in (("from", "to"), ("to", "from")):
            for link in self.rows(links, {f"{near}_kind": kind, f"{near}_id": own}):
                other = str(link[f"{far}_kind"])
                if (_PLACES[other] > _PLACES[kind]) is not is_forward:
                    continue
                if link[f"{far}_id"]:
                    name, key = _KIND_TABLES[other]
                    yield from self._linked(name, {key: link[f"{far}_id"]}, depth)
                else:
                    yield Node(f"ссылка в никуда: {_KINDS_RU[other]} № {link[f'{far}_number']}")

    def _linked(self, name: str, where: Mapping[str, object], depth: int) -> Iterator[Node]:
        table = all_tables().get(name)
        if table is None:
            return
        for row in self.rows(table, where):
            if (name, *(str(row[key]) for key in table.key)) not in self.seen:
                yield self.node(table, row, depth + 1)

    def _referred(self, name: str, row: Row, depth: int) -> Iterator[Node]:
        """Yield the rows of registers that a row of a register names («№ решения»), those of the same owner first."""
        for column in record_tables()[name].columns:
            for number in _numbers(row.get(column.name)) if column.refers_to else ():
                other, key = str(column.refers_to).split(".")
                table = all_tables().get(other)
                found = self.rows(table, {key: number}) if table is not None else []
                own = [one for one in found if one.get("school_code") == row.get("school_code")]
                for one in own or found[:1]:
                    if table is not None and (other, *(str(one[k]) for k in table.key)) not in self.seen:
                        yield self.node(table, one, depth + 1)

    def _evidence(self, row: Row, depth: int) -> Iterator[Node]:
        """Yield the rows that a conclusion stands on: pairs of table and key, or keys of its `evidence_table`."""
        for one in _parsed(row.get("evidence")):
            name = row.get("evidence_table")
            key = one
            if isinstance(one, dict) and "table" in one:
                name, key = one["table"], one.get("key", {k: v for k, v in one.items() if k != "table"})
            table = all_tables().get(str(name))
            if table is None:
                if isinstance(one, str):
                    yield from (self.node(own, found, depth + 1) for own, found in self.find(one))
                elif str(name) in restricted_tables():
                    yield Node(f"строка закрытой таблицы {name}: сведения об отдельных людях не показываются")
                continue
            if isinstance(key, Sequence) and not isinstance(key, str):
                key = dict(zip(table.key, key, strict=False))
            if isinstance(key, Mapping):
                where = {str(k): v for k, v in key.items() if k in table.column_names and k != "school_year"}
                yield from self._linked(table.name, where, depth)

    def _work(self, table: Table, row: Row) -> Node | None:
        """Return the work that a row of results was counted from, with its cells."""
        assessment, level = row.get("assessment_id"), row.get("unit_level")
        code = row.get("unit_code") or row.get("school_code")
        if not isinstance(assessment, str) or not isinstance(code, str) or assessment.count(":") != 3:
            return None
        unit = Unit(str(level or "school"), code)
        return work_node(self.desk, assessment, unit, self.columns_of(table, row, assessment))

    def _works_of_year(self, row: Row) -> Iterator[Node]:
        """Yield the works of a unit in the year, for results that are made of all of them."""
        unit = _unit_of(row)
        if unit is None:
            return
        where = {"unit_level": unit.level, "unit_code": unit.code, "subgroup": "all"}
        found = self.rows(all_tables()["result_summary"], where)
        works = [work_node(self.desk, str(one["assessment_id"]), unit) for one in found[:_MOST]]
        if works:
            yield Node(f"посчитано по работам единицы за год: {len(found)}").add(*works)

    def columns_of(self, table: Table, row: Row, assessment: str) -> tuple[str, ...]:
        """Return the columns of works under a row of results."""
        if isinstance(position := row.get("position"), int):
            return (task_column(position),)
        if isinstance(codes := row.get("task_codes"), str):
            tasks = self.rows(TASKS, {"assessment_id": assessment})
            by_code = {str(task["task_code"]): int(task["position"]) for task in tasks}
            return tuple(task_column(by_code[one]) for one in codes.split(";") if one in by_code) or ("primary_score",)
        is_journal = "journal" in str(row.get("metric") or "") or "journal" in table.name
        return frame_columns("journal_" if is_journal else "primary_score")

    def _cited(self, cell: str, row: Row) -> Iterator[Node]:
        for code in _numbers(cell):
            if code == NO_CODE:
                continue
            if code not in indicators():
                yield Node(f"показатель {code}: в каталоге его нет, см. реестр показателей (indicator_changes)")
                continue
            unit = _unit_of(row)
            node = Node(f"показатель {code} — {indicators()[code].title_ru}")
            yield node.add(*(self.indicator(code, unit) if unit is not None else ()))

    def _indicator_sources(self, indicator: Indicator, unit: Unit) -> list[Node]:
        name = indicator.table
        if name == "exam_summary":
            frame = self.desk.workplace.database.read(all_tables()[name], self.desk.where)
            codes = sorted(frame.loc[_fits(frame, indicator), "exam_code"].unique())
            nodes = [node for code in codes for node in self.exam(code, unit)]
            return several(nodes, _MOST, "экзаменов")
        table = all_tables().get(name) or restricted_tables()[name]
        rows = self._source_rows(table, indicator, unit)
        if "file_sha256" in rows.columns:
            return rows_nodes(self.paths, rows) or [Node(f"строк реестра «{table.title_ru}» нет")]
        if "assessment_id" not in rows.columns:
            return [Node(f"таблица {name} («{table.title_ru}»), строк: {len(rows)}")]
        known = set(self.desk.workplace.database.read(ASSESSMENTS, self.desk.where)["assessment_id"])
        ids = [one for one in sorted(rows["assessment_id"].dropna().unique()) if one in known]
        made = [
            Node(f"таблица {name}, работа {one}, столбцы {', '.join((*indicator.numerator, *indicator.points))}").add(
                work_node(self.desk, one, unit)
            )
            for one in ids
        ]
        return several(made, _MOST, "работ")

    def _source_rows(self, table: Table, indicator: Indicator, unit: Unit) -> pd.DataFrame:
        if table.is_restricted:
            store = self.desk.workplace.records
            if not store.has(self.desk.school_year, table.name):
                return table.empty()
            frame = store.read(self.desk.school_year, table.name, _places(table, indicator))
        else:
            frame = self.desk.workplace.database.read(table, self.desk.where)
        frame = frame[_fits(frame, indicator)]
        if "unit_level" in frame.columns:
            return frame[frame["unit_level"].eq(unit.level) & frame["unit_code"].eq(unit.code)]
        column = {"school": "school_code", "municipality": "municipality_code"}.get(unit.level)
        if column is None or column not in frame.columns:
            return frame
        if column == "municipality_code":
            schools = self.rows(all_tables()["schools"], {"municipality_code": unit.code})
            codes = [str(school["school_code"]) for school in schools]
            return frame[frame["school_code"].isin(codes) | frame[column].eq(unit.code)]
        return frame[frame[column].eq(unit.code)]

    def _exam_files(self, exam_code: str, unit: Unit) -> list[Node]:
        store, year = self.desk.workplace.records, self.desk.school_year
        if not store.has(year, "exam_results"):
            return [Node("протоколов экзамена в закрытом хранилище нет")]
        table = restricted_tables()["exam_results"]
        names = ("exam_code", "school_code", "file_sha256", "source_sheet", "source_row")
        rows = store.read(year, "exam_results", [name for name in names if name in table.column_names])
        rows = rows[rows["exam_code"].eq(exam_code)]
        if unit.level == "school":
            rows = rows[rows["school_code"].eq(unit.code)]
        elif unit.level in {"municipality", "region"}:
            schools = self.rows(all_tables()["schools"], {f"{unit.level}_code": unit.code})
            rows = rows[rows["school_code"].isin([school["school_code"] for school in schools])]
        return rows_nodes(self.paths, rows)


def _asked(table: Table, column: str, value: object) -> Any:
    """Return a value in the type of its column."""
    if isinstance(value, list | tuple):
        return [_asked(table, column, one) for one in value]
    if isinstance(value, bool):
        return value
    return int(str(value)) if table.column(column).type is ColumnType.INTEGER else str(value)


_RESULTS_OF_NO_WORK: Final = frozenset({"quality_findings", "files", "documents"})


def _places(table: Table, indicator: Indicator) -> list[str]:
    """Return the columns of a table about people that a trace may read: places and what the indicator chooses by."""
    wanted = {"school_code", "municipality_code", "file_sha256", "source_sheet", "source_row", *indicator.where}
    return [name for name in table.column_names if name in wanted]


def _fits(frame: pd.DataFrame, indicator: Indicator) -> pd.Series:
    fits = pd.Series(data=True, index=frame.index)
    for column, values in indicator.where.items():
        if column not in frame.columns:
            continue
        texts = frame[column].astype("str")
        patterns = [value[1:] for value in values if value.startswith("~")]
        plain = [value for value in values if not value.startswith("~")]
        matched = texts.isin(plain)
        for pattern in patterns:
            matched |= texts.str.fullmatch(pattern)
        fits &= matched
    return fits


def faulty_cell(row: Row) -> Node:
    """Return the file and cell of a finding about data."""
    place = ", ".join(
        part
        for part in (
            f"лист «{row['sheet']}»" if row["sheet"] else "",
            f"ячейка {row['cell']}" if row["cell"] else f"строка {row['row']}" if row["row"] else "",
        )
        if part
    )
    node = Node(f"файл {row['file_path'] or '—'} (SHA-256 {str(row['file_sha256'] or '')[:12]}…)")
    return node.add(Node(place or "файл целиком: все листы и строки", is_cells=True))


def _unit_of(row: Row) -> Unit | None:
    if row.get("unit_level") and row.get("unit_code"):
        return Unit(str(row["unit_level"]), str(row["unit_code"]))
    if row.get("owner_level") in {"school", "municipality"}:
        return Unit(str(row["owner_level"]), str(row["owner_code"]))
    for level in ("school", "municipality"):
        if row.get(f"{level}_code"):
            return Unit(level, str(row[f"{level}_code"]))
    return None


def _told(row: Row) -> str:
    return next((shortened(str(row[name])) for name in _TELLING if row.get(name)), "строка таблицы")


def _key_text(table: Table, row: Row) -> str:
    return ", ".join(f"{name} = {row[name]}" for name in table.key if name != "school_year")


def _value(row: Row) -> str:
    if row["value"] is None:
        return "значения нет"
    shown = f"{row['value']:.1f}".replace(".", ",")
    return f"{shown} (n = {row['n']})" if row["n"] is not None else shown


def _numbers(cell: object) -> list[str]:
    return [part.strip() for part in re.split("[;]", cell) if part.strip()] if isinstance(cell, str) else []


def _parsed(cell: object) -> list[Any]:
    if not isinstance(cell, str):
        return []
    try:
        found = json.loads(cell)
    except json.JSONDecodeError:
        # Some tables tell their evidence in words: there is nothing to walk along.
        return []
    return found if isinstance(found, list) else [found]


def _listed(cell: object) -> list[str]:
    return [str(one) for one in _parsed(cell)]
