"""Subjects, recognised in any grammatical case («по русскому языку», «Русский язык», «РУ 4»)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from oko_pipeline.catalogue.loader import read_catalogue_csv


@dataclass(frozen=True, slots=True)
class Subject:
    """A school subject with the word forms that texts need and the pattern that finds it in a file."""

    subject_code: str
    short_ru: str
    name_ru: str
    genitive_ru: str
    dative_ru: str
    pattern: re.Pattern[str]


def _parse(row: Mapping[str, str]) -> Subject:
    return Subject(
        row["subject_code"],
        row["short_ru"],
        row["name_ru"],
        row["genitive_ru"],
        row["dative_ru"],
        re.compile(rf"(?<!\w){row['pattern']}", re.IGNORECASE),
    )


@cache
def subjects() -> dict[str, Subject]:
    """Return all subjects by code, in the order of the catalogue (more specific patterns first)."""
    return {subject.subject_code: subject for subject in read_catalogue_csv("subjects.csv", _parse)}


def find_subject(text: str) -> Subject | None:
    """Return the subject named in `text` in any case, or by its abbreviation as a word of its own («РУ 4»)."""
    normalised = " ".join(text.replace("\xa0", " ").replace("_", " ").split())
    for subject in subjects().values():
        if subject.pattern.search(normalised):
            return subject
    for subject in subjects().values():
        if re.search(rf"(?<!\w){subject.short_ru}(?!\w)", normalised):
            return subject
    return None
