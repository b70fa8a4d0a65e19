"""Registers of a direction summed over the schools of a municipality."""

from collections.abc import Iterator
from typing import Final

from oko_pipeline.catalogue.direction_notes import RegisterCut
from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import Rows
from oko_pipeline.reporting.directions.view import NoteView
from oko_pipeline.reporting.labels import answer_ru
from oko_pipeline.reporting.sections import Spec, row, section, table

_MOST_ROWS: Final = 24


def registers_section(view: NoteView) -> Spec | None:
    """Return a table a register of the direction; registers that nobody filled in are left out."""
    return section(tables=[_cut_table(view, cut) for cut in view.note.registers])


def _cut_table(view: NoteView, cut: RegisterCut) -> Spec | None:
    rows = view.register(cut.table)
    if not rows:
        return None
    register = record_tables()[cut.table]
    told: list[Spec] = []
    for title, own, is_group in _groups(rows, cut):
        told.append(row(title, kind="group") if is_group else row(title, *_cells(view, cut, own)))
    columns = [(register.column(cut.by[-1]).title_ru, 4.0, "text")]
    columns += [(register.column(name).title_ru, 1.6, "number") for name in cut.sums]
    columns += [(title, 1.6, "number") for title, *_ in cut.parts]
    return table(cut.title_ru, columns, told[:_MOST_ROWS])


def _groups(rows: Rows, cut: RegisterCut) -> Iterator[tuple[str, Rows, bool]]:
    """Return the answers of the cut's columns in the order of the form: title, rows, whether it is a heading."""
    first, *rest = cut.by
    for value in _answers(rows, first):
        own = rows.where(**{first: value})
        yield _label(own, first), own, bool(rest)
        for name in rest:
            for inner in _answers(own, name):
                deeper = own.where(**{name: inner})
                yield _label(deeper, name), deeper, False


def _answers(rows: Rows, name: str) -> list[object]:
    found = {one[name] for one in rows if one[name] is not None}
    choices = list(record_tables()[rows.table].column(name).choices)
    return sorted(
        found, key=lambda value: (choices.index(str(value)) if str(value) in choices else 99, ru.natural(str(value)))
    )


def _label(rows: Rows, name: str) -> str:
    text = ru.sentence_start(answer_ru(rows[0], name))
    return f"{text}{ru.NBSP}класс" if name.endswith("grade") and text.isdigit() else text


def _cells(view: NoteView, cut: RegisterCut, rows: Rows) -> list[str]:
    limit = view.data.settings.hide_below
    sums = {name: sum(one[name] or 0 for one in rows) for name in {*cut.sums, *(n for p in cut.parts for n in p[1:])}}
    cells: list[str] = []
    for name in cut.sums:
        if all(one[name] is None for one in rows):
            cells.append(ru.DASH)
        elif cut.is_sensitive and 0 < sums[name] < limit:
            cells.append(f"менее{ru.NBSP}{limit}")
        else:
            cells.append(view.figures.total(rows, name))
    for title, part, whole in cut.parts:
        if sums[whole] < view.data.settings.claim_from or (cut.is_sensitive and 0 < sums[part] < limit):
            cells.append(ru.DASH)
            continue
        how = f"{title.removesuffix(', %')}: {part} / {whole}"
        cells.append(view.figures.computed(sums[part] / sums[whole], how, rows, form="percent_number"))
    return cells
