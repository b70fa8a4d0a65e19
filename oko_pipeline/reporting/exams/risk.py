"""Schools of the risk zone by exams: procedures below the threshold, lists of the region, conditions they work in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oko_pipeline.catalogue.low_result_rules import low_result_rules
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting import sections
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.exams import words
from oko_pipeline.reporting.exams.results import unit_schools
from oko_pipeline.reporting.figures import UNKNOWN, Figures
from oko_pipeline.reporting.labels import answer_ru, subject_ru
from oko_pipeline.reporting.sections import Spec

_LISTS: Final = ("shnor", "shnsu", "risk", "risk_low", "risk_medium")
_LEVELS_RU: Final = {"base": "базовый уровень", "profile": "профильный уровень"}
_EXAMS_RU: Final = {"oge": "ОГЭ", "ege": "ЕГЭ"}
_LOWER_THIRD: Final = 1


@dataclass(frozen=True, slots=True)
class RiskSchool:
    """What puts a school into the risk zone: its exams below the threshold, lists that name it, its conditions."""

    code: str
    failed: tuple[Row, ...]
    listed: tuple[Row, ...]
    flag: Row | None
    index: Row | None

    @property
    def is_hard(self) -> bool:
        """Return whether the school works in the hardest third of social conditions."""
        return self.index is not None and self.index["third"] == _LOWER_THIRD


def risk_schools(data: CycleData, municipality_code: str, kinds: Sequence[str]) -> list[RiskSchool]:
    """Return the schools of a municipality that exams or lists put into the risk zone, in the order of codes."""
    rule = low_result_rules().rules[0].rule_code
    exams = tuple(kind for kind in kinds if kind in _EXAMS_RU)
    found = []
    for code in unit_schools(data, ("municipality", municipality_code)):
        procedures = data.rows("low_result_procedures", rule_code=rule, school_code=code, state="failed")
        failed = tuple(row for row in procedures if str(row["procedure_unit"]).partition(":")[0] in exams)
        lists = data.rows("external_lists", school_code=code)
        listed = tuple(row for row in lists if row["list_kind"] in _LISTS and not row["is_excluded"])
        if failed or listed:
            flag = data.row("low_result_flags", rule_code=rule, school_code=code)
            index = data.row("social_index", school_code=code, is_main=True)
            found.append(RiskSchool(code, failed, listed, flag, index))
    return found


def risk_section(data: CycleData, municipality_code: str, kinds: Sequence[str], figures: Figures) -> Spec | None:
    """Return the section about schools of the risk zone; None when there are none."""
    schools = risk_schools(data, municipality_code, kinds)
    if not schools:
        return None
    rows = [
        sections.row(
            data.unit_name("school", one.code),
            "; ".join(_procedure(row, figures) for row in one.failed) or UNKNOWN,
            ru.listed(sorted({answer_ru(row, "list_kind") for row in one.listed})) or UNKNOWN,
            _conditions(one),
        )
        for one in schools
    ]
    columns = [
        ("ОО", 4.0, "text"),
        ("Экзамены ниже порога: доля, % (95 %); n", 3.6, "text"),
        ("Перечни", 2.8, "text"),
        ("Условия работы", 2.4, "text"),
    ]
    with_exams = [one for one in schools if one.failed]
    text = []
    if with_exams:
        failed = [row for one in with_exams for row in one.failed]
        number = figures.computed(len(with_exams), "число ОО с экзаменами ниже порога", failed, form="whole", digits=0)
        text = [f"Порог доли не достигших минимума перейдён в{ru.NBSP}{number}{ru.NBSP}ОО."]
    return sections.section(text=text, tables=[sections.table("ОО зоны риска", columns, rows)])


def threshold_percent() -> str:
    """Return the share below the minimum from which a procedure counts as failed: «30»."""
    return ru.decimal(low_result_rules().rules[0].share_threshold * 100, 0)


def _procedure(row: Row, figures: Figures) -> str:
    parts = str(row["procedure_unit"]).split(":")
    level = _LEVELS_RU.get(parts[-1], "")
    subject = words.lower_first(subject_ru(parts[-2]))
    name = f"{_EXAMS_RU[parts[0]]}, {subject}" + (f" ({level})" if level and parts[0] == "ege" else "")
    share = figures.share_with_interval(row, "below_minimum_share", "below_minimum_low", "below_minimum_high")
    return f"{name}: {share}; {figures.whole(row, 'participants_count')}"


def _conditions(one: RiskSchool) -> str:
    if one.index is None or one.index["third"] is None:
        return "индекс не посчитан"
    return "сложные: нижняя треть индекса" if one.is_hard else "не из самых сложных"
