"""Proof that the duties of the programmes are served: every binding exists and depends on the data that is needed.

What exists is asked of the composed graph (assets, their inputs, checks) and of the catalogues. An asset depends on a
kind of data when one of the kind's ways in stands among its ancestors. Two things that everything stands below prove
nothing and are cut: the inbox with the list of schools, and the gate of data quality (an asset with inputs of its own
waits for it, but does not read through it).
"""

import ast
import importlib.util
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Final

import dagster as dg
from rich.console import Console
from rich.table import Table

from oko_pipeline.catalogue.all_tables import all_tables, any_table, restricted_tables
from oko_pipeline.catalogue.bindings import (
    ANY,
    DOCUMENTS_BY_NAME,
    SERVED_BY_NAME,
    Binding,
    BindingRule,
    Target,
    asset_of_table,
    bind,
    table_places,
)
from oko_pipeline.catalogue.documents import document_assets
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.programmes import KINDS_RU, LEVELS_RU, Duty, programmes, register_duties
from oko_pipeline.catalogue.records import record_forms, record_tables
from oko_pipeline.catalogue.rules import rules
from oko_pipeline.catalogue.sources import WORKS_STORE, Way, covered_kinds, needed_kinds
from oko_pipeline.errors import CatalogueError
from oko_pipeline.orchestration.build import build_defs
from oko_pipeline.orchestration.sources_page import source_parts

INBOX: Final = "result_files"
SCHOOL_LIST: Final = "schools"
GATES: Final = frozenset({"quality_findings", "quality_results", "source_completeness"})
OVERVIEWS: Final[dict[str, frozenset[str]]] = {
    "source_completeness": frozenset(),
    "roadmap_execution": frozenset({"records_management", "records_evidence"}),
    "roadmap_reminders": frozenset({"records_management", "records_evidence"}),
    "direction_checklist": frozenset({"records_management", "records_evidence"}),
    "findings": frozenset({"records_management"}),
    "recommendations": frozenset({"records_management"}),
    "cycle_links": frozenset({"records_management"}),
    "year_conclusions": frozenset({"records_management", "measure_effects"}),
    "year_opening": frozenset({"records_management"}),
}
"""Assets that look at everything: they prove no more than the registers named here."""
_COLLECTION: Final = "collection"
_DOCUMENTS: Final = "documents"
_NOT_DATA: Final = frozenset({"check", "rule", "command"})
"""Targets that may serve beside those that hold the data."""
_PIPE_WIDTH: Final = 240
_HEADS: Final = ("Строка", "Обязанность", "Чем обслужена", "Что и где видно")
_WIDTHS: Final = (4, 6, 6, 8)


@dataclass(frozen=True, slots=True)
class Graph:
    """The graph of assets: inputs, stage and module of each, and the checks «asset.check»."""

    inputs: Mapping[str, frozenset[str]]
    groups: Mapping[str, str]
    modules: Mapping[str, str]
    checks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Existing:
    """What exists: the graph, tables, indicators, forms, documents, commands, rules, ways in of the kinds of data."""

    graph: Graph
    tables: frozenset[str]
    indicators: Mapping[str, str]
    forms: frozenset[str]
    documents: Mapping[str, str]
    commands: frozenset[str]
    rules: frozenset[str]
    ways: Mapping[str, tuple[Way, ...]]


@dataclass(frozen=True, slots=True)
class Served:
    """A duty, what serves it, and why it is not served after all; no faults: served."""

    duty: Duty
    bindings: tuple[Binding, ...]
    faults: tuple[str, ...]


def graph_of(defs: dg.Definitions) -> Graph:
    """Return the graph of some definitions in plain names."""
    specs = list(defs.resolve_all_asset_specs())
    modules = {
        key.to_user_string(): _module_of(one)
        for one in defs.assets or ()
        if isinstance(one, dg.AssetsDefinition)
        for key in one.keys
    }
    checks = [spec for check in defs.asset_checks or () for spec in check.check_specs]  # pyright: ignore[reportAttributeAccessIssue]
    return Graph(
        {spec.key.to_user_string(): frozenset(dep.asset_key.to_user_string() for dep in spec.deps) for spec in specs},
        {spec.key.to_user_string(): str(spec.group_name) for spec in specs},
        modules,
        frozenset(f"{spec.asset_key.to_user_string()}.{spec.name}" for spec in checks),
    )


