"""The invented territory: municipalities and schools with their sizes, surroundings and planted roles.

All names are made of invented roots; the region's digits are 99. Sizes follow domain README 1.7: a median school has 22
pupils in a work, every tenth more than 90.
"""

from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import Final

import numpy as np

from oko_pipeline.sample.options import SampleOptions
from oko_pipeline.sample.randomness import stream

REGION_NAME: Final = "Примерный край"
REGION_LABEL: Final = f"reg990000 | {REGION_NAME}"
_ROOTS: Final = (
    "Дальнебор", "Тихоозёр", "Ясномглин", "Белокрыл", "Синеут", "Златозор", "Громоклюк", "Мягкотрав", "Лунодол",
    "Хвоемыс", "Росоцвет", "Старозвяг", "Верхозвук", "Нижнезвон", "Камнегряд", "Снегоряд", "Песнеяр", "Звонкобор",
    "Краснопух", "Чернолист", "Добромыш", "Малосвет", "Долгорос", "Быстроплёс", "Хмуроклён", "Озерогуд",
)  # fmt: skip
_MEDIAN_PARALLEL: Final = 24.5
_PARALLEL_SPREAD: Final = 1.03
_NORMAL: Final = NormalDist()
# Works that one school did not write although it writes everything else: a gap for checks of coverage.
SKIPPED_WORKS: Final = frozenset(
    {
        ("vpr-2021-spring", 6, "mathematics"),
        ("vpr-2021-spring", 7, "russian"),
        ("vpr-2022-spring", 5, "mathematics"),
        ("vpr-2023-spring", 6, "russian"),
    }
)


