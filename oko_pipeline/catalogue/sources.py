"""Kinds of data that the programmes need: where each comes from, by which layout or form it comes in, who uses it.

`data/sources.yaml` names the ways in; whether a way is open is never written there but worked out from the layouts,
forms, questionnaires and tables that really exist. Who needs what is said by the rows of the programmes.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from oko_pipeline.catalogue.all_tables import all_tables, restricted_tables
from oko_pipeline.catalogue.programmes import register_duties
from oko_pipeline.catalogue.questionnaires import questionnaires
from oko_pipeline.catalogue.records import RecordForm, record_forms
from oko_pipeline.catalogue.yaml_files import CatalogueModel, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError

SourcePrivacy = Literal["open", "aggregate", "sensitive", "respondents", "pupils", "staff"]
Expectation = Literal["every", "listed", "if_any"]
WayKind = Literal["layout", "form"]

WORKS_STORE: Final = "works"
"""The works of pupils stand in the works store, not in a table of the database."""

FORM_LAYOUT: Final = "record_form"
EXPORT_LAYOUT: Final = "record_export"

FIRST_MONTH: Final = 8
"""The year's first term is in August."""

PRIVACY_RU: Final[dict[SourcePrivacy, str]] = {
    "open": "сведения об организациях",
    "aggregate": "числа без людей",
    "sensitive": "числа о социальном положении и здоровье",
    "respondents": "ответы без имён, ограниченное хранилище",
    "pupils": "строки об обучающихся под псевдонимом, ограниченное хранилище",
    "staff": "строки о работниках под псевдонимом или об одном руководителе, ограниченное хранилище",
}


class SourceKind(CatalogueModel):
    """A kind of data: a slug of `needs` in the mission register.

    `layouts` maps codes of layouts to the tables they fill; `forms` names forms, whose registers of this kind are the
    tables. `due` is a month-day of the school year or «schedule» (`days_after` the procedure); without it the term of
    the first form holds. `per` says who gives it, `expected` whether each must, only those listed by a schedule or
    sample, or only when there is something. The ways are alternatives: of a unit that gave nothing the `main` one is
    expected, or the first. A kind of an `education_level` is not applicable to schools that do not teach it.
    """

    slug: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title_ru: str
    origin_ru: str
    layouts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    forms: tuple[str, ...] = ()
    questionnaires: tuple[str, ...] = ()
    privacy: SourcePrivacy
    due: str | None = Field(None, pattern=r"^(\d\d-\d\d|schedule)$")
    per: Literal["school", "municipality", "both"] = "school"
    main: str | None = None
    expected: Expectation = "every"
    days_after: int = Field(30, ge=0)
    education_level: Literal["primary", "basic", "secondary"] | None = None
    optional: bool = False
    without_ru: str
    serves_ru: str

    @model_validator(mode="after")
    def _has_a_way(self) -> Self:
        if not self.layouts and not self.forms:
            raise ValueError("не назван ни один путь: ни раскладка, ни форма")
        bare = sorted(code for code, tables in self.layouts.items() if not tables)
        if bare:
            raise ValueError(f"у раскладок не названы таблицы: {bare}")
        if self.main is not None and self.main not in {*self.layouts, *self.forms}:
            raise ValueError(f"главный путь {self.main} не назван среди раскладок и форм")
        return self

    @property
    def main_way(self) -> str:
        """Code of the layout or form that is expected of a unit that gave nothing."""
        return self.main or next(iter((*self.layouts, *self.forms)))


