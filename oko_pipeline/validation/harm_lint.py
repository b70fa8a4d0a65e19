"""Reads Russian text for harm: ranking, rewards, appraisal and aims by the level of ВПР or marks, figures on teachers.

A hit is a suspicion for a person to decide, never a refusal: the text is kept as it is and the phrase is marked. Words
are compared by their dictionary forms, so cases, order and distance within a sentence do not matter; a negation, an
order to stop, and a quoted prohibition make a sentence harmless. The vocabulary is `catalogue/data/harm_patterns.yaml`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Final

from oko_pipeline.catalogue.harm import HarmPatterns, harm_patterns

KINDS_RU: Final = {
    "ranking": "рейтинг или упорядоченный список по уровню ВПР или отметкам",
    "reward": "поощрение или наказание по уровню ВПР или отметкам",
    "appraisal": "оценка деятельности по уровню ВПР или отметкам",
    "target": "уровень ВПР или отметок как целевое значение",
    "teacher": "показатель отдельного учителя",
}
_NUMBER, _MARK, _GAP = "<число>", "<отметка>", "**"
_MOST_GAP: Final = 3
_NEAR: Final = 6
_TOKEN: Final = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+|[^\w\s]")
_PERCENT: Final = "%"
_QUOTES: Final = '«»"“”„'
_CLAUSE_ENDS: Final = frozenset(",:()—–|")
_SENTENCE_END: Final = re.compile(
    r"(?<!\b[А-ЯЁ])(?<!\bг)(?<!\bул)(?<!\bим)(?<!\bтыс)(?<!\bруб)(?<!\bпр)(?<!\bт)[.!?…]+(?=\s|$)|[;\n\r]+"
)
_PERSON: Final = re.compile(r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?\s+[А-ЯЁ]\.\s?(?:[А-ЯЁ]\.)?")
_FRACTION: Final = re.compile(r"\d+[.,]\d+|\d+\s*(?:%|процент)")
_VERBS: Final = frozenset({"VERB", "INFN", "PRTS", "PRTF", "PRED", "GRND"})
_PARTICIPLE: Final = frozenset({"PRTF"})
_CONTRAST: Final = frozenset({"а", "но"})
_ANAPHORA: Final = frozenset({"он", "она", "они", "этот", "данный", "указанный", "тот"})


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A phrase that a person must judge. `start` and `end` are its place in the text; `kind` is a key of `KINDS_RU`."""

    kind: str
    phrase: str
    start: int
    end: int

    @property
    def reason_ru(self) -> str:
        """Return what the phrase looks like, in Russian."""
        return KINDS_RU[self.kind]


@dataclass(frozen=True, slots=True)
class _Token:
    lemmas: frozenset[str]
    forms: frozenset[str]
    start: int
    end: int
    clause: int
    is_quoted: bool


_Element = frozenset[str]
_Pattern = tuple[_Element, ...]
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """Patterns by the dictionary forms that their first word may have."""

    by_first: dict[str, tuple[_Pattern, ...]]

    def spans(self, tokens: Sequence[_Token]) -> list[_Span]:
        """Return where the patterns stand, as half-open ranges of tokens."""
        found: list[_Span] = []
        for place, token in enumerate(tokens):
            for lemma in _kinds(token):
                for pattern in self.by_first.get(lemma, ()):
                    end = _match(pattern, 1, tokens, place + 1)
                    if end is not None:
                        found.append((place, end))
        return found


@dataclass(frozen=True, slots=True)
class _Lexicon:
    bases: _Compiled
    uses: dict[str, _Compiled]
    bounds: _Compiled
    named_aims: _Compiled
    forbidden_marks: _Compiled
    teachers: _Compiled
    teachers_with_number: _Compiled
    other_senses: _Compiled
    reasons: _Compiled
    markers: _Compiled
    cancelled: _Compiled
    aim_verbs: frozenset[str]
    exempt: frozenset[str]
    units: frozenset[str]
    harmless: frozenset[str]
    particles: frozenset[str]
    not_negating: frozenset[str]
    carried: frozenset[str]