class Role(StrEnum):
    """What is planted into a school; most are `ORDINARY`."""

    ORDINARY = "ordinary"
    INFLATING = "inflating"
    LOW_RESULT = "low_result"
    RESILIENT = "resilient"


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality: its code within the region (`m101`) and its name."""

    code: str
    name: str

    @property
    def label(self) -> str:
        """Label of raw dumps from 2022 on: `reg99_m101 | name`."""
        return f"reg99_{self.code} | {self.name}"


@dataclass(frozen=True, slots=True)
class School:
    """A school. `parallel` is its usual number of pupils in a grade; `advantage` its result in school sds.

    `settlement` is the answer to question 14 of the questionnaire (2 city, 3 town, 4 village), `settlement_size` to 15
    (1–8) and `transport` to 16 (1–4).
    """

    index: int
    digits: str
    is_correctional: bool
    name: str
    municipality: int
    parallel: float
    settlement: int
    settlement_size: int
    transport: int
    role: Role
    advantage: float
    leniency: float
    foreign_language: str
    class_letters: str

    def login(self, year: int) -> str:
        """Login of a calendar year: `sch…` until 2021, `edu…` from 2022; correctional schools keep `ksh…`."""
        if self.is_correctional:
            return f"ksh{self.digits}"
        return f"{'sch' if year < 2022 else 'edu'}{self.digits}"

    @property
    def code(self) -> str:
        """School code as the pipeline keeps it: `edu…` or `ksh…`."""
        return self.login(2022)


@dataclass(frozen=True, slots=True)
class Territory:
    """Municipalities and schools of a sample."""

    municipalities: tuple[Municipality, ...]
    schools: tuple[School, ...]

    def municipality_of(self, school: School) -> Municipality:
        """Return the municipality of a school."""
        return self.municipalities[school.municipality]


def build_territory(options: SampleOptions) -> Territory:
    """Invent the territory of `options`: the same seed and counts give the same schools in every school year."""
    rng = stream(options.seed, "territory", options.schools_count, options.municipalities_count)
    municipalities = _municipalities(options.municipalities_count, rng)
    owners = _owners(options.schools_count, len(municipalities), rng)
    count = len(owners)
    quantiles = (np.arange(count) + rng.uniform(0.3, 0.7, count)) / count
    parallels = np.exp(
        np.log(_MEDIAN_PARALLEL) + _PARALLEL_SPREAD * np.array([_NORMAL.inv_cdf(float(q)) for q in quantiles])
    ).clip(4, 210)
    rng.shuffle(parallels)
    roles = _roles(parallels, rng)
    digits = np.sort(rng.choice(np.arange(101, 9999), count, replace=False))
    correctional = _correctional(parallels, roles) if count >= 10 else -1
    schools = [_school(index, owners, parallels, roles, f"99{digits[index]:04d}", rng) for index in range(count)]
    if correctional >= 0:
        schools[correctional] = _as_correctional(schools[correctional], schools)
    return Territory(municipalities, tuple(schools))


def skipping_school(territory: Territory) -> School | None:
    """Return the school that left out the works of `SKIPPED_WORKS`, None in a territory of fewer than six schools."""
    ordinary = [s for s in territory.schools if s.role is Role.ORDINARY and not s.is_correctional]
    if len(territory.schools) < 6:
        return None
    return min(ordinary, key=lambda school: abs(school.parallel - _MEDIAN_PARALLEL))


def _municipalities(count: int, rng: np.random.Generator) -> tuple[Municipality, ...]:
    names = []
    for number, root in enumerate(rng.permutation(_ROOTS).tolist() * (count // len(_ROOTS) + 1)):
        suffix = "" if number < len(_ROOTS) else f"-{number // len(_ROOTS) + 1}"
        town = number % 4 == 3
        names.append(f"город {root}ск{suffix}" if town else f"{root}ский муниципальный район{suffix}")
    return tuple(Municipality(f"m{101 + number}", name) for number, name in enumerate(names[:count]))


def _owners(schools: int, municipalities: int, rng: np.random.Generator) -> list[int]:
    """Return the municipality of every school; each municipality has one at least."""
    weights = rng.lognormal(0, 0.55, municipalities)
    rest = rng.choice(municipalities, schools - municipalities, p=weights / weights.sum())
    return sorted([*range(municipalities), *rest.tolist()])


def _roles(parallels: np.ndarray, rng: np.random.Generator) -> list[Role]:
    count = len(parallels)
    roles = [Role.ORDINARY] * count
    if count < 4:
        return roles
    # Detectors need pupils: planted schools are of the middle of the size range.
    candidates = np.argsort(np.abs(np.log(parallels / 34)) + rng.uniform(0, 0.25, count)).tolist()
    wanted = (
        (Role.INFLATING, max(1, round(0.05 * count))),
        (Role.LOW_RESULT, max(1, round(0.05 * count))),
        (Role.RESILIENT, max(1, round(0.03 * count))),
    )
    for role, number in wanted:
        for _ in range(number):
            roles[candidates.pop(0)] = role
    return roles


def _school(
    index: int, owners: list[int], parallels: np.ndarray, roles: list[Role], digits: str, rng: np.random.Generator
) -> School:
    parallel, role = float(parallels[index]), roles[index]
    chance = rng.random()
    settlement = 2 if parallel * (0.4 + chance) > 42 else 3 if parallel * (0.4 + chance) > 28 else 4
    size = {2: int(rng.integers(4, 8)), 3: int(rng.integers(2, 5)), 4: int(rng.choice([1, 1, 2]))}[settlement]
    transport = {2: 1, 3: int(rng.choice([1, 2])), 4: int(rng.choice([2, 3, 3, 4]))}[settlement]
    if role is Role.RESILIENT:
        settlement, size, transport = 4, 1, 4
    advantage = 0.9 * rng.normal() + {2: 0.3, 3: 0.0, 4: -0.15}[settlement]
    root = _ROOTS[int(rng.integers(len(_ROOTS)))]
    number = index + 1
    name = f"МБОУ СОШ № {number}" if settlement == 2 else f"МБОУ «{root}ская СОШ № {number}»"
    if settlement == 2 and parallel > 60 and chance > 0.7:
        name = f"МАОУ «Гимназия № {number}»"
    if settlement == 4 and parallel < 9:
        name = f"МКОУ «{root}ская ООШ № {number}»"
    letters = ("АБВГДЕЖЗИК", "абвгдежзик", "АБВГДЕЖЗИК", "1234567890")[int(rng.integers(4))]
    return School(
        index=index,
        digits=digits,
        is_correctional=False,
        name=name,
        municipality=owners[index],
        parallel=parallel,
        settlement=settlement,
        settlement_size=size,
        transport=transport,
        role=role,
        advantage=float(advantage),
        leniency=float(rng.normal(0, 0.12)),
        foreign_language="german" if rng.random() < 0.15 else "english",
        class_letters=letters,
    )


def _correctional(parallels: np.ndarray, roles: list[Role]) -> int:
    """Return the smallest ordinary school: it becomes the correctional one."""
    ordinary = [index for index, role in enumerate(roles) if role is Role.ORDINARY]
    return min(ordinary, key=lambda index: float(parallels[index]))


def _as_correctional(school: School, schools: list[School]) -> School:
    """Return `school` as a correctional one with the digits of another school: a trap for matching by digits alone."""
    other = schools[(school.index + 1) % len(schools)]
    return School(
        index=school.index,
        digits=other.digits,
        is_correctional=True,
        name=f"КГБОУ «Школа-интернат № {school.index + 1}»",
        municipality=school.municipality,
        parallel=max(4.0, min(school.parallel, 7.0)),
        settlement=school.settlement,
        settlement_size=school.settlement_size,
        transport=school.transport,
        role=Role.ORDINARY,
        advantage=-2.0,
        leniency=0.4,
        foreign_language="english",
        class_letters=school.class_letters,
    )
