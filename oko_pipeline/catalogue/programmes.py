"""Programmes of education quality assessment: sections and rows (duties), with terms, roles, documents, needed data.

A programme is two files of one name in `data/programmes`: a head (`<code>.yaml`) and rows (`<code>.csv`). Five are the
programmes that the mission register lists, the sixth is a modern default that gathers all their duties without
repetition. A territory adds its own by the same two files in a folder of its own and chooses which ones it works by.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal, cast

from pydantic import Field, model_validator

from oko_pipeline.catalogue.keys import check_school_year
from oko_pipeline.catalogue.loader import read_catalogue_csv
from oko_pipeline.catalogue.terms import Cycle, Term
from oko_pipeline.catalogue.yaml_files import CatalogueModel, catalogue_files, read_catalogue_yaml, territory_files
from oko_pipeline.errors import CatalogueError

DutyLevel = Literal["school", "municipal", "both", "region"]
DutyKind = Literal["source", "indicator", "analysis", "report", "rule", "register"]

REGISTER: Final = (
    "ntg_school",
    "aleksandrovsky_concept",
    "objectivity_roadmap",
    "malokarachaevsky_roadmap",
    "shchekino_monitoring",
)
"""The programmes of the mission register; their rows are its 837 duties."""
MODERN: Final = "modern"

STAGES_RU: Final[dict[str, str]] = {
    "goals": "Цели",
    "indicators": "Показатели",
    "collection": "Сбор данных",
    "monitoring": "Мониторинг",
    "analysis": "Анализ",
    "recommendations": "Адресные рекомендации",
    "measures": "Меры",
    "decisions": "Управленческие решения",
    "effectiveness": "Эффективность мер",
    "governance": "Организация и документы",
    "validation": "Проверка и объективность",
    "security": "Безопасность данных",
}
KINDS_RU: Final[dict[str, str]] = {
    "source": "данные",
    "indicator": "показатель",
    "analysis": "анализ",
    "report": "документ",
    "rule": "правило",
    "register": "учёт работы",
}
LEVELS_RU: Final[dict[str, str]] = {
    "school": "ОО",
    "municipal": "муниципалитет",
    "both": "ОО и муниципалитет",
    "region": "регион (данные получает муниципалитет)",
}
_DIRECTIONS: Final = frozenset(
    {"attainment", "low_results", "talents", "career", "objectivity", "heads", "teacher_development",
     "methodical_work", "upbringing", "cross"}
)  # fmt: skip
_FOLDER: Final = "programmes"


class Programme(CatalogueModel):
    """The head of a programme.

    `first_year` is the first school year of the programme as written and `cycle_years` after how many years it begins
    anew; dated rows are moved by whole years. `sections` maps codes to titles, in order.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title_ru: str
    about_ru: str
    first_year: str = Field(pattern=r"^\d{4}-\d{4}$")
    cycle_years: int = Field(ge=1, le=10)
    sections: dict[str, str]

    @model_validator(mode="after")
    def _year_is_one(self) -> "Programme":
        first, last = (int(part) for part in self.first_year.split("-"))
        if last != first + 1:
            raise ValueError(f"учебный год {self.first_year}: второй год должен быть следующим за первым")
        return self

    @property
    def cycle(self) -> Cycle:
        """Return the years of the programme."""
        return Cycle(int(self.first_year[:4]), self.cycle_years)


@dataclass(frozen=True, slots=True)
class Duty:
    """A row of a programme. `origins` (patterns of ids) tell which rows of the other programmes a row gathers."""

    duty_id: str
    programme: str
    section: str
    title_ru: str
    level: DutyLevel
    direction: str
    stage: str
    kind: DutyKind
    term: Term
    responsible: tuple[str, ...]
    documents: tuple[str, ...]
    needs: tuple[str, ...]
    origins: tuple[str, ...] = ()

    @property
    def unit_levels(self) -> tuple[str, ...]:
        """Levels at which the duty is executed: a region's data reach the municipality."""
        return {"school": ("school",), "both": ("municipality", "school")}.get(self.level, ("municipality",))


