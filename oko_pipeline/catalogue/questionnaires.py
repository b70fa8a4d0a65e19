"""Questionnaires described once: questions, answers, scales with reverse items, groups of respondents.

From a questionnaire come the form for paper answers, the recognition of exports of Google Forms and Yandex Forms, the
checks of every answer and the results by question and scale. Free text and contacts have no place in the stores: such
questions are named here so that their columns are known and dropped.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from oko_pipeline.catalogue.yaml_files import CatalogueModel, catalogue_files, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError

QuestionKind = Literal["scale", "single", "multiple", "number", "school", "text", "contact"]
Respondents = Literal["students", "parents", "teachers", "heads", "employers"]
OTHER: Final = "other"
FAVOURABLE: Final = "favourable"

# «3. Вопрос», «3) Вопрос», «Вопрос 3. …»: numbers change from year to year, the words stay.
_NUMBERING: Final = re.compile(r"^(?:вопрос\s*)?(?:№\s*)?\d{1,3}(?:[.\-]\d{1,3})?\s*[.):]\s*|^вопрос\s*\d{1,3}\s+")
_HINT: Final = re.compile(r"\((?:можно|выберите|отметьте|укажите|не более|один|несколько)[^)]*\)")
_MARKS: Final = re.compile(r"[^\w%+/-]+")


class Answer(CatalogueModel):
    """An answer that may be chosen. `value` is its place on a scale; without one it is left out of means."""

    code: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    text: str
    value: float | None = None
    also: tuple[str, ...] = ()


class AnswerSet(CatalogueModel):
    """Answers that many questions share. `favourable_from`: the least value of a favourable answer."""

    answers: tuple[Answer, ...]
    favourable_from: float | None = None

    @model_validator(mode="after")
    def _answers_differ(self) -> Self:
        texts = Counter(question_key(text) for one in self.answers for text in (one.text, *one.also))
        codes = Counter(one.code for one in self.answers)
        repeated = [text for counter in (texts, codes) for text, count in counter.items() if count > 1]
        if repeated or OTHER in codes:
            raise ValueError(f"ответы повторены или заняты: {repeated or OTHER}")
        return self

    @property
    def points(self) -> tuple[float, ...]:
        """Values of the answers that have one, in order."""
        return tuple(sorted(one.value for one in self.answers if one.value is not None))


class Question(CatalogueModel):
    """A question. `also` are other wordings under which exports carry it.

    `is_reverse`: agreement means the opposite of what its scale measures. `is_group`: results are told by its answers.
    `has_other`: «Другое» with free text, of which only the fact is kept. `maximum_choices` bounds a multiple choice.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: QuestionKind
    text: str
    also: tuple[str, ...] = ()
    answers: str | None = None
    scale: str | None = None
    is_reverse: bool = False
    is_group: bool = False
    has_other: bool = False
    maximum_choices: int | None = None
    minimum: float | None = None
    maximum: float | None = None

    @property
    def is_stored(self) -> bool:
        """Tell whether answers are kept: free text and contacts are not, the school is a key of the row."""
        return self.kind not in {"text", "contact", "school"}


class Scale(CatalogueModel):
    """What several questions measure together; `higher_ru` says what a high value means."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title_ru: str
    higher_ru: str


class Questionnaire(CatalogueModel):
    """A questionnaire. `kinds` are slugs of `needs` in the mission register; `version` grows with its questions."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: int = Field(ge=1)
    title_ru: str
    respondents: Respondents
    kinds: tuple[str, ...]
    about_ru: str
    instruction_ru: tuple[str, ...] = ()
    answer_sets: dict[str, AnswerSet]
    scales: tuple[Scale, ...] = ()
    questions: tuple[Question, ...]

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        faults = list(self._faults())
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        codes = Counter(question.code for question in self.questions)
        texts = Counter(question_key(text) for question in self.questions for text in (question.text, *question.also))
        yield from (f"повторено: {one}" for counter in (codes, texts) for one, count in counter.items() if count > 1)
        if sum(question.kind == "school" for question in self.questions) > 1:
            yield "больше одного вопроса о школе"
        scales = {scale.code for scale in self.scales}
        members = Counter(question.scale for question in self.questions if question.scale is not None)
        yield from (f"нет шкалы {code}" for code in sorted(set(members) - scales))
        yield from (f"в шкале {code} меньше двух вопросов" for code in sorted(scales) if members[code] < 2)
        for question in self.questions:
            needs_answers = question.kind in {"scale", "single", "multiple"}
            if needs_answers != (question.answers is not None) or (
                question.answers is not None and question.answers not in self.answer_sets
            ):
                yield f"вопрос {question.code}: набор ответов {question.answers}"
            elif question.scale is not None and not (question.kind == "scale" and self.answer_set(question).points):
                yield f"вопрос {question.code}: в шкалу входят только вопросы со значениями ответов"
        if set(self.answer_sets) >= {question.answers for question in self.questions if question.answers is not None}:
            yield from self._mixed_scales()

    def _mixed_scales(self) -> Iterator[str]:
        for scale in self.scales:
            sets = {self.answer_set(one).points for one in self.questions if one.scale == scale.code and one.answers}
            if len(sets) > 1:
                yield f"в шкале {scale.code} вопросы с разными значениями ответов"

    def answer_set(self, question: Question) -> AnswerSet:
        """Return the answers of a question; raises `CatalogueError` for one without answers."""
        if question.answers is None:
            raise CatalogueError(f"У вопроса {question.code} анкеты {self.code} нет набора ответов.")
        return self.answer_sets[question.answers]

    def question(self, code: str) -> Question:
        """Return a question; raises `CatalogueError` when there is none."""
        for question in self.questions:
            if question.code == code:
                return question
        raise CatalogueError(f"В анкете {self.code} нет вопроса {code}.")

    @property
    def groups(self) -> tuple[Question, ...]:
        """Questions by whose answers results are told apart."""
        return tuple(question for question in self.questions if question.is_group)

    def scale_questions(self, scale_code: str) -> tuple[Question, ...]:
        """Return the questions of a scale in their order."""
        return tuple(question for question in self.questions if question.scale == scale_code)


@lru_cache(maxsize=16384)
def question_key(text: str) -> str:
    """Return a question's or an answer's words for comparison: no case, ё, quotes, numbering, hints, double spaces."""
    line = " ".join(text.lower().replace("ё", "е").split())
    line = _HINT.sub(" ", _NUMBERING.sub("", line))
    return " ".join(_MARKS.sub(" ", line).split())


@cache
def questionnaires() -> dict[str, Questionnaire]:
    """Return all questionnaires by code; raises `CatalogueError` naming every fault with file, line and field."""
    found = [one for _, one in read_catalogue_yaml(catalogue_files("questionnaires"), Questionnaire)]
    codes = Counter(one.code for one in found)
    repeated = sorted(code for code, count in codes.items() if count > 1)
    if repeated:
        raise CatalogueError(f"Каталог анкет: коды повторены: {repeated}")
    return {one.code: one for one in found}


def questionnaire(code: str) -> Questionnaire:
    """Return a questionnaire; raises `CatalogueError` for an unknown one."""
    try:
        return questionnaires()[code]
    except KeyError:
        raise CatalogueError(f"В каталоге нет анкеты «{code}».") from None
