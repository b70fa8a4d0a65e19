"""Registers of the year: procedures, measuring materials, indicators, acts, programmes of training, practices."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.labels import answer_ru, day_ru
from oko_pipeline.reporting.registries.scope import Scope, scopes, sorted_rows
from oko_pipeline.reporting.sections import Spec, finished, heading, row, section, table

ENTRIES: Final = ("запись", "записи", "записей")


@dataclass(frozen=True, slots=True)
class Register:
    """A register of the year: its table, the caption, its columns (name, relative width), the columns of its order."""

    table: str
    caption: str
    columns: tuple[tuple[str, float], ...]
    order: tuple[str, ...]


REGISTERS: Final[Mapping[str, Register]] = {
    "procedures": Register(
        "procedure_schedule",
        "Перечень оценочных процедур года",
        (("procedure", 2.6), ("title", 3.4), ("subject", 1.8), ("grade", 1.0), ("planned_on", 1.5), ("held_on", 1.5),
         ("minutes", 1.0), ("participants_count", 1.2), ("status", 1.6)),
        ("planned_on", "procedure_number"),
    ),
    "materials": Register(
        "item_bank",
        "Банк контрольно-измерительных материалов",
        (("title", 3.6), ("kind", 2.2), ("education_level", 1.8), ("subject", 1.8), ("grade", 0.9),
         ("tasks_count", 1.0),
         ("has_specification", 1.3), ("has_codifier", 1.3), ("has_demo", 1.3), ("expertise", 1.8)),
        ("education_level", "item_set_number"),
    ),
    "indicators": Register(
        "indicator_changes",
        "Перечень показателей",
        (("title", 5.0), ("direction", 2.6), ("change", 1.6), ("use", 2.2),
         ("norm_value", 1.1), ("approved_on", 1.5)),
        ("direction", "indicator_code"),
    ),
    "acts": Register(
        "evidence_documents",
        "Документы",
        (("kind", 2.2), ("title", 4.0), ("act_number", 1.4), ("act_on", 1.5), ("direction", 2.6),
         ("valid_until_on", 1.5)),
        ("kind", "act_on", "document_number"),
    ),
    "training": Register(
        "training_needs",
        "Заявка на повышение квалификации",
        (("theme", 3.4), ("position", 2.4), ("subject", 2.0), ("need_count", 1.4), ("requested_count", 1.4),
         ("basis", 2.6), ("wanted_from_on", 1.6)),
        ("theme", "position"),
    ),
    "programmes": Register(
        "dpp_registry",
        "Дополнительные профессиональные программы",
        (("title", 4.0), ("organisation", 3.0), ("theme", 2.6), ("hours", 0.9), ("expertise", 2.0),
         ("valid_until_on", 1.5)),
        ("programme_number",),
    ),
    "practices": Register(
        "practice_bank",
        "Банк эффективных практик",
        (("title", 3.8), ("kind", 2.2), ("direction", 2.4), ("problem", 3.0), ("level", 1.8),
         ("used_by_schools_count", 1.6)),
        ("direction", "practice_number"),
    ),
}  # fmt: skip


def registers_of(level: str) -> Callable[[CycleData], Iterator[Content]]:
    """Return the builder of the registers of the units of a level that filled in any."""

    def build(data: CycleData) -> Iterator[Content]:
        for scope in scopes(data, level):
            sections = {name: _section(scope, register) for name, register in REGISTERS.items()}
            if not any(sections.values()):
                continue
            context = heading(data, level, scope.code, "Реестры системы оценки качества") | {"sections": sections}
            yield Content(scope.code, finished(context, data, scope.figures))

    return build


def _section(scope: Scope, register: Register) -> Spec | None:
    rows = scope.register(register.table)
    if not rows:
        return None
    catalogue = record_tables()[register.table]
    used = [(name, width) for name, width in register.columns if any(one[name] is not None for one in rows)]
    columns = [
        (catalogue.column(name).title_ru, width, "number" if name.endswith(("_count", "_value", "minutes")) else "text")
        for name, width in used
    ]
    told = [row(*_cells(scope, one, [name for name, _ in used])) for one in sorted_rows(rows, *register.order)]
    text = f"В реестре {scope.figures.count(rows, ENTRIES)}."
    return section(text=[text], tables=[table(register.caption, columns, told)])


def _cells(scope: Scope, one: Row, names: Sequence[str]) -> list[str]:
    return [cell(scope, one, name) for name in names]


def cell(scope: Scope, one: Row, name: str) -> str:
    """Return a cell of a register as a document writes it: answers by their labels, dates, numbers, yes and no."""
    value = one[name]
    if value is None:
        return ru.DASH
    if isinstance(value, bool):
        return "да" if value else "нет"
    if name.endswith("_on"):
        return day_ru(value)
    if isinstance(value, float | int):
        is_whole = float(value).is_integer()
        return scope.figures.whole(one, name) if is_whole else scope.figures.decimal(one, name)
    return answer_ru(one, name)