def find_harm(text: str) -> list[Suspicion]:
    """Return the suspicious phrases of a text, at most one of a kind a sentence, in their order."""
    found: list[Suspicion] = []
    if _base_signs().search(text.replace("ё", "е")) is None:
        return found
    earlier: tuple[_Token, ...] = ()
    is_quote = False
    for start, end in _sentences(text):
        tokens = _tokens(text, start, end)
        is_quote |= any(token.lemmas & _lexicon().carried for token in tokens)
        if not is_quote:
            found += _of_sentence(text, tokens, earlier)
        is_quote &= text[start:end].endswith(";")
        earlier = tokens
    return found


def marked(text: str, suspicions: Iterable[Suspicion]) -> str:
    """Return the text with each suspicious phrase in double brackets: «[[рейтинг школ по ВПР]]»."""
    parts: list[str] = []
    place = 0
    for one in sorted(suspicions, key=lambda suspicion: suspicion.start):
        if one.start < place:
            continue
        parts += [text[place : one.start], "[[", text[one.start : one.end], "]]"]
        place = one.end
    return "".join([*parts, text[place:]])


def _of_sentence(text: str, tokens: tuple[_Token, ...], earlier: tuple[_Token, ...]) -> Iterator[Suspicion]:
    words = _lexicon()
    shown = _without(tokens, words.other_senses.spans(tokens))
    bases = words.bases.spans(shown)
    if not bases and (not _refers_back(shown) or not words.bases.spans(earlier)):
        return
    sees = _Sentence(text, shown, bases)
    for kind, span in (*_ranking(sees), *_rewards(sees), *_aims(sees), *_teachers(sees)):
        yield sees.suspicion(kind, span)


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    tokens: tuple[_Token, ...]
    bases: list[_Span]

    @property
    def written(self) -> str:
        """The sentence as written."""
        return self.text[self.tokens[0].start : self.tokens[-1].end]

    def suspicion(self, kind: str, span: _Span) -> Suspicion:
        """Return the suspicion that reaches from the words of use to the words of the base."""
        nearest = sorted(self.bases, key=lambda base: max(base[0] - span[1], span[0] - base[1]))
        first, last = span
        for base in nearest:
            # One base is enough; others that touch the phrase belong to it («среднему баллу ВПР»).
            if base == nearest[0] or first <= base[0] <= last:
                first, last = min(first, base[0]), max(last, base[1])
        start, end = self.tokens[first].start, self.tokens[last - 1].end
        return Suspicion(kind, self.text[start:end], start, end)


def _first_harmful(sees: _Sentence, spans: Iterable[_Span]) -> _Span | None:
    return next((span for span in sorted(spans) if not _is_negated(sees.tokens, span)), None)


def _ranking(sees: _Sentence) -> Iterator[tuple[str, _Span]]:
    words = _lexicon()
    plain = [span for span in words.uses["ranking"].spans(sees.tokens) if _object(sees.tokens, span) != "harmless"]
    # «По убыванию» is a ranking only of schools, classes and people.
    ordered = [span for span in words.uses["order"].spans(sees.tokens) if _object(sees.tokens, span) == "unit"]
    if (span := _first_harmful(sees, [*plain, *ordered])) is not None:
        yield "ranking", span


def _rewards(sees: _Sentence) -> Iterator[tuple[str, _Span]]:
    words = _lexicon()
    for kind in ("reward", "appraisal"):
        spans = words.uses[kind].spans(sees.tokens)
        if kind == "reward":
            has_reason = bool(words.reasons.spans(sees.tokens))
            spans = [span for span in spans if not has_reason and _object(sees.tokens, span) != "harmless"]
        if (span := _first_harmful(sees, spans)) is not None:
            yield kind, span


def _aims(sees: _Sentence) -> Iterator[tuple[str, _Span]]:
    words = _lexicon()
    if any(token.lemmas & words.exempt for token in sees.tokens):
        return
    forbidden = words.forbidden_marks.spans(sees.tokens)
    if forbidden and not words.markers.spans(sees.tokens):
        yield "target", forbidden[0]
        return
    # «Доля достигших базового уровня» names an indicator: a full participle sets no aim.
    verbs = [
        (place, place + 1)
        for place, token in enumerate(sees.tokens)
        if token.lemmas & words.aim_verbs and token.forms & _VERBS != _PARTICIPLE
    ]
    bounds = words.bounds.spans(sees.tokens)
    aims = [verb for verb in verbs if any(bound[0] > verb[0] for bound in bounds)]
    has_number = any(_is_number(token) for token in sees.tokens)
    aims += [span for span in words.named_aims.spans(sees.tokens) if has_number]
    if (span := _first_harmful(sees, aims)) is not None:
        yield "target", span