class _Sources(CatalogueModel):
    kinds: tuple[SourceKind, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A way in for a kind of data. `obstacle_ru` tells why it is closed; an open way has none."""

    way: WayKind
    code: str
    tables: tuple[str, ...]
    obstacle_ru: str | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether data can come in this way."""
        return self.obstacle_ru is None


@dataclass(frozen=True, slots=True)
class ExistingParts:
    """What really exists: codes of layouts, forms by code, names of tables, questionnaires' kinds by code."""

    layouts: frozenset[str]
    forms: Mapping[str, RecordForm]
    tables: frozenset[str]
    questionnaires: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class RegisterNeed:
    """A row of the mission register: what it needs."""

    duty_id: str
    direction: str
    kind: str
    needs: tuple[str, ...]


@cache
def source_kinds() -> dict[str, SourceKind]:
    """Return all kinds of data by slug, in the order of the file.

    Raises:
        CatalogueError: naming every fault with file, line and field, or a kind that stands twice.
    """
    name = "sources.yaml"
    return read_source_kinds({name: files("oko_pipeline.catalogue").joinpath("data", name).read_text("utf-8")})


def read_source_kinds(texts: dict[str, str]) -> dict[str, SourceKind]:
    """Read kinds of data from texts by file name; raises `CatalogueError` as `source_kinds` does."""
    kinds = [kind for _, read in read_catalogue_yaml(texts, _Sources) for kind in read.kinds]
    repeated = sorted(slug for slug, count in Counter(kind.slug for kind in kinds).items() if count > 1)
    if repeated:
        raise CatalogueError(f"Каталог источников: виды данных повторены: {repeated}")
    return {kind.slug: kind for kind in kinds}


@cache
def register_needs() -> tuple[RegisterNeed, ...]:
    """Return what each row of the mission register needs."""
    return tuple(RegisterNeed(duty.duty_id, duty.direction, duty.kind, duty.needs) for duty in register_duties())


@cache
def needed_kinds() -> tuple[str, ...]:
    """Return the slugs that the mission register names, in the order of their first mention."""
    return tuple(dict.fromkeys(slug for need in register_needs() for slug in need.needs))


@cache
def users_of(slug: str) -> dict[str, int]:
    """Return how many rows of the register need a kind, by direction, the greatest first."""
    found = Counter(need.direction for need in register_needs() if slug in need.needs)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def existing_parts(layouts: Collection[str]) -> ExistingParts:
    """Return what exists in the catalogue beside the layouts, whose codes the caller knows."""
    return ExistingParts(
        frozenset(layouts),
        record_forms(),
        frozenset({WORKS_STORE, *all_tables(), *restricted_tables()}),
        {code: one.kinds for code, one in questionnaires().items()},
    )


def ways_in(kind: SourceKind, parts: ExistingParts) -> tuple[Way, ...]:
    """Return all ways in for a kind, the open and the closed ones: layouts first, then forms."""
    return (
        *(_layout_way(kind, code, tables, parts) for code, tables in kind.layouts.items()),
        *(_form_way(kind, code, parts) for code in kind.forms),
    )


def covered_kinds(parts: ExistingParts) -> dict[str, tuple[Way, ...]]:
    """Return the open ways in of each needed kind that has one; a kind that is missing here is not covered."""
    kinds = source_kinds()
    ways = {slug: ways_in(kinds[slug], parts) for slug in needed_kinds() if slug in kinds}
    opened = {slug: tuple(way for way in found if way.is_open) for slug, found in ways.items()}
    return {slug: found for slug, found in opened.items() if found}


def form_tables_of(kind: SourceKind, form: RecordForm) -> tuple[str, ...]:
    """Return the registers of a form that hold a kind of data."""
    return tuple(table.name for table in form.tables if kind.slug in table.kinds)


def due_date(kind: SourceKind, school_year: str) -> date | None:
    """Return the term of a kind in a school year: months from August on are those of its first calendar year."""
    due = due_of(kind)
    if due is None or due == "schedule":
        return None
    month, day = (int(part) for part in due.split("-"))
    first_year, last_year = (int(part) for part in school_year.split("-"))
    return date(first_year if month >= FIRST_MONTH else last_year, month, day)


def due_of(kind: SourceKind) -> str | None:
    """Return the term of a kind: its own, or that of its first form; None when nobody sets one."""
    if kind.due is not None:
        return kind.due
    forms = [record_forms()[code] for code in kind.forms if code in record_forms()]
    return next((form.due for form in forms if form.due is not None), None)


def _layout_way(kind: SourceKind, code: str, tables: tuple[str, ...], parts: ExistingParts) -> Way:
    strange = sorted(one for one in kind.questionnaires if kind.slug not in parts.questionnaires.get(one, ()))
    if code not in parts.layouts:
        return Way("layout", code, tables, f"нет раскладки {code}")
    if strange:
        return Way("layout", code, tables, f"нет анкеты: {', '.join(strange)}")
    return Way("layout", code, tables, _missing_tables(tables, parts))


def _form_way(kind: SourceKind, code: str, parts: ExistingParts) -> Way:
    form = parts.forms.get(code)
    if form is None:
        return Way("form", code, (), f"нет формы {code}")
    tables = form_tables_of(kind, form)
    if not tables:
        return Way("form", code, (), f"в форме {code} нет реестра с видом данных {kind.slug}")
    reader = FORM_LAYOUT if form.is_handed_out else EXPORT_LAYOUT
    if reader not in parts.layouts:
        return Way("form", code, tables, f"форму {code} нечем прочитать: нет раскладки {reader}")
    return Way("form", code, tables, _missing_tables(tables, parts))


def _missing_tables(tables: tuple[str, ...], parts: ExistingParts) -> str | None:
    missing = sorted(set(tables) - parts.tables)
    return f"нет таблиц: {', '.join(missing)}" if missing else None
