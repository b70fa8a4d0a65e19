"""Rows of registers that the rules of harm refuse are left out when a register is assembled; a finding names each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import pandas as pd

from assets.record_fragments import files_fingerprint, fragments_of
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.harm import harm_patterns, level_codes
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.records import record_contracts, record_tables
from oko_pipeline.collection.record_assembly import assemble_records
from oko_pipeline.quality import QualityFinding
from oko_pipeline.validation.harm_records import JUDGED_REGISTERS, IndicatorCodes, judge_register, refused_rows
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace

_INDICATORS = "indicator_changes"
_CODE = ("oko_pipeline.validation.harm_records", "oko_pipeline.validation.harm_lint", "oko_pipeline.catalogue.harm")


@cache
def _rules() -> str:
    own = level_codes(indicators().values())
    return combine(code_fingerprint(*_CODE), harm_patterns().model_dump_json(), *sorted(own))


@dataclass(slots=True)
class HarmlessRows:
    """Judges the registers of a year. `files` are the files that hold each, `codes` the codes of schools."""

    workplace: Workplace
    school_year: str
    files: Mapping[str, Sequence[dict[str, str]]]
    codes: dict[str, str]
    _codes: IndicatorCodes | None = field(default=None, init=False)

    def inputs(self, name: str) -> str:
        """Return a fingerprint of what the judgement of a register depends on beside its own rows."""
        if name not in JUDGED_REGISTERS:
            return ""
        return combine(_rules(), files_fingerprint(self.files.get(_INDICATORS, [])))

    def kept(self, name: str, rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[QualityFinding, ...]]:
        """Return the rows of a register that are not refused, and findings about refused rows and doubtful texts."""
        if name not in JUDGED_REGISTERS or rows.empty:
            return rows, ()
        paths = {one["file_sha256"]: one["path"] for one in self.files.get(name, [])}
        judged = judge_register(name, rows, self._indicator_codes(), paths)
        return rows[~refused_rows(name, rows, judged)].reset_index(drop=True), judged.findings

    def _indicator_codes(self) -> IndicatorCodes:
        """Return the codes by the whole register of indicators: a refused indicator is still cited by decisions."""
        if self._codes is None:
            contract, key = record_contracts()[_INDICATORS], record_tables()[_INDICATORS].key
            fragments = fragments_of(self.workplace, _INDICATORS, self.files.get(_INDICATORS, []))
            self._codes = IndicatorCodes.of(
                assemble_records(contract, key, fragments, self.school_year, self.codes).rows
            )
        return self._codes