def _teachers(sees: _Sentence) -> Iterator[tuple[str, _Span]]:
    words = _lexicon()
    spans = words.teachers.spans(sees.tokens)
    if _FRACTION.search(sees.written):
        spans += words.teachers_with_number.spans(sees.tokens)
        spans += [_tokens_of(sees, match) for match in _PERSON.finditer(sees.written)]
    if (span := _first_harmful(sees, spans)) is not None:
        yield "teacher", span


def _tokens_of(sees: _Sentence, match: re.Match[str]) -> _Span:
    offset = sees.tokens[0].start
    inside = [
        place
        for place, token in enumerate(sees.tokens)
        if match.start() <= token.start - offset and token.end - offset <= match.end()
    ]
    return (inside[0], inside[-1] + 1) if inside else (0, 1)


def _object(tokens: Sequence[_Token], span: _Span) -> str:
    """Return what is ranked or thanked: `unit`, `harmless` or `unknown`, by the nearest noun, those after first."""
    words = _lexicon()
    inside = range(*span)
    after = range(span[1], min(len(tokens), span[1] + _NEAR))
    before = range(span[0] - 1, max(-1, span[0] - 1 - _NEAR), -1)
    for place in (*inside, *after, *before):
        if tokens[place].lemmas & words.units:
            return "unit"
        if tokens[place].lemmas & words.harmless:
            return "harmless"
    return "unknown"


def _is_negated(tokens: Sequence[_Token], span: _Span) -> bool:
    words = _lexicon()
    cancelled = words.cancelled.spans(tokens)
    if cancelled:
        return False
    if words.markers.spans(tokens):
        return True
    clause = tokens[span[0]].clause
    own = [token for token in tokens if token.clause == clause]
    return any(_negates(own, place) for place in range(len(own))) or _is_lacked(tokens, span)


def _is_lacked(tokens: Sequence[_Token], span: _Span) -> bool:
    """Tell whether «без» governs the word: a genitive of the same clause with no verb between."""
    if "gent" not in tokens[span[0]].forms:
        return False
    for token in reversed(tokens[: span[0]]):
        if token.clause != tokens[span[0]].clause or token.forms & {"VERB", "INFN"}:
            return False
        if "без" in token.lemmas:
            return True
    return False


def _negates(clause: Sequence[_Token], place: int) -> bool:
    words = _lexicon()
    if not clause[place].lemmas & words.particles:
        return False
    if place + 1 == len(clause):
        return True
    # «Учителей, не имеющих двоек»: a participle's negation is its own.
    following = clause[place + 1]
    return not following.lemmas & words.not_negating and following.forms.isdisjoint({"PRTF", "ADJF"})


def _refers_back(tokens: Sequence[_Token]) -> bool:
    return any(token.lemmas & _ANAPHORA for token in tokens[:_NEAR])


def _is_number(token: _Token) -> bool:
    return _NUMBER in token.lemmas


def _sentences(text: str) -> Iterator[_Span]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        yield start, match.end()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _tokens(text: str, start: int, end: int) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    clause = 0
    for match in _TOKEN.finditer(text, start, end):
        word = match[0]
        if word in _CLAUSE_ENDS:
            clause += 1
        if not (word[0].isalnum() or word == _PERCENT):
            continue
        if word in _CONTRAST:
            clause += 1
        is_quoted = match.start() > 0 and text[match.start() - 1] in _QUOTES
        lemmas, forms = _read("процент" if word == _PERCENT else word)
        tokens.append(_Token(lemmas, forms, match.start(), match.end(), clause, is_quoted))
    return _with_lists_joined(tokens)


def _with_lists_joined(tokens: list[_Token]) -> tuple[_Token, ...]:
    """Return the tokens with the members of a list in one clause: a part without a verb goes on with the one before."""
    apart = {token.clause for token in tokens if token.forms & _VERBS or token.lemmas & _CONTRAST}
    joined: list[_Token] = []
    clause = 0
    for token in tokens:
        if token.clause in apart:
            clause = token.clause
        joined.append(replace(token, clause=clause))
    return tuple(joined)


