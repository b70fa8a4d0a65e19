"""An example of every rule: rows that meet its conditions, so that its sentence can be read."""

from oko_pipeline.catalogue.contracts import ColumnType
from oko_pipeline.catalogue.finding_rules import REFERENCE, finding_rules
from oko_pipeline.recommendations.advice import candidates
from tests.unit.recommendations.years import OPTIONS, OTHER, PLACE, SCHOOL, SPRING, TERRITORY, findings, row_of

TEXTS = {
    "assessment_id": f"{SPRING}:5:mathematics:base",
    "exam_code": "ege:2025:russian:main",
    "subject_code": "mathematics",
    "scope_code": "mathematics",
    "questionnaire_code": "students",
    "item_code": "satisfaction",
    "scale_code": "satisfaction",
    "answer_code": "",
    "breakdown": "",
    "group_code": "all",
    "skill_title": "Решение задач на движение",
    "task_codes": "7;8",
    "task_code": "7",
    "factor_title_ru": "Дефицит педагогических кадров",
    "unit": "sd",
    "explanation_ru": "Отставание от плана по одному показателю.",
    "evidence_ru": "Результат года выше ожидаемого (+1,05 σ).",
    "basis_ru": "Одно семейство сигналов за один год",
    "sign_title_ru": "Завышенный средний балл: ВПР, 5 класс, математика",
    "partner_code": "edu990007",
    "left_title_ru": "Все работы, весна 2025",
    "right_title_ru": "Размер населённого пункта",
    "right_measure": "settlement_size",
    "task": "3",
    "procedure": "essay",
    "kind": "staff",
    "title": "Курсы по математике",
    "indicator_code": "attainment.vpr_base_share",
    "school_code": SCHOOL,
    "rule_code": "criterion_2025",
    "index_code": "main",
}
PATTERNS = {
    "(oge|gve9).*": "oge:2025:mathematics:main",
    "oge:.*": "oge:2025:mathematics:main",
    "ege:.*": "ege:2025:russian:main",
    "self_assessment\\.criterion_.*": "self_assessment.criterion_15",
    "(?!(?:exam|olympiad):|[^:]*-20[0-9][0-9]-).*": "condition:settlement_size",
}


def _number(rule):
    return 32.1 if rule.value_unit == "percent" else 0.321


def example_rows(rule, unit=SCHOOL, level=None, **own):
    """Return rows of the rule's table that meet its conditions for one unit."""
    table = rule.contract
    level = level or rule.unit_level[0]
    code = {"school": unit, "municipality": PLACE, "region": "99", "all": "all"}[level]
    values = {}
    for column in table.columns:
        if column.allowed and column.name not in TEXTS:
            values[column.name] = column.allowed[0]
        elif column.type in {ColumnType.INTEGER, ColumnType.NUMBER}:
            values[column.name] = 42 if column.type == ColumnType.INTEGER else _number(rule)
        elif column.type == ColumnType.TEXT:
            values[column.name] = TEXTS.get(column.name, "x")
    values["unit_level"], values["school_year"] = level, "2025-2026"
    if rule.unit is not None:
        values[rule.unit] = code
    elif "unit_code" in values:
        values["unit_code"] = code
    for name, shift in ((rule.low, -0.05), (rule.high, 0.05)):
        if name:
            values[name] = _number(rule) + shift
    reference = None
    for condition in rule.where:
        reference = _meet(condition, values) or reference
    if reference is not None:
        reference = values[reference[0]] * reference[1]
    if "unit_level" in values and level not in rule.unit_level:
        values["unit_level"] = level
    values |= own
    rows = [row_of(rule.table, **values)]
    if rule.compare_with:
        rows.append(rows[0] | {"unit_level": rule.compare_with, "unit_code": "all", rule.value: reference})
    return rows


def _meet(condition, values):
    """Change the values so that they meet a condition; return the column and how its reference differs from it."""
    name = condition.column
    if condition.is_in:
        values[name] = condition.is_in[0]
    if condition.pattern:
        values[name] = PATTERNS[condition.pattern]
    if condition.is_empty is not None:
        values[name] = None if condition.is_empty else values[name]
    for kind, limit in condition.limits.items():
        sign = 1 if kind in {"above", "at_least"} else -1
        if limit == REFERENCE:
            return name, 0.5 if sign > 0 else 2
        size = 1 if isinstance(values[name], int) else 0.05
        values[name] = limit + sign * size if isinstance(limit, (int, float)) else values[name]
    return None


def example_findings(rules=None):
    """Return findings of every rule: several works of two schools and of their municipality."""
    tables = {}
    for rule in (rules or finding_rules()).values():
        made = []
        for level in rule.unit_level:
            for school in (SCHOOL, OTHER, "edu990003") if level == "school" else (None,):
                for place, own in enumerate(_variants(rule)):
                    rows = example_rows(rule, school or SCHOOL, level, **own)
                    made += rows if not place or "assessment_id" in own or "exam_code" in own else []
        tables[rule.rule_id] = (rule, made)
    return tables


def _variants(rule):
    names = set(rule.contract.column_names)
    if "assessment_id" in names and "assessment_id" in rule.topic:
        works = [
            (5, "mathematics"),
            (6, "russian"),
            (7, "history"),
            (4, "world_around"),
            (8, "physics"),
            (8, "chemistry"),
            (6, "mathematics"),
            (7, "russian"),
            (7, "biology"),
        ]
        return [{"assessment_id": f"{SPRING}:{grade}:{subject}:base"} for grade, subject in works]
    return [{}]


def finding_of(rule, limit_level=None):
    """Return the findings of the examples of one rule."""
    _, rows = example_findings({rule.rule_id: rule})[rule.rule_id]
    unique = {tuple(str(row[name]) for name in rule.contract.key): row for row in rows}
    return findings({rule.rule_id: rule}, **{rule.table: list(unique.values())})


def advice_of(rule):
    """Return the recommendations that a rule makes of the examples of its bases."""
    import pandas as pd  # noqa: PLC0415

    frames = []
    for basis in (*rule.basis, *rule.also):
        found = finding_of(_narrowed(basis))
        frames.append(found)
    everything = pd.concat(frames, ignore_index=True).drop_duplicates("finding_id")
    return candidates([rule], everything.assign(strength="strong"), TERRITORY, OPTIONS)


def _narrowed(basis):
    """Return the rule of a basis that looks for the basis's own indicators only."""
    rule = finding_rules()[basis.rule]
    if not basis.indicators:
        return rule
    where = tuple(
        condition.model_copy(update={"is_in": basis.indicators}) if condition.column == "indicator_code" else condition
        for condition in rule.where
    )
    if all(condition.column != "indicator_code" for condition in where):
        from oko_pipeline.catalogue.finding_rules import Condition  # noqa: PLC0415

        where = (*where, Condition(column="indicator_code", is_in=basis.indicators))
    return rule.model_copy(update={"where": where})
