"""What a generated inbox shall hold, and what was written."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from oko_pipeline.errors import SettingsError

SUPPORTED_YEARS: Final = ("2020-2021", "2021-2022", "2022-2023", "2024-2025", "2025-2026")


class LayoutGroup(StrEnum):
    """Families of files that can be left out of a sample."""

    RAW_DUMPS = "raw_dumps"
    ANALYTICS = "analytics"
    FORMS = "forms"
    CONTEXT = "context"
    TASK_DESCRIPTIONS = "task_descriptions"
    SCALES = "scales"
    BENCHMARKS = "benchmarks"
    REGISTERS = "registers"
    EXPORTS = "exports"
    EXAMS = "exams"
    SURVEYS = "surveys"
    DIAGNOSTICS = "diagnostics"
    SCHOOL_LISTS = "school_lists"
    MEASURES = "measures"


@dataclass(frozen=True, slots=True)
class SampleOptions:
    """What to generate. The same options give the same bytes.

    Args:
        seed: seed of everything random.
        schools: schools of the municipality (or of all `municipalities` together).
        municipalities: number of municipalities; ignored when `region_schools` is given.
        region_schools: generate a whole region of so many schools, about nine to a municipality.
        school_years: any of `SUPPORTED_YEARS`.
        dirt: multiplier of the rates of dirty cells found in real dumps; 0 writes clean cells only.
        broken_files: write damaged, encrypted, dangerous, unknown, duplicate and superseded files too.
        layouts: families of files to write; None means all.

    Raises:
        SettingsError: for a number out of range or a school year the sample cannot write.
    """

    seed: int = 2021
    schools: int = 12
    municipalities: int = 1
    region_schools: int | None = None
    school_years: tuple[str, ...] = SUPPORTED_YEARS
    dirt: float = 1.0
    broken_files: bool = True
    layouts: frozenset[LayoutGroup] | None = None

    def __post_init__(self) -> None:
        unknown = sorted(set(self.school_years) - set(SUPPORTED_YEARS))
        if unknown or not self.school_years:
            raise SettingsError(
                f"Образец не умеет учебные годы {unknown or '(ни одного не названо)'}; "
                f"можно: {', '.join(SUPPORTED_YEARS)}."
            )
        if not 1 <= self.schools_count <= 2000:
            raise SettingsError(f"Число школ образца — от 1 до 2000, а задано {self.schools_count}.")
        if not 1 <= self.municipalities <= max(1, self.schools_count):
            raise SettingsError(f"Муниципалитетов задано {self.municipalities}, а школ {self.schools_count}.")
        if not 0 <= self.dirt <= 100:
            raise SettingsError(f"Множитель «грязи» — от 0 до 100, а задан {self.dirt}.")
        if self.seed < 0:
            raise SettingsError(f"Зерно генератора — целое число от 0, а задано {self.seed}.")

    @property
    def schools_count(self) -> int:
        """Schools of the sample, whichever way they were asked for."""
        return self.schools if self.region_schools is None else self.region_schools

    @property
    def municipalities_count(self) -> int:
        """Municipalities of the sample; a region has about nine schools to a municipality."""
        if self.region_schools is None:
            return self.municipalities
        return max(1, round(self.region_schools / 9))

    def wants(self, group: LayoutGroup) -> bool:
        """Tell whether files of `group` shall be written."""
        return self.layouts is None or group in self.layouts


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What was written: places and counts. `works_count` counts rows of pupils in raw dumps, absent ones included."""

    inbox: Path
    truth_path: Path
    truth_files_path: Path
    files_count: int
    bytes_count: int
    schools_count: int
    municipalities_count: int
    works_count: int
    planted_schools_count: int
    planted_cells_count: int
