"""Self-assessment by the 17 criteria: what a unit answered, what its registers show, whether the two agree."""

from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.bindings import Target
from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.programme_checks import CriterionFacts, criterion_facts
from oko_pipeline.catalogue.tables_programmes import SELF_ASSESSMENT
from oko_pipeline.programmes.evidence import Confirmation, EvidenceBook, first_text
from oko_pipeline.programmes.units import MUNICIPALITY, SCHOOL, Texts

ASSESSMENT: Final = "programmes.self_assessment"
_FORM: Final = "criteria_evidence"
_EVIDENCE: Final = ("evidence_link", "document_ref", "decision_ref")


def self_assessment(book: EvidenceBook, school_year: str) -> pd.DataFrame:
    """Return `self_assessment`: each criterion of every school and municipality."""
    answers = _answers(book)
    parts = [_of_criterion(one, book, answers[answers["criterion"] == one.criterion]) for one in criterion_facts()]
    frame = pd.concat(parts, ignore_index=True).assign(
        school_year=school_year, method_id=ASSESSMENT, method_version=method(ASSESSMENT).version
    )
    ordered = frame.sort_values(["unit_level", "unit_code", "criterion"], ignore_index=True)
    return SELF_ASSESSMENT.conform(ordered[list(SELF_ASSESSMENT.column_names)])


def _answers(book: EvidenceBook) -> pd.DataFrame:
    """Return the answers of the form: criterion, place of the unit, answer, evidence, day."""
    columns = ["criterion", "place", "answer", "has_document", "link", "day"]
    rows = book.registers.get(_FORM)
    if rows is None or rows.empty:
        return pd.DataFrame(columns=columns)
    schools = book.units.place(SCHOOL, rows["school_code"])
    owners = book.units.place(MUNICIPALITY, rows["municipality_code"])
    told = pd.DataFrame(
        {
            "criterion": pd.to_numeric(rows["criterion"], errors="coerce"),
            "place": np.where(schools >= 0, schools, owners),
            "answer": rows["answer"].astype("str"),
            "has_document": first_text(rows, _EVIDENCE) != "",
            "link": first_text(rows, ("evidence_link",)),
            "day": first_text(rows, ("assessed_on",)),
        }
    )
    told = told[(told["place"] >= 0) & told["criterion"].notna() & told["answer"].notna()]
    return told.sort_values("day", kind="stable").drop_duplicates(["criterion", "place"], keep="last")


def _of_criterion(facts: CriterionFacts, book: EvidenceBook, answers: pd.DataFrame) -> pd.DataFrame:
    units = book.units
    found = Confirmation.nothing(len(units))
    for target in facts.targets:
        found = found.joined(book.of_people(target))
    known = np.where(found.counts > 0, "1", np.where(_has_register(facts, book), "0", "")).astype(object)
    answer, link, day = (np.full(len(units), "", dtype=object) for _ in range(3))
    has_document = np.zeros(len(units), dtype=np.bool_)
    places = answers["place"].to_numpy(dtype=np.int64)
    answer[places], link[places] = answers["answer"].to_numpy(), answers["link"].to_numpy()
    day[places], has_document[places] = answers["day"].to_numpy(), answers["has_document"].to_numpy(dtype=np.bool_)
    verdict = _verdicts(answer, known, has_document, is_negative=facts.is_negative)
    told = np.where(known == "1", [f"{facts.facts_ru}: {count}" for count in found.counts], "")
    told = np.where(known == "0", f"{facts.facts_ru}: нет", told)
    return pd.DataFrame(
        {
            "unit_level": units.levels,
            "unit_code": units.codes,
            "criterion": facts.criterion,
            "criterion_title": facts.title_ru,
            "is_negative": facts.is_negative,
            "answer": _or_none(answer),
            "has_document": has_document,
            "known": _or_none(known),
            "facts": _or_none(told.astype(object)),
            "is_met": pd.Series(_met(verdict), dtype="boolean"),
            "verdict": verdict,
            "assessed_on": _or_none(day),
            "evidence_link": _or_none(np.where(link != "", link, found.links)),
        }
    )


def _has_register(facts: CriterionFacts, book: EvidenceBook) -> np.ndarray:
    if facts.register is None:
        return np.zeros(len(book.units), dtype=np.bool_)
    return book.of_people(Target("table", facts.register)).counts > 0


def _verdicts(answer: Texts, known: Texts, has_document: np.ndarray, *, is_negative: bool) -> Texts:
    """Judge answers against what is known; «1» means that the thing is there, which a negative criterion forbids."""
    good, bad = ("0", "1") if is_negative else ("1", "0")
    says_good, says_bad, says_none = answer == good, answer == bad, answer == ""
    knows_good, knows_bad = known == good, known == bad
    proven = knows_good | (has_document & ~knows_bad & (not is_negative))
    conditions = [
        answer == "na",
        says_good & knows_bad,
        says_good & proven,
        says_good,
        says_bad & knows_good & (not is_negative),
        says_bad,
        says_none & knows_good,
        says_none & knows_bad,
    ]
    choices = [
        "not_applicable", "contradicted", "confirmed", "unconfirmed", "contradicted", "not_met", "known", "not_met",
    ]  # fmt: skip
    return np.select(conditions, choices, default="no_data").astype(object)


def _met(verdict: Texts) -> list[bool | None]:
    told = {"confirmed": True, "known": True, "not_met": False, "contradicted": False}
    return [told.get(str(one)) for one in verdict]


def _or_none(texts: Texts) -> pd.Series:
    told = pd.Series(texts, dtype=object)
    return told.where(told != "", None)
