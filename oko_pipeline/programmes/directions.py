"""The checklist of the nine directions: for each element of the mechanism 1, 0 or n-a, with evidence and date."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.bindings import of_direction
from oko_pipeline.catalogue.indicators import DIRECTIONS
from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.programme_checks import checklist_lines
from oko_pipeline.catalogue.programmes import Choice
from oko_pipeline.catalogue.tables_programmes import DIRECTION_CHECKLIST
from oko_pipeline.programmes.evidence import Confirmation, EvidenceBook

CHECKLIST: Final = "programmes.checklist"
NINE: Final = tuple(code for code in DIRECTIONS if code != "cross")
_NO_DUTIES: Final = "в выбранных программах у этого уровня нет обязанностей направления"


def direction_checklist(choices: Sequence[Choice], book: EvidenceBook, school_year: str) -> pd.DataFrame:
    """Return `direction_checklist` of all units."""
    units = book.units
    concerned = {
        (duty.direction, level) for choice in choices for duty in choice.book.duties for level in duty.unit_levels
    }
    parts: list[pd.DataFrame] = []
    for direction in NINE:
        is_own = np.array([(direction, level) in concerned for level in units.levels], dtype=np.bool_)
        for line in checklist_lines():
            found = Confirmation.nothing(len(units))
            for target in line.targets:
                found = found.joined(book.of_people(of_direction(target, direction)))
            has = found.counts > 0
            parts.append(
                pd.DataFrame(
                    {
                        "unit_level": units.levels,
                        "unit_code": units.codes,
                        "direction": direction,
                        "stage": line.stage,
                        "criterion": line.criterion,
                        "criterion_title": line.title_ru,
                        "answer": np.where(has, "1", np.where(is_own, "0", "na")),
                        "evidence_count": found.counts,
                        "evidence_on": found.days,
                        "evidence_ref": found.refs,
                        "evidence_link": found.links,
                        "comment": np.where(has | is_own, "", _NO_DUTIES),
                    }
                )
            )
    frame = pd.concat(parts, ignore_index=True).assign(
        school_year=school_year, method_id=CHECKLIST, method_version=method(CHECKLIST).version
    )
    texts = ["evidence_on", "evidence_ref", "evidence_link", "comment"]
    frame[texts] = frame[texts].astype(object).where(frame[texts] != "", None)
    ordered = frame.sort_values(["unit_level", "unit_code", "direction"], kind="stable", ignore_index=True)
    return DIRECTION_CHECKLIST.conform(ordered[list(DIRECTION_CHECKLIST.column_names)])
