"""What serves each duty of a programme: bindings made by stated rules over kind, direction, stage and needed data.

For every kind of data that a duty needs, the first rule of `data/bindings/rules.csv` that fits the duty tells which
asset, check, table, indicator, form, document, command or rule of data quality serves it and what a user sees there.
Rules about single duties (`ids`) stand first: they are the exceptions. Indicators (`serves`) and kinds of documents
(`duties`) that name a duty are bound to it as well. Whether a target exists and depends on the data is worked out
where the graph is known.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Final, Literal, cast, get_args

from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.loader import read_catalogue_csv
from oko_pipeline.catalogue.programmes import Duty
from oko_pipeline.catalogue.records import record_forms

TargetKind = Literal["asset", "check", "table", "indicator", "form", "document", "command", "rule"]

_TARGET: Final = re.compile(r"(?P<kind>[a-z]+):(?P<name>[a-z0-9_.]+)(?:\[(?P<where>[^\]]+)\])?")
_DIRECTION: Final = "{direction}"
ANY: Final = "*"
"""As the value of a condition: whatever is filled in."""
SERVED_BY_NAME: Final = "indicators_that_name_it"
DOCUMENTS_BY_NAME: Final = "documents_that_name_it"


@dataclass(frozen=True, slots=True)
class Target:
    """What serves a duty. `where` narrows a table to the rows that do: column → accepted values."""

    kind: TargetKind
    name: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @property
    def address(self) -> str:
        """Kind and name, as the catalogue writes them."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class BindingRule:
    """A line of the rules; an empty condition fits every duty."""

    rule_id: str
    ids: tuple[str, ...]
    kinds: tuple[str, ...]
    directions: tuple[str, ...]
    stages: tuple[str, ...]
    needs: tuple[str, ...]
    targets: tuple[Target, ...]
    shows_ru: str

    def fits(self, duty: Duty, need: str) -> bool:
        """Tell whether the rule says what serves a duty in one kind of data."""
        return (
            need in self.needs
            and (not self.kinds or duty.kind in self.kinds)
            and (not self.directions or duty.direction in self.directions)
            and (not self.stages or duty.stage in self.stages)
            and (not self.ids or any(fnmatchcase(duty.duty_id, one) for one in self.ids))
        )


@dataclass(frozen=True, slots=True)
class Binding:
    """What serves a duty in some kinds of data (`needs`), by which rule, and what a user sees there."""

    rule_id: str
    needs: tuple[str, ...]
    targets: tuple[Target, ...]
    shows_ru: str


@dataclass(frozen=True, slots=True)
class TablePlace:
    """The asset that writes a table, if it is not called like the table, and assets that read it beside the graph."""

    asset: str
    readers: tuple[str, ...]


@cache
def binding_rules() -> tuple[BindingRule, ...]:
    """Return the rules in their order; raises `CatalogueError` naming every faulty line."""
    return tuple(read_binding_rules())


def read_binding_rules(text: str | None = None) -> list[BindingRule]:
    """Read rules from the packaged file or from `text`; raises `CatalogueError` naming every faulty line."""
    return read_catalogue_csv("bindings/rules.csv", _parse_rule, text)


@cache
def table_places() -> dict[str, TablePlace]:
    """Return where the tables stand that no asset is called like (`data/bindings/tables.csv`)."""
    return dict(
        read_catalogue_csv(
            "bindings/tables.csv", lambda row: (row["table"], TablePlace(row["asset"], _split(row["readers"])))
        )
    )


def bind(duty: Duty, rules: Sequence[BindingRule] | None = None) -> tuple[Binding, ...]:
    """Return what serves a duty, one binding a rule; needs that no rule fits are in none of them."""
    return _bound_by_rules(duty) if rules is None else _bind(duty, rules)


@cache
def _bound_by_rules(duty: Duty) -> tuple[Binding, ...]:
    return _bind(duty, binding_rules())