def _without(tokens: tuple[_Token, ...], spans: list[_Span]) -> tuple[_Token, ...]:
    hidden = {place for span in spans for place in range(*span)}
    return tuple(token for place, token in enumerate(tokens) if place not in hidden) if hidden else tokens


def _match(pattern: _Pattern, element: int, tokens: Sequence[_Token], place: int) -> int | None:
    """Return where the rest of a pattern ends when it stands at `place`."""
    if element == len(pattern):
        return place
    if _GAP in pattern[element]:
        for skipped in range(_MOST_GAP + 1):
            end = _match(pattern, element + 1, tokens, place + skipped)
            if end is not None:
                return end
        return None
    if place >= len(tokens) or not pattern[element].intersection(_kinds(tokens[place])):
        return None
    return _match(pattern, element + 1, tokens, place + 1)


def _kinds(token: _Token) -> Iterable[str]:
    if token.is_quoted and token.lemmas & {"2", "3", "4", "5"}:
        return (*token.lemmas, _MARK)
    return token.lemmas


@lru_cache(maxsize=200_000)
def _read(word: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return all dictionary forms that a word may have, with «е» for «ё», and its possible parts of speech and cases.

    A number is itself and `<число>`.
    """
    if word[0].isdigit():
        return frozenset({word, _NUMBER}), frozenset()
    parses = _morphology().parse(word.lower())
    lemmas = {word.lower(), *(parse.normal_form for parse in parses)}
    forms = {str(part) for parse in parses for part in (parse.tag.POS, parse.tag.case) if part}
    return frozenset(lemma.replace("ё", "е") for lemma in lemmas), frozenset(forms)


@cache
def _morphology() -> Any:
    # The dictionary takes 16 MB and a fifth of a second to open.
    import pymorphy3  # noqa: PLC0415

    return pymorphy3.MorphAnalyzer()


def _compiled(patterns: Iterable[str]) -> _Compiled:
    by_first: dict[str, list[_Pattern]] = {}
    for text in patterns:
        pattern = tuple(frozenset(part.split("|")) for part in text.split())
        for first in pattern[0]:
            by_first.setdefault(first, []).append(pattern)
    return _Compiled({first: tuple(found) for first, found in by_first.items()})


@cache
def _base_signs() -> re.Pattern[str]:
    """Return what every text with a base holds: most texts of a document have none and need not be read by words."""
    return re.compile("|".join(sorted({_sign(one) for own in harm_patterns().bases.values() for one in own})), re.I)


def _sign(pattern: str) -> str:
    if _MARK in pattern:
        return f"[{_QUOTES}][2-5]"
    words = [part for part in pattern.split() if part[0].isalpha() and len(part) > 2]
    if not words:
        return r"\s+".join(pattern.split()[:2])
    # Endings and fleeting vowels are within the last three letters: двойка, двоек.
    return "|".join(word[: max(3, len(word) - 3)] for word in words[-1].split("|"))


@cache
def _lexicon() -> _Lexicon:
    patterns: HarmPatterns = harm_patterns()
    return _Lexicon(
        bases=_compiled(pattern for own in patterns.bases.values() for pattern in own),
        uses={kind: _compiled(own) for kind, own in patterns.uses.items()},
        bounds=_compiled(patterns.aims.bounds),
        named_aims=_compiled(patterns.aims.named),
        forbidden_marks=_compiled(patterns.aims.always),
        teachers=_compiled(patterns.teachers.with_base),
        teachers_with_number=_compiled(patterns.teachers.with_number),
        other_senses=_compiled(patterns.other_senses),
        reasons=_compiled(patterns.harmless_reasons),
        markers=_compiled(patterns.negation.markers),
        cancelled=_compiled(patterns.negation.cancelled_by),
        aim_verbs=frozenset(patterns.aims.verbs),
        exempt=frozenset(patterns.aims.exempt),
        units=frozenset(patterns.units),
        harmless=frozenset(patterns.harmless_objects),
        particles=frozenset(patterns.negation.particles),
        not_negating=frozenset(patterns.negation.not_negating),
        carried=frozenset(patterns.negation.carried),
    )