@dataclass(frozen=True, slots=True)
class ProgrammeBook:
    """A programme with its rows."""

    head: Programme
    duties: tuple[Duty, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A programme that a territory works by, with the school year it begins in there."""

    book: ProgrammeBook
    cycle: Cycle


@cache
def programmes() -> dict[str, ProgrammeBook]:
    """Return the programmes of the project by code: those of the register in its order, then the modern one.

    Raises:
        CatalogueError: naming every fault of heads and rows.
    """
    heads = catalogue_files(_FOLDER)
    folder = files("oko_pipeline.catalogue").joinpath("data", _FOLDER)
    texts = {Path(name).stem: folder.joinpath(f"{Path(name).stem}.csv").read_text("utf-8") for name in heads}
    read = read_programmes(heads, texts)
    return {code: read[code] for code in (*REGISTER, MODERN)}


def territory_programmes(folder: Path | None) -> dict[str, ProgrammeBook]:
    """Return a territory's own programmes: `<code>.yaml` and `<code>.csv` side by side in its folder."""
    heads = territory_files(folder)
    if folder is None or not heads:
        return {}
    missing = [name for name in heads if not (folder / name).with_suffix(".csv").is_file()]
    if missing:
        raise CatalogueError(f"Рядом с {', '.join(missing)} нет файла строк с тем же именем и расширением csv.")
    rows = {Path(name).stem: (folder / name).with_suffix(".csv").read_text("utf-8-sig") for name in heads}
    return read_programmes(heads, rows)


def read_programmes(heads: Mapping[str, str], rows: Mapping[str, str]) -> dict[str, ProgrammeBook]:
    """Read programmes from the texts of heads (by file name) and rows (by file stem).

    Raises:
        CatalogueError: naming every fault, a code that stands twice, a row of an unknown section, a repeated id.
    """
    made: dict[str, ProgrammeBook] = {}
    for name, head in read_catalogue_yaml(dict(heads), Programme):
        if head.code in made or head.code != Path(name).stem:
            raise CatalogueError(f"{name}: код программы «{head.code}» повторён или не равен имени файла.")
        made[head.code] = ProgrammeBook(head, _duties(head, rows[head.code]))
    return made


def _duties(head: Programme, text: str) -> tuple[Duty, ...]:
    name = f"{head.code}.csv"

    def parse(row: Mapping[str, str]) -> Duty:
        return _duty(head, row)

    duties = read_catalogue_csv(name, parse, text)
    repeated = sorted(one for one, count in Counter(duty.duty_id for duty in duties).items() if count > 1)
    if repeated:
        raise CatalogueError(f"{name}: строки повторены: {repeated}")
    return tuple(duties)


def _duty(head: Programme, row: Mapping[str, str]) -> Duty:
    if not row["id"].startswith(f"{head.code}:"):
        raise ValueError(f"поле id: «{row['id']}» должно начинаться с «{head.code}:»")
    if not row["title_ru"] or not row["needs"]:
        raise ValueError("поля title_ru и needs не могут быть пустыми")
    for name, allowed in (
        ("section", head.sections), ("level", LEVELS_RU), ("direction", _DIRECTIONS), ("stage", STAGES_RU),
        ("kind", KINDS_RU),
    ):  # fmt: skip
        if row[name] not in allowed:
            raise ValueError(f"поле {name}: «{row[name]}», ожидалось одно из {sorted(allowed)}")
    return Duty(
        duty_id=row["id"],
        programme=head.code,
        section=row["section"],
        title_ru=row["title_ru"],
        level=cast("DutyLevel", row["level"]),
        direction=row["direction"],
        stage=row["stage"],
        kind=cast("DutyKind", row["kind"]),
        term=Term(row["term"]),
        responsible=tuple(row["responsible"].split(";")),
        documents=tuple(one for one in row["document"].split(";") if one not in {"", "none"}),
        needs=tuple(row["needs"].split(";")),
        origins=tuple(one for one in row.get("origins", "").split(";") if one),
    )


@cache
def register_duties() -> tuple[Duty, ...]:
    """Return the 837 duties of the mission register, in its order."""
    return tuple(duty for code in REGISTER for duty in programmes()[code].duties)


def chosen_programmes(wanted: str, folder: Path | None = None) -> tuple[Choice, ...]:
    """Return the programmes a territory named: codes through commas, with «@учебный год» of the beginning if wanted.

    Raises:
        CatalogueError: for a code that neither the project nor the territory's folder has, or a faulty year.
    """
    known = programmes() | territory_programmes(folder)
    choices: list[Choice] = []
    for part in (one.strip() for one in wanted.split(",")):
        if not part:
            continue
        code, _, start = part.partition("@")
        if code not in known:
            raise CatalogueError(f"Программы «{code}» нет; есть: {', '.join(known)}.")
        cycle = known[code].head.cycle
        if start:
            cycle = replace(cycle, first=int(check_school_year(start)[:4]))
        choices.append(Choice(known[code], cycle))
    if not choices:
        raise CatalogueError(f"Не названа ни одна программа; есть: {', '.join(known)}.")
    return tuple(choices)


def gathered(duties: Sequence[Duty], into: Sequence[Duty]) -> dict[str, str]:
    """Return, for each duty, the row that gathers it: the first whose pattern matches its id, else one of its cell.

    A row without patterns of its own gathers what nothing else did in its direction and stage. A duty that no row
    gathers is left out of the answer.
    """
    by_pattern = [(pattern, row.duty_id) for row in into for pattern in row.origins if pattern != "*"]
    by_cell = {(row.direction, row.stage): row.duty_id for row in into if "*" in row.origins}
    found: dict[str, str] = {}
    for duty in duties:
        hit = next((row_id for pattern, row_id in by_pattern if fnmatchcase(duty.duty_id, pattern)), None)
        hit = hit or by_cell.get((duty.direction, duty.stage))
        if hit is not None:
            found[duty.duty_id] = hit
    return found
