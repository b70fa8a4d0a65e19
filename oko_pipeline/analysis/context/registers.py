"""Answers about schools from the year's own registers, which go before the questionnaire of a neighbouring year."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.context.conditions import CONTEXT_YEAR, passport_shares
from oko_pipeline.catalogue.conditions import Properties

REGISTER_TYPE: Final = "register_type"
REGISTER_PUPILS: Final = "register_pupils_count"
_SETTLEMENTS: Final[Mapping[str, float]] = {
    code: float(step) for step, code in enumerate(("lt1", "lt5", "lt10", "lt50", "lt100", "lt450", "lt680", "ge680"), 1)
}
_LOCATIONS: Final[Mapping[str, float]] = {"capital": 1.0, "city": 2.0, "town": 3.0, "village": 4.0}
_TYPES: Final[Mapping[str, str]] = {
    "secondary": "secondary",
    "boarding": "secondary",
    "cadet": "secondary",
    "basic": "basic",
    "primary": "basic",
    "gymnasium": "advanced",
    "lyceum": "advanced",
    "advanced": "advanced",
    "correctional": "correctional",
    "evening": "evening",
}
_COUNTS: Final = (
    "rooms_count",
    "equipped_rooms_count",
    "computers_count",
    "computers_online_count",
)
_SENIOR: Final = (10, 11, 12)


def conditions_answers(register: pd.DataFrame) -> pd.DataFrame:
    """Return the answers of the register `school_conditions` by school code; a school's last row counts."""
    own = register[register["school_code"].notna()].drop_duplicates("school_code", keep="last")
    own = own.set_index("school_code").sort_index()
    kinds = own["school_type"].map(dict(_TYPES))
    if "is_small" in own:
        small = own["is_small"].astype("boolean").fillna(value=False)
        kinds = kinds.mask(small & ~kinds.isin(["correctional", "evening", "advanced"]), "basic")
    found: dict[str, pd.Series] = {
        REGISTER_TYPE: kinds,
        "settlement_size": own["settlement_size"].map(dict(_SETTLEMENTS)).astype("float64"),
        "location_type": own["location_type"].map(dict(_LOCATIONS)).astype("float64"),
    }
    found |= {name: own[name].astype("float64") for name in _COUNTS if name in own}
    return pd.DataFrame(found, index=own.index)


def enrolment_answers(enrolment: pd.DataFrame) -> pd.DataFrame:
    """Return the number of pupils, and whether there are senior grades, from the register `enrolment`.

    Senior grades are known only of a school that gave its ninth grade: a primary school's list says nothing of them.
    """
    own = enrolment[enrolment["school_code"].notna() & enrolment["pupils_count"].notna()]
    pupils = own["pupils_count"].astype("float64")
    total = pupils.groupby(own["school_code"]).sum()
    senior = pupils.where(own["grade"].isin(_SENIOR), 0.0).groupby(own["school_code"]).sum()
    has_ninth = (own["grade"] == 9).groupby(own["school_code"]).any()
    offers = pd.Series(np.where(senior > 0, 1.0, np.where(has_ninth, 0.0, np.nan)), index=total.index)
    return pd.DataFrame({REGISTER_PUPILS: total.where(total > 0), "offers_secondary": offers})


def passport_answers(passport: pd.DataFrame, catalogue: Properties) -> pd.DataFrame:
    """Return the shares and the total of the social passport by school code."""
    shares = passport_shares(passport, catalogue)
    name = next((one for one in catalogue.passport_totals if one in passport), None)
    if name is None:
        return shares
    own = passport[passport["school_code"].notna()]
    total = own.groupby("school_code")[name].last().astype("float64")
    return shares.assign(**{REGISTER_PUPILS: total.where(total > 0)})


def joined_answers(questionnaire: pd.DataFrame, registers: list[pd.DataFrame], school_year: str) -> pd.DataFrame:
    """Return the questionnaire's answers replaced, value by value, by those of registers; the first register wins.

    Args:
        questionnaire: wide answers by school code, with the total of pupils.
        registers: wide answers by school code, the most trusted first.
        school_year: year of the registers: the context year of schools that have no questionnaire.
    """
    codes = questionnaire.index
    for one in registers:
        codes = codes.union(one.index)
    columns = {str(name): questionnaire[name].reindex(codes) for name in questionnaire.columns}
    for one in reversed(registers):
        for name in one.columns:
            values = one[name].reindex(codes)
            columns[str(name)] = values.where(values.notna(), columns[str(name)]) if name in columns else values
    joined = pd.DataFrame(columns, index=codes)
    if REGISTER_PUPILS in joined:
        pupils = joined[REGISTER_PUPILS]
        joined = joined.assign(pupils_count=pupils.where(pupils.notna(), joined["pupils_count"]))
    return joined.assign(**{CONTEXT_YEAR: joined[CONTEXT_YEAR].fillna(school_year)}).rename_axis("school_code")
