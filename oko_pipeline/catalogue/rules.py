"""The rules of data quality: id, severity, Russian title, how to mend. Their logic is in the stages that apply them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from oko_pipeline.catalogue.loader import read_catalogue_csv
from oko_pipeline.errors import CatalogueError

SEVERITIES = ("error", "warning", "note")
RULE_FILES = (
    "rules_collection.csv",
    "rules_validation.csv",
    "rules_linking.csv",
    "rules_surveys.csv",
    "rules_protocols.csv",
    "rules_records.csv",
    "rules_exams.csv",
    "rules_cycle.csv",
    "rules_harm.csv",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `mend_ru` tells a school or an analyst what to do; it may be overridden by a finding."""

    rule_id: str
    severity: str
    title_ru: str
    mend_ru: str


def _parse(row: Mapping[str, str]) -> Rule:
    if row["severity"] not in SEVERITIES:
        raise ValueError(f"поле severity: «{row['severity']}», ожидалось одно из {SEVERITIES}")
    if not row["title_ru"] or not row["mend_ru"]:
        raise ValueError("поля title_ru и mend_ru не могут быть пустыми")
    return Rule(row["rule_id"], row["severity"], row["title_ru"], row["mend_ru"])


@cache
def rules() -> dict[str, Rule]:
    """Return all rules by id."""
    found = [rule for file_name in RULE_FILES for rule in read_catalogue_csv(file_name, _parse)]
    repeated = {rule.rule_id for rule in found if sum(other.rule_id == rule.rule_id for other in found) > 1}
    if repeated:
        raise CatalogueError(f"Каталог правил: правила повторены: {sorted(repeated)}")
    return {rule.rule_id: rule for rule in found}


def rule(rule_id: str) -> Rule:
    """Return a rule by id; raises `CatalogueError` for an unknown one."""
    try:
        return rules()[rule_id]
    except KeyError:
        raise CatalogueError(f"В каталоге правил нет правила «{rule_id}».") from None
