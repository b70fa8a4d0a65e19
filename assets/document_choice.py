"""Documents that a person asks for by the launchpad: those of named schools, of named kinds; all others stand."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import dagster as dg
from pydantic import Field

from oko_pipeline.catalogue.documents import document_assets, document_kinds
from oko_pipeline.catalogue.tables import SCHOOLS
from oko_pipeline.errors import SettingsError
from resources.workplace import Workplace

SCHOOL_CODES_RU: Final = (
    "Коды ОО, документы которых проверить и выпустить, например [edu123456]; остальные документы не трогаются. "
    "Пусто — все ОО и муниципалитеты."
)
KINDS_RU: Final = (
    "Виды документов (docs/documents.md), например [school_note]; остальные виды не трогаются. Пусто — все виды."
)
SCHOOLS_WANTED: Final = "oko/schools_wanted"
"""Tag of runs that are refused when no school is named: by mistake they would issue everything."""
_NEAR: Final = 5
_NEAR_SCORE: Final = 50


class DocumentsChoice(dg.ConfigurableResource):
    """Какие документы выпустить этим запуском; пусто — все, содержание которых изменилось."""

    school_codes: list[str] = Field(default=[], description=SCHOOL_CODES_RU)
    kinds: list[str] = Field(default=[], description=KINDS_RU)


@dataclass(frozen=True, slots=True)
class Choice:
    """Documents that are looked at now: of these schools (all units when None), of these kinds (all when None)."""

    school_codes: frozenset[str] | None = None
    kinds: frozenset[str] | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing was chosen: documents are compared and replaced as a whole."""
        return self.school_codes is None and self.kinds is None

    def wants_kind(self, kind: str) -> bool:
        """Tell whether documents of a kind are looked at: of chosen schools only kinds that are for a school."""
        if self.kinds is not None and kind not in self.kinds:
            return False
        return self.school_codes is None or document_kinds()[kind].unit_level == "school"


EVERYTHING: Final = Choice()


def choice_of_run(context: dg.AssetExecutionContext, workplace: Workplace, asked: DocumentsChoice) -> Choice:
    """Return what a run is asked for; raises `SettingsError` as `chosen_documents` does."""
    must_name_schools = SCHOOLS_WANTED in context.run.tags
    return chosen_documents(workplace, context.partition_key, asked, must_name_schools=must_name_schools)


def chosen_documents(
    workplace: Workplace, school_year: str, asked: DocumentsChoice, *, must_name_schools: bool = False
) -> Choice:
    """Return what is asked for.

    Raises:
        SettingsError: for a school that the year does not have, or a kind that there is none of (near ones are named);
            when schools must be named and none is.
    """
    codes = _named(asked.school_codes)
    if must_name_schools and not codes:
        raise SettingsError(
            "Не названа ни одна ОО. В Launchpad впишите код: resources → documents_choice → config → "
            "school_codes: [edu123456]."
        )
    kinds = _named(asked.kinds)
    if codes:
        _refuse_unknown_schools(workplace, school_year, codes)
    strange = [kind for kind in kinds if kind not in document_kinds()]
    if strange:
        titles = {name: one.title_ru for name, one in document_kinds().items()}
        raise SettingsError("\n".join(f"Вида документов «{kind}» нет. {_near(kind, titles)}" for kind in strange))
    return Choice(frozenset(codes) or None, frozenset(kinds) or None)


def _named(values: Collection[str]) -> list[str]:
    return list(dict.fromkeys(text for text in (value.strip() for value in values) if text))


def _refuse_unknown_schools(workplace: Workplace, school_year: str, codes: Sequence[str]) -> None:
    rows = workplace.database.read(SCHOOLS, {"school_year": school_year}, ["school_code", "school_name"])
    names = dict(zip(rows["school_code"].astype("str"), rows["school_name"].astype("str"), strict=True))
    faults = [
        f"ОО с кодом «{code}» в {school_year} учебном году нет. {_near(code, names)}"
        for code in codes
        if code not in names
    ]
    if faults:
        raise SettingsError("\n".join(faults))


def _near(asked: str, known: Mapping[str, str]) -> str:
    """Return the known codes that are most like what was asked for, by code or by name, with their names."""
    from rapidfuzz import fuzz, process

    if not known:
        return "В этом году ОО ещё нет: сначала соберите данные (задание «tables_only»)."
    by_code = process.extract(asked, list(known), scorer=fuzz.ratio, processor=str.casefold, limit=_NEAR)
    by_name = process.extract(asked, known, scorer=fuzz.partial_ratio, processor=str.casefold, limit=_NEAR)
    scores = {code: score for code, score, _ in by_code}
    for _, score, code in by_name:
        scores[code] = max(scores.get(code, 0), score)
    near = sorted((code for code in scores if scores[code] >= _NEAR_SCORE), key=lambda code: (-scores[code], code))
    if not near:
        return f"Всего их {len(known)}; например: {', '.join(sorted(known)[:_NEAR])}."
    return "Похожие: " + "; ".join(f"{code} — {known[code]}" for code in near[:_NEAR]) + "."


def assets_of_schools() -> list[str]:
    """Return the report assets that issue documents for single schools, in order of names."""
    return sorted({document_assets()[name] for name, kind in document_kinds().items() if kind.unit_level == "school"})