def _module_of(asset: dg.AssetsDefinition) -> str:
    compute = getattr(asset.op, "compute_fn", None)
    return str(getattr(getattr(compute, "decorated_fn", None), "__module__", ""))


def existing(commands: Collection[str], defs: dg.Definitions | None = None) -> Existing:
    """Return what exists in this program; the caller names its commands."""
    return Existing(
        graph=graph_of(defs or build_defs()),
        tables=frozenset({WORKS_STORE, *all_tables(), *restricted_tables()}),
        indicators={code: one.table for code, one in indicators().items()},
        forms=frozenset(record_forms()),
        documents=document_assets(),
        commands=frozenset(commands),
        rules=frozenset(rules()),
        ways=covered_kinds(source_parts()),
    )


class Proof:
    """Judges bindings against what exists; remembers what each asset depends on."""

    def __init__(self, parts: Existing) -> None:
        self._parts = parts
        self._kinds: dict[str, frozenset[str]] = {}
        self._by_table = self._kinds_by_table()
        self._by_asset = self._kinds_by_asset()

    def judge(self, duty: Duty, rules_of: Sequence[BindingRule] | None = None) -> Served:
        """Return a duty with what serves it and every fault of its bindings."""
        bindings = bind(duty, rules_of)
        faults = [f"нет правила для вида данных {need}" for need in duty.needs if not _has(bindings, need)]
        for binding in bindings:
            faults += self._faults(duty, binding)
        return Served(duty, bindings, tuple(faults))

    def _faults(self, duty: Duty, binding: Binding) -> Iterable[str]:
        missing = [text for target in binding.targets if (text := self._missing(target)) is not None]
        if missing:
            yield from (f"{binding.rule_id}: {text}" for text in missing)
            return
        proven = {target: self.kinds_of(target) for target in map(_Plain, binding.targets)}
        for need in binding.needs:
            if not any(need in kinds for kinds in proven.values()):
                yield f"{binding.rule_id}: ничто из названного не зависит от вида данных {need}"
        if binding.rule_id == SERVED_BY_NAME:
            return
        if binding.rule_id == DOCUMENTS_BY_NAME and _DOCUMENTS in duty.needs:
            # The duty asks for this very document to be there, not for anything that it were made of.
            return
        for target, kinds in proven.items():
            if target.kind not in _NOT_DATA and not kinds & set(duty.needs):
                yield f"{binding.rule_id}: {target.kind}:{target.name} не зависит ни от одного нужного вида данных"

    def _missing(self, target: Target) -> str | None:
        known: dict[str, Collection[str]] = {
            "asset": self._parts.graph.inputs,
            "check": self._parts.graph.checks,
            "table": self._parts.tables,
            "indicator": self._parts.indicators,
            "form": self._parts.forms,
            "document": self._parts.documents,
            "command": self._parts.commands,
            "rule": self._parts.rules,
        }
        if target.name not in known[target.kind]:
            return f"нет {target.address}"
        if target.kind == "document" and self._parts.documents[target.name] not in self._parts.graph.inputs:
            return f"документ {target.name} выпускать нечему: нет ассета {self._parts.documents[target.name]}"
        if target.kind == "indicator" and self._parts.indicators[target.name] not in self._parts.tables:
            return f"показателю {target.name} не из чего считаться: нет таблицы {self._parts.indicators[target.name]}"
        return _strange_conditions(target)

    def kinds_of(self, target: "Target | _Plain") -> frozenset[str]:
        """Return the kinds of data that a target depends on."""
        name = target.name
        match target.kind:
            case "asset":
                found = self._of_asset(name)
            case "check":
                found = self._of_asset(name.partition(".")[0])
            case "document":
                found = self._of_asset(self._parts.documents[name])
            case "table":
                found = self._of_table(name)
            case "indicator":
                found = self._of_table(self._parts.indicators[name])
            case "form":
                found = frozenset().union(*(self._of_table(one.name) for one in record_forms()[name].tables))
            case _:
                found = frozenset()
        return found

    def _of_table(self, name: str) -> frozenset[str]:
        if name in self._by_table:
            return self._by_table[name]
        if name in record_tables():
            return frozenset()
        asset = asset_of_table(name)
        return self._of_asset(asset) if asset in self._parts.graph.inputs else frozenset()

    def _of_asset(self, name: str) -> frozenset[str]:
        if name not in self._kinds:
            self._kinds[name] = frozenset()
            found = set(self._by_asset.get(name, ()))
            for above in self._data_inputs(name):
                found |= self._of_asset(above)
            for table, place in table_places().items():
                if name in place.readers:
                    found |= self._by_table.get(table, frozenset())
            self._kinds[name] = frozenset(found)
        return self._kinds[name]

    def _data_inputs(self, name: str) -> frozenset[str]:
        graph = self._parts.graph
        if name in OVERVIEWS:
            return OVERVIEWS[name] & graph.inputs.keys()
        above = graph.inputs.get(name, frozenset()) - {INBOX}
        if graph.groups.get(name) == _COLLECTION:
            return above - {SCHOOL_LIST}
        own = above - GATES
        if own or name == INBOX:
            return own
        return frozenset().union(*(self._data_inputs(gate) for gate in above & GATES))

    def _kinds_by_table(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for kind, ways in self._parts.ways.items():
            for way in ways:
                for table in way.tables:
                    if table in self._parts.tables:
                        found.setdefault(table, set()).add(kind)
        return {table: frozenset(kinds) for table, kinds in found.items()}

    def _kinds_by_asset(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for table, kinds in self._by_table.items():
            asset = asset_of_table(table)
            if asset != INBOX:
                found.setdefault(asset, set()).update(kinds)
        return found


@dataclass(frozen=True, slots=True)
class _Plain:
    """A target without its conditions: it can be a key."""

    kind: str
    name: str

    def __init__(self, target: Target) -> None:
        object.__setattr__(self, "kind", target.kind)
        object.__setattr__(self, "name", target.name)


def unread_tables(graph: Graph) -> list[str]:
    """Return the faults of tables said to be read beside the graph: the reader's module must name the table."""
    return [
        f"{reader} не читает {table}"
        for table, place in table_places().items()
        for reader in place.readers
        if table.upper() not in _names_in(graph.modules.get(reader, ""))
    ]


@cache
def _names_in(module: str) -> frozenset[str]:
    spec = importlib.util.find_spec(module) if module else None
    if spec is None or spec.origin is None:
        return frozenset()
    tree = ast.parse(Path(spec.origin).read_text("utf-8"))
    return frozenset(
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute)
    )


def _has(bindings: Sequence[Binding], need: str) -> bool:
    return any(need in binding.needs for binding in bindings)


def _strange_conditions(target: Target) -> str | None:
    if not target.where:
        return None
    table = any_table(target.name)
    for column, values in target.where.items():
        if column not in table.column_names:
            return f"в таблице {target.name} нет столбца {column}"
        allowed = table.column(column).allowed
        strange = [value for value in values if allowed and value not in {*allowed, ANY}]
        if strange:
            return f"в столбце {target.name}.{column} не бывает {strange}"
    return None


def judged(parts: Existing, duties: Sequence[Duty]) -> tuple[Served, ...]:
    """Return each duty with what serves it and the faults of that."""
    proof = Proof(parts)
    return tuple(proof.judge(duty) for duty in duties)


def coverage_line(served: Sequence[Served]) -> str:
    """Return the last line of `oko coverage`: how many of the register's duties are served."""
    done = {one.duty.duty_id for one in served if not one.faults}
    return f"served {sum(duty.duty_id in done for duty in register_duties())} of {len(register_duties())}"


@dataclass(frozen=True, slots=True)
class Shown:
    """Which duties are printed: of a programme, of some ids (with `*`), a random choice of so many by a seed."""

    programme: str | None = None
    ids: tuple[str, ...] = ()
    sample: int | None = None
    seed: int = 0

    def duties(self) -> tuple[Duty, ...]:
        """Return the duties, in the order of their programmes.

        Raises:
            CatalogueError: for a programme or an id that there is none of.
        """
        if self.programme is not None and self.programme not in programmes():
            raise CatalogueError(f"Программы «{self.programme}» нет; есть: {', '.join(programmes())}.")
        duties = register_duties() if self.programme is None else programmes()[self.programme].duties
        if strange := [one for one in self.ids if not any(fnmatchcase(duty.duty_id, one) for duty in duties)]:
            raise CatalogueError(f"Обязанностей с такими кодами нет: {', '.join(strange)}.")
        if self.ids:
            duties = tuple(duty for duty in duties if any(fnmatchcase(duty.duty_id, one) for one in self.ids))
        if self.sample is None or self.sample >= len(duties):
            return tuple(duties)
        chance = random.Random(self.seed)  # noqa: S311 (a choice of rows that anyone can repeat)
        places = sorted(chance.sample(range(len(duties)), self.sample))
        return tuple(duties[place] for place in places)


def print_coverage(console: Console, parts: Existing, chosen: Shown | None = None) -> bool:
    """Print what serves each duty (or the chosen ones) and the line of the register; tell if all are served.

    Raises:
        CatalogueError: for a programme or an id that there is none of.
    """
    chosen = chosen or Shown()
    asked = chosen.duties()
    whole = judged(parts, register_duties())
    shown = judged(parts, asked)
    programme = chosen.programme
    # In a file or a pipe nothing limits the width: there a row's id stays whole, so that it can be searched for.
    is_piped = not console.is_terminal
    console = Console(file=console.file, width=_PIPE_WIDTH) if is_piped else console
    table = Table(title="Чем обслужены обязанности программ", title_justify="left", show_lines=True, expand=True)
    for head, width in zip(_HEADS, _WIDTHS, strict=True):
        is_id = is_piped and head == _HEADS[0]
        table.add_column(head, overflow="fold", ratio=None if is_id else width, no_wrap=is_id)
    for one in shown:
        table.add_row(*_cells(one))
    console.print(table)
    for one in shown:
        for fault in one.faults:
            console.print(f"Не обслужена {one.duty.duty_id}: {fault}.", highlight=False, soft_wrap=True)
    if programme is not None:
        title = programmes()[programme].head.title_ru
        done = sum(not one.faults for one in shown)
        console.print(f"«{title}»: обслужено {done} из {len(shown)}.", highlight=False, soft_wrap=True)
    console.print(coverage_line(whole), highlight=False)
    return not any(one.faults for one in (*whole, *shown))


def _cells(served: Served) -> tuple[str, str, str, str]:
    duty = served.duty
    addresses = dict.fromkeys(_told(target) for binding in served.bindings for target in binding.targets)
    shows = dict.fromkeys(binding.shows_ru for binding in served.bindings)
    places = dict.fromkeys(where_ru(target) for binding in served.bindings for target in binding.targets)
    return (
        duty.duty_id,
        f"{duty.title_ru}\n({KINDS_RU[duty.kind]}, {LEVELS_RU[duty.level]})",
        "\n".join(addresses),
        ". ".join((*shows, f"Где: {'; '.join(places)}")),
    )


def _told(target: Target) -> str:
    if not target.where:
        return target.address
    conditions = ", ".join(f"{name}={'|'.join(values)}" for name, values in target.where.items())
    # rich takes square brackets for its markup.
    return f"{target.address} ({conditions})"


def where_ru(target: Target) -> str:
    """Return in words where a user sees a target."""
    if target.kind == "table":
        for form in record_forms().values():
            for sheet in form.tables:
                if sheet.name == target.name:
                    return f"форма «{form.title_ru}», лист «{sheet.sheet_ru}»"
        return f"таблица «{any_table(target.name).title_ru}»" if target.name != WORKS_STORE else "хранилище работ"
    if target.kind == "indicator":
        return f"показатель «{indicators()[target.name].title_ru}» (таблица «Показатели»)"
    if target.kind == "form":
        return f"форма «{record_forms()[target.name].title_ru}»"
    words = {
        "asset": f"ассет {target.name} в графе",
        "check": f"проверка {target.name} в графе",
        "document": f"документ {target.name} в папке отчётов",
        "command": f"команда oko {target.name}",
        "rule": f"правило {target.name} в замечаниях",
    }
    return words[target.kind]


def uncovered_kinds(parts: Existing) -> list[str]:
    """Return the kinds of data that no way brings in."""
    return [slug for slug in needed_kinds() if slug not in parts.ways]
