"""Templates of sentences in catalogues: Jinja with the filters of Russian wording, checked when a catalogue is read.

A catalogue is data of a methodologist, so the environment is a sandbox, and a value that is missing is a fault, never
an empty place in a sentence.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment

from oko_pipeline.catalogue import wording
from oko_pipeline.catalogue.questionnaires import questionnaires
from oko_pipeline.catalogue.sources import source_kinds, users_of
from oko_pipeline.catalogue.subjects import subjects

_SPACES: Final = re.compile(r"[ \t\r\n]+")
_BEFORE_SIGN: Final = re.compile(r" +([,.;:)])")
_LISTED: Final = 3


def _count(number: float, one: str, few: str, many: str) -> str:
    return wording.counted(int(number), (one, few, many))


def _noun(number: float, one: str, few: str, many: str) -> str:
    return wording.plural(int(number), (one, few, many))


def _number(value: float, digits: int = 1) -> str:
    return wording.decimal(float(value), digits)


def _share(value: float, digits: int = 1) -> str:
    return wording.percent(float(value), digits)


def _percent(value: float, digits: int = 1) -> str:
    return f"{wording.decimal(float(value), digits)}{wording.NBSP}%"


def _points(value: float, digits: int = 1) -> str:
    return f"{wording.decimal(abs(float(value)), digits)}{wording.NBSP}п.{wording.NBSP}п."


def _names(items: Sequence[object], limit: int = _LISTED) -> str:
    return wording.listed([str(item) for item in items], limit)


def _titles(items: Sequence[object], limit: int = _LISTED, length: int = 90) -> str:
    """Join titles in «ёлочки», each cut at a word's end."""
    return wording.listed([wording.quoted(wording.shortened(str(item).rstrip(". "), length)) for item in items], limit)


def subject_form(code: str, form: str = "dative") -> str:
    """Return a subject inside a sentence: «математике», «русского языка»; an unknown code stays as it is."""
    subject = subjects().get(code)
    if subject is None:
        return code
    return _small({"nominative": subject.name_ru, "genitive": subject.genitive_ru, "dative": subject.dative_ru}[form])


def _source(slug: str) -> str:
    """Return the title of a kind of data as it stands inside a sentence."""
    kinds = source_kinds()
    return _small(kinds[slug].title_ru) if slug in kinds else slug


def _needed_first(slugs: Iterable[str]) -> list[str]:
    """Return kinds of data in the order of how many duties of the programmes need them."""
    return sorted(slugs, key=lambda slug: (-sum(users_of(slug).values()), slug))


def _scale(code: str, questionnaire_code: str) -> str:
    """Return the title of a scale of a questionnaire."""
    found = questionnaires().get(questionnaire_code)
    titles = {scale.code: scale.title_ru for scale in found.scales} if found is not None else {}
    return titles.get(code, code)


def _questionnaire(code: str) -> str:
    found = questionnaires().get(code)
    return found.title_ru if found is not None else code


def _small(text: str) -> str:
    """Return a text for the middle of a sentence; an abbreviation keeps its capitals."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


_FILTERS: Final[dict[str, Callable[..., object]]] = {
    "count": _count,
    "noun": _noun,
    "number": _number,
    "share": _share,
    "percent": _percent,
    "points": _points,
    "names": _names,
    "titles": _titles,
    "subject": subject_form,
    "quoted": wording.quoted,
    "source": _source,
    "needed_first": _needed_first,
    "scale": _scale,
    "questionnaire": _questionnaire,
    "small": _small,
    "short": wording.shortened,
    "start": wording.sentence_start,
    "year": wording.school_year_words,
}


@cache
def _environment() -> SandboxedEnvironment:
    # Sentences are plain text; the documents that take them up escape them.
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    for name, function in _FILTERS.items():
        environment.filters[name] = function  # pyright: ignore[reportUnknownMemberType]
    return environment


def template_faults(text: str, known: frozenset[str]) -> list[str]:
    """Return what is wrong with a template: its syntax, an unknown filter, names that are not among `known`."""
    environment = _environment()
    try:
        tree = environment.parse(text)
        environment.from_string(text)
    except TemplateSyntaxError as error:
        return [f"шаблон «{text[:40]}…»: {error.message}"]
    unknown = sorted(meta.find_undeclared_variables(tree) - known)
    return [f"шаблон «{text[:40]}…» называет неизвестное: {', '.join(unknown)}"] if unknown else []


@cache
def _compiled(text: str) -> Template:
    return _environment().from_string(text)


def rendered(text: str, values: Mapping[str, Any]) -> str:
    """Return the sentence of a template: single spaces, none before a comma or a stop.

    Raises:
        jinja2.UndefinedError: for a value the sentence needs and does not have.
    """
    made = _SPACES.sub(" ", _compiled(text).render(values)).strip()
    return _BEFORE_SIGN.sub(r"\1", made)