def _bind(duty: Duty, rules: Sequence[BindingRule]) -> tuple[Binding, ...]:
    by_rule: dict[str, list[str]] = {}
    found: dict[str, BindingRule] = {}
    for need in duty.needs:
        rule = next((one for one in rules if one.fits(duty, need)), None)
        if rule is not None:
            found[rule.rule_id] = rule
            by_rule.setdefault(rule.rule_id, []).append(need)
    bound = [_bound(found[rule_id], tuple(needs), duty.direction) for rule_id, needs in by_rule.items()]
    named = _indicators_of(duty.duty_id)
    if named:
        titles = "; ".join(indicators()[code].title_ru for code in named)
        bound.append(Binding(SERVED_BY_NAME, (), tuple(Target("indicator", code) for code in named), titles))
    kinds = [kind for kind in document_kinds().values() if any(fnmatchcase(duty.duty_id, one) for one in kind.duties)]
    if kinds:
        titles = "; ".join(kind.title_ru for kind in kinds)
        bound.append(Binding(DOCUMENTS_BY_NAME, (), tuple(Target("document", kind.kind) for kind in kinds), titles))
    return tuple(bound)


def asset_of_table(name: str) -> str:
    """Return the asset that writes a table: its form's, the one that the catalogue names, or its namesake."""
    return _form_assets().get(name) or (table_places()[name].asset if name in table_places() else name)


@cache
def _form_assets() -> dict[str, str]:
    return {table.name: f"records_{form.form_code}" for form in record_forms().values() for table in form.tables}


def _bound(rule: BindingRule, needs: tuple[str, ...], direction: str) -> Binding:
    targets = tuple(of_direction(one, direction) for one in rule.targets)
    return Binding(rule.rule_id, needs, targets, rule.shows_ru)


@cache
def _served() -> dict[str, tuple[str, ...]]:
    served: dict[str, list[str]] = {}
    for code, one in indicators().items():
        for duty_id in one.serves:
            served.setdefault(duty_id, []).append(code)
    return {duty_id: tuple(codes) for duty_id, codes in served.items()}


def _indicators_of(duty_id: str) -> tuple[str, ...]:
    return _served().get(duty_id, ())


def of_direction(target: Target, direction: str) -> Target:
    """Put a direction into the conditions of a target; «cross» looks at the rows of all directions."""
    if not any(_DIRECTION in values for values in target.where.values()):
        return target
    where = {
        name: tuple(direction if value == _DIRECTION else value for value in values)
        for name, values in target.where.items()
        if not (_DIRECTION in values and direction == "cross")
    }
    return Target(target.kind, target.name, where)


def _parse_rule(row: Mapping[str, str]) -> BindingRule:
    if not row["targets"] or not row["needs"] or not row["shows_ru"]:
        raise ValueError("поля needs, targets и shows_ru не могут быть пустыми")
    return BindingRule(
        rule_id=row["rule_id"],
        ids=_split(row["ids"]),
        kinds=_split(row["kinds"]),
        directions=_split(row["directions"]),
        stages=_split(row["stages"]),
        needs=_split(row["needs"]),
        targets=parse_targets(row["targets"]),
        shows_ru=row["shows_ru"],
    )


def parse_targets(text: str) -> tuple[Target, ...]:
    """Read targets joined by «;»; raises `ValueError` telling what is wrong."""
    return tuple(_parse_target(one) for one in text.split(";"))


def _parse_target(text: str) -> Target:
    found = _TARGET.fullmatch(text.strip())
    if found is None or found["kind"] not in get_args(TargetKind):
        raise ValueError(f"привязка «{text}»: ожидалось «вид:имя» или «table:имя[столбец=значение|значение]»")
    where = {
        name.strip(): tuple(values.split("|"))
        for name, _, values in (part.partition("=") for part in (found["where"] or "").split(",") if part)
    }
    if where and found["kind"] != "table":
        raise ValueError(f"привязка «{text}»: условия бывают только у таблиц")
    return Target(cast("TargetKind", found["kind"]), found["name"], where)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())
