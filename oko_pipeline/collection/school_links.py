"""Which school a key of a file means: by a person's confirmation, login, code of ОГЭ or ЕГЭ, name, likeness of names.

What is not certain is never guessed: it is listed with its best candidates and why none was taken. The registers made
of the links are in `schools`; taking a name apart is in `school_names`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd
import xlsxwriter

from oko_pipeline.catalogue.keys import school_code_from_login
from oko_pipeline.catalogue.methods import method, parameters
from oko_pipeline.catalogue.tables import SCHOOL_CROSSWALK
from oko_pipeline.catalogue.tables_sources import SCHOOL_LINK_CANDIDATES
from oko_pipeline.collection.headers import folded_text
from oko_pipeline.collection.plain_books import PLAIN_TEXTS
from oko_pipeline.collection.school_names import SchoolName, municipality_key, school_name, stem
from oko_pipeline.quality import QualityFinding

METHOD_ID: Final = "linking.schools"
UNMATCHED: Final = "unmatched"
LINK_COLUMNS: Final = (
    "Ключ в файле",
    "Муниципалитет",
    "Код ОО",
    "Вид изменения",
    "Действует с",
    "Действует по",
    "Основание",
    "Подтвердил (должность)",
    "Дата подтверждения",
)
CHANGE_KINDS_RU: Final = {
    "same": "то же, иное написание",
    "rename": "переименование",
    "merger": "слияние",
    "accession": "присоединение",
}

_CODE: Final = re.compile(r"\d{2,7}")
# A number outweighs a slip of the pen in a word, never the other way round.
_NUMBER_SHARE: Final = 0.3
_OTHER_PLACE: Final = "название совпало, но муниципалитет другой"
_SAME_NAME: Final = "то же название у нескольких ОО"
_NO_PLACE: Final = "муниципалитет не указан: сходство названий без него не принимается"
_STRANGE: Final = "слово отличается больше, чем на опечатку"
_RIVAL: Final = "эта ОО уже есть в том же файле под другим ключом"
_CHAIN: Final = 10
_POOR: Final = 50.0


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """Thresholds of likeness (0 to 100), how many candidates are listed, the day on which mergers count (month-day)."""

    least_score: float
    least_margin: float
    bare_number_score: float
    least_honour_score: float
    least_listed_score: float
    most_edits: int
    listed_candidates: int
    reference_day: str

    @classmethod
    def of(cls, overrides: Mapping[str, Any] | None = None) -> "LinkOptions":
        """Return the catalogue's values, replaced by a territory's own ones."""
        return cls(**parameters(METHOD_ID, overrides))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A school that a key may mean, how alike the names are (0 to 100) and why it was not taken."""

    school_code: str
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class LinkedMentions:
    """Mentions with `school_code` and `method`, candidates of what stayed unmatched, findings, thresholds used."""

    mentions: pd.DataFrame
    candidates: dict[tuple[str, str], list[Candidate]]
    findings: list[QualityFinding] = field(default_factory=list)
    options: LinkOptions = field(default_factory=LinkOptions.of)


@dataclass(frozen=True, slots=True)
class _Query:
    """A key of a year as the mentions of one municipality give it."""

    school_year: str
    key: str
    text: str
    place: str | None
    codes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Found:
    school_code: str | None
    method: str
    candidates: tuple[Candidate, ...] = ()
    score: float | None = None


def folded_key(text: Any) -> str:
    """Return a key for comparison: lower case, no quotes, «№» apart, single spaces; empty for no text."""
    if not isinstance(text, str):
        return ""
    return " ".join(re.sub(r"[«»\"'“”.,]", " ", folded_text(text)).replace("№", " № ").split())


def link_keys(keys: Sequence[str], crosswalk: pd.DataFrame) -> list[str | None]:
    """Return the school of each key by a year's crosswalk; None where the key is unknown or not matched.

    Args:
        keys: logins, codes or names as files have them.
        crosswalk: rows of `school_crosswalk` of one year. A key that differs from a known one only by quotes, dots or
            spaces is the same key; a login that stands in no file of the year yet is its own school.
    """
    own: dict[str, str | None] = {}
    folded: dict[str, set[str | None]] = defaultdict(set)
    for key, code in zip(crosswalk["source_key"], crosswalk["school_code"], strict=True):
        own[key] = code if isinstance(code, str) else None
        folded[_identity(key)].add(own[key])
    found: dict[str, str | None] = {}
    for key in set(keys):
        if key in own:
            found[key] = own[key]
            continue
        alike = folded.get(_identity(key))
        if alike is None:
            found[key] = school_code_from_login(key)
        else:
            found[key] = next(iter(alike)) if len(alike) == 1 else None
    return [found[key] for key in keys]


def link_mentions(
    mentions: pd.DataFrame, links: pd.DataFrame | None = None, options: LinkOptions | None = None
) -> LinkedMentions:
    """Find the school of every mention.

    Args:
        mentions: rows of `school_mentions` of all years: what one year tells with a login serves the others.
        links: rows of `school_links`: confirmations by a person, which stand above all else within their dates.
        options: thresholds; the catalogue's own when not given.
    """
    chosen = options or LinkOptions.of()
    linker = _Linker(mentions, chosen)
    confirmed = _Confirmed(links, linker.places, chosen.reference_day)
    answers: dict[_Query, _Found] = {}
    queries: list[_Query | None] = []
    codes: list[str | None] = []
    methods: list[str] = []
    columns = ("school_year", "source_key", "school_code", "school_name", "oge_code", "ege_code")
    places = linker.places.of_rows(mentions)
    for values in zip(*(mentions[name] for name in columns), places, strict=True):
        year, key, own, name, oge, ege, place = values
        person = confirmed.school_of(year, key, own, place)
        if person is not None:
            queries.append(None)
            codes.append(person)
            methods.append("confirmed")
            continue
        if isinstance(own, str):
            queries.append(None)
            codes.append(own)
            methods.append(_login_method(str(key), own))
            continue
        query = _query(year, key, name, (oge, ege), place, linker.places)
        if query not in answers:
            answers[query] = linker.find(query)
        queries.append(query)
        codes.append(answers[query].school_code)
        methods.append(answers[query].method)
    _withdraw_rivals(mentions, queries, answers, codes, methods)
    codes, methods = confirmed.succeeded(mentions["school_year"], codes, methods)
    linked = mentions.assign(school_code=pd.array(codes, dtype="str"), method=methods)
    candidates, findings = _outcome(linked, queries, answers)
    return LinkedMentions(linked, candidates, [*confirmed.findings, *findings], chosen)


def candidate_rows(linked: LinkedMentions, school_year: str) -> pd.DataFrame:
    """Return the candidates of a year's unmatched keys as rows of `school_link_candidates`."""
    own = linked.mentions[linked.mentions["school_year"] == school_year]
    named = linked.mentions[linked.mentions["school_name"].notna() & linked.mentions["school_code"].notna()]
    names = dict(zip(named["school_code"], named["school_name"], strict=True))
    placed = linked.mentions[linked.mentions["municipality_source"].notna()]
    coded = placed[placed["school_code"].notna()]
    places = dict(zip(coded["school_code"], _place_names(coded), strict=True))
    lost = own[own["municipality_source"].notna()]
    own_places = dict(zip(lost["source_key"], _place_names(lost), strict=True))
    version = method(METHOD_ID).version
    rows = [
        {
            "school_year": school_year,
            "source_key": key,
            "municipality_name": own_places.get(key),
            "position": position,
            "school_code": candidate.school_code,
            "school_name": names.get(candidate.school_code),
            "candidate_municipality": places.get(candidate.school_code),
            "score": round(candidate.score, 1),
            "why": candidate.why,
            "method_id": METHOD_ID,
            "method_version": version,
        }
        for (year, key), candidates in sorted(linked.candidates.items())
        if year == school_year
        for position, candidate in enumerate(candidates, 1)
    ]
    return SCHOOL_LINK_CANDIDATES.conform(pd.DataFrame(rows)) if rows else SCHOOL_LINK_CANDIDATES.empty()


def write_links_form(path: Path, crosswalk: pd.DataFrame, candidates: pd.DataFrame, mentions: pd.DataFrame) -> int:
    """Write the crosswalk file for a person to fill: a row an unmatched key, its candidates on a second sheet.

    Args:
        path: the .xlsx to write.
        crosswalk: rows of `school_crosswalk` of a year; only unmatched ones are written.
        candidates: rows of `school_link_candidates` of the year.
        mentions: rows of `school_mentions`, which tell the municipality of a key.

    Returns:
        The number of keys written.
    """
    lost = sorted(crosswalk.loc[crosswalk["method"] == UNMATCHED, "source_key"])
    placed = mentions[mentions["municipality_name"].notna()]
    places = dict(zip(placed["source_key"], placed["municipality_name"], strict=True))
    with xlsxwriter.Workbook(str(path), PLAIN_TEXTS) as workbook:
        bold = workbook.add_format({"bold": True, "text_wrap": True, "bg_color": "#DDE6F0", "border": 1})
        day = workbook.add_format({"num_format": "dd.mm.yyyy"})
        sheet = workbook.add_worksheet("Соответствия ОО")
        sheet.write_row(0, 0, LINK_COLUMNS, bold)
        sheet.set_column(0, 1, 40)
        sheet.set_column(2, 3, 22)
        sheet.set_column(4, 5, 14, day)
        sheet.set_column(6, 7, 40)
        sheet.set_column(8, 8, 18, day)
        sheet.freeze_panes(1, 0)
        for row, key in enumerate(lost, 1):
            sheet.write_row(row, 0, [key, places.get(key, "")])
        last = max(len(lost), 1) + 200
        sheet.data_validation(1, 3, last, 3, {"validate": "list", "source": list(CHANGE_KINDS_RU.values())})
        for column in (4, 5, 8):
            rule = {"validate": "date", "criteria": ">", "value": date(1990, 1, 1), "ignore_blank": True}
            sheet.data_validation(1, column, last, column, rule)
        listed = workbook.add_worksheet("Кандидаты")
        listed.write_row(0, 0, ("Ключ", "Код ОО", "Название", "Муниципалитет", "Сходство", "Почему не принято"), bold)
        listed.set_column(0, 5, 34)
        shown = candidates[["source_key", "school_code", "school_name", "candidate_municipality", "score", "why"]]
        for row, values in enumerate(shown.itertuples(index=False), 1):
            listed.write_row(row, 0, ["" if pd.isna(value) else value for value in values])
    return len(lost)


def crosswalk_rows(linked: LinkedMentions, school_year: str) -> pd.DataFrame:
    """Return a year's keys with their schools; a key that means two schools in two files means none."""
    own = linked.mentions[linked.mentions["school_year"] == school_year]
    if own.empty:
        return SCHOOL_CROSSWALK.empty()
    grouped = own.groupby("source_key", sort=True).agg(
        school_code=("school_code", "first"),
        schools_count=("school_code", "nunique"),
        method=("method", "first"),
        files_count=("file_sha256", "nunique"),
        rows_count=("rows_count", "sum"),
    )
    unclear = (grouped["schools_count"] != 1).to_numpy()
    grouped.loc[unclear, "school_code"] = None
    grouped.loc[unclear, "method"] = UNMATCHED
    # A key matched in one file alone (the other names no municipality) is matched: it has one school.
    first = own[own["school_code"].notna()].groupby("source_key")["method"].first()
    grouped.loc[~unclear, "method"] = first.reindex(grouped.index[~unclear]).to_numpy()
    return SCHOOL_CROSSWALK.conform(
        grouped.reset_index().assign(school_year=school_year)[list(SCHOOL_CROSSWALK.column_names)]
    )


def _identity(key: str) -> str:
    return school_code_from_login(key) or folded_key(key)


def _login_method(key: str, code: str) -> str:
    # «МБОУ СОШ № 5 (sch990404)» carries its login within.
    lowered = key.lower()
    return "login" if code in lowered else "login_alias" if code[3:] in lowered else "name"


def _place_names(rows: pd.DataFrame) -> list[str]:
    named = rows["municipality_name"].where(rows["municipality_name"].notna(), rows["municipality_source"])
    return [str(name) for name in named]


def _query(
    year: str, key: str, name: object, codes: tuple[object, object], place: str | None, places: "_PlaceIndex"
) -> _Query:
    given = tuple(
        (method, _code(value))
        for method, value in zip(("code_oge", "code_ege"), codes, strict=True)
        if isinstance(value, str) and _code(value)
    )
    bare = str(key).strip()
    if _CODE.fullmatch(bare):
        given = (*given, ("code_oge", _code(bare)), ("code_ege", _code(bare)))
    text = bare
    # Two municipalities have a school of one name: a file may tell them apart in the key itself.
    left, bar, right = bare.partition("|")
    if bar and place is None:
        text, place = left.strip(), places.of(None, right.strip())
    if _CODE.fullmatch(text) and isinstance(name, str):
        text = name
    return _Query(year, bare, text, place or places.within(text), given)


def _code(value: str) -> str:
    return value.strip().removesuffix(".0").lstrip("0")


class _PlaceIndex:
    """Municipalities as files write them, led to one identity: the code where some school was seen with both."""

    def __init__(self, mentions: pd.DataFrame) -> None:
        votes: dict[str, Counter[str]] = defaultdict(Counter)
        codes: dict[str, set[str]] = defaultdict(set)
        names: dict[str, set[str]] = defaultdict(set)
        columns = ["school_code", "municipality_code", "municipality_name"]
        for school, code, name in mentions[columns].drop_duplicates().itertuples(index=False):
            folded = municipality_key(name) if isinstance(name, str) else None
            if isinstance(code, str) and folded:
                votes[folded][code] += 1
            if isinstance(school, str):
                if isinstance(code, str):
                    codes[school].add(code)
                if folded:
                    names[school].add(folded)
        direct = set(votes)
        pairs = ((folded, code) for school, own in names.items() for folded in own - direct for code in codes[school])
        for folded, code in pairs:
            votes[folded][code] += 1
        self._codes = {folded: min(counts, key=lambda one: (-counts[one], one)) for folded, counts in votes.items()}
        self._stems: dict[str, set[str]] = defaultdict(set)
        for folded in {*self._codes, *(name for own in names.values() for name in own)}:
            for word in filter(lambda one: len(one) > 3, folded.split()):
                self._stems[stem(word)].add(self._codes.get(folded, folded))

    def of(self, code: object, name: object) -> str | None:
        """Return the identity of a municipality; None when neither code nor name is given."""
        if isinstance(code, str):
            return code
        if not isinstance(name, str):
            return None
        folded = municipality_key(name)
        return self._codes.get(folded, folded) or None

    def of_rows(self, mentions: pd.DataFrame) -> list[str | None]:
        """Return the identity of the municipality of every mention."""
        return [
            self.of(code, name)
            for code, name in zip(mentions["municipality_code"], mentions["municipality_name"], strict=True)
        ]

    def within(self, text: str) -> str | None:
        """Return the municipality that a school's name names («… г. Верхнеск», «… Верхнего района»), if just one."""
        found = {place for one in school_name(text).places for place in self._stems.get(one, ())}
        return next(iter(found)) if len(found) == 1 else None


class _Linker:
    """Known schools with all their names, codes and municipalities, and the search among them."""

    def __init__(self, mentions: pd.DataFrame, options: LinkOptions) -> None:
        self.places = _PlaceIndex(mentions)
        self._options = options
        self._names: dict[str, dict[SchoolName, None]] = defaultdict(dict)
        self._places_of: dict[str, set[str]] = defaultdict(set)
        self._schools_in: dict[str, set[str]] = defaultdict(set)
        self._by_text: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._by_core: dict[Any, set[str]] = defaultdict(set)
        self._codes: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._words: set[str] = set()
        known = mentions[mentions["school_code"].notna()]
        columns = ["school_year", "school_code", "school_name", "oge_code", "ege_code"]
        rows = known[columns].assign(place=pd.array(self.places.of_rows(known), dtype="object")).drop_duplicates()
        for year, code, name, oge, ege, place in rows.itertuples(index=False):
            if isinstance(place, str):
                self._places_of[code].add(place)
                self._schools_in[place].add(code)
            for kind, value in (("code_oge", oge), ("code_ege", ege)):
                if isinstance(value, str) and _code(value):
                    self._codes[kind, _code(value)][year].add(code)
            if isinstance(name, str):
                self._learn(year, code, name)

    def _learn(self, year: str, code: str, name: str) -> None:
        parsed = school_name(name)
        self._names[code][parsed] = None
        self._by_text[folded_key(name)][code].add(year)
        self._by_core[parsed.core].add(code)
        self._words.update(parsed.words)

    def find(self, query: _Query) -> _Found:
        """Return the school that a key means, or the candidates when that is not certain."""
        by_code = self._by_code(query)
        if by_code is not None:
            return by_code
        parsed = school_name(query.text)
        exact = self._exact(query, parsed)
        if exact is not None:
            return exact
        if query.place is not None and not parsed.is_empty:
            return self._similar(query, parsed)
        return _Found(None, UNMATCHED, tuple(self._listed_anywhere(parsed)))

    def _by_code(self, query: _Query) -> _Found | None:
        found: dict[str, str] = {}
        for kind, value in query.codes:
            for code in _nearest(self._codes.get((kind, value), {}), query.school_year):
                found.setdefault(code, kind)
        if len(found) == 1:
            ((code, kind),) = found.items()
            return _Found(code, kind)
        if found:
            return _Found(None, UNMATCHED, tuple(Candidate(c, 100.0, "код у нескольких ОО") for c in sorted(found)))
        return None

    def _exact(self, query: _Query, parsed: SchoolName) -> _Found | None:
        years = self._by_text.get(folded_key(query.text), {})
        same_core = self._by_core.get(parsed.core, set()) if parsed.numbers or parsed.words else set()
        alike = {code for code in same_core if any(self._agrees(parsed, name) for name in self._names[code])}
        if query.place is None:
            # Without a municipality the name must be the only one of its kind, whatever the legal form before it.
            return _decided(alike | set(years), _SAME_NAME)
        here = {code for code in years if self._may_be_in(code, query.place)}
        if len(here) > 1:
            here = {code for code in here if query.school_year in years[code]} or here
        if not here:
            here = {code for code in alike if self._may_be_in(code, query.place)}
            certain = {code for code in here if query.place in self._places_of[code]}
            full = {
                c
                for c in certain
                if any((n.honour, n.places) == (parsed.honour, parsed.places) for n in self._names[c])
            }
            here = full if len(full) == 1 else certain or here
        found = _decided(here, _SAME_NAME)
        if found is not None or not (alike | set(years)):
            return found
        return None

    def _may_be_in(self, code: str, place: str) -> bool:
        return place in self._places_of[code] or not self._places_of[code]

    def _agrees(self, one: SchoolName, other: SchoolName) -> bool:
        """Tell whether nothing in two names of one core contradicts: another honour, another town."""
        if one.core != other.core or (one.places and other.places and not set(one.places) & set(other.places)):
            return False
        return self._honours_agree(one, other)

    def _honours_agree(self, one: SchoolName, other: SchoolName) -> bool:
        from rapidfuzz import fuzz

        if not (one.honour and other.honour):
            return True
        return fuzz.token_set_ratio(one.honour, other.honour) >= self._options.least_honour_score

    def _similar(self, query: _Query, parsed: SchoolName) -> _Found:
        options = self._options
        scored = [
            max((self._scored(parsed, code, name) for name in self._names[code]), key=_preference)
            for code in sorted(self._schools_in.get(query.place or "", ()))
            if self._names[code]
        ]
        scored.sort(key=lambda one: (-one.score, one.school_code))
        open_ones = [one for one in scored if not one.why]
        if open_ones:
            best = open_ones[0]
            # A school of a near name is a rival even where its word is two slips of the pen away.
            rivals = [one.score for one in scored if one is not best and one.why in {"", _STRANGE}]
            margin = best.score - max(rivals, default=0.0)
            if best.score >= options.least_score and margin >= options.least_margin:
                return _Found(best.school_code, "similar", (best,), best.score)
        listed = [one for one in scored if one.score >= options.least_listed_score][: options.listed_candidates]
        told = [Candidate(one.school_code, one.score, one.why or self._too_close(open_ones)) for one in listed]
        elsewhere = self._by_core.get(parsed.core, set()) - {one.school_code for one in told}
        told += [Candidate(code, 100.0, _OTHER_PLACE) for code in sorted(elsewhere) if parsed.numbers or parsed.words]
        return _Found(None, UNMATCHED, tuple(told[: options.listed_candidates]))

    def _too_close(self, open_ones: list[Candidate]) -> str:
        if open_ones and open_ones[0].score >= self._options.least_score:
            return "отрыв от второго кандидата мал"
        return "сходство ниже порога"

    def _scored(self, wanted: SchoolName, code: str, name: SchoolName) -> Candidate:
        score = self._score(wanted, name)
        why = ""
        if wanted.numbers != name.numbers:
            why = "номер школы не совпадает"
        elif not _kinds_agree(wanted.kind, name.kind):
            why = "вид школы другой"
        elif not self._honours_agree(wanted, name):
            why = "почётное имя другое"
        elif wanted.places and name.places and not set(wanted.places) & set(name.places):
            why = "населённый пункт другой"
        elif self._has_foreign_word(wanted, name):
            why = "слово из названия другой ОО"
        elif self._has_strange_word(wanted, name):
            why = _STRANGE
        return Candidate(code, score, why)

    def _score(self, wanted: SchoolName, name: SchoolName) -> float:
        from rapidfuzz import fuzz

        agree = bool(wanted.numbers) and wanted.numbers == name.numbers
        if not wanted.words and not name.words:
            if not wanted.numbers and not name.numbers:
                return fuzz.token_set_ratio(wanted.honour, name.honour) if wanted.honour and name.honour else 0.0
            return 100.0 if agree else 0.0
        if not wanted.words:
            return self._options.bare_number_score if agree else _POOR
        if not name.words:
            # «СОШ № 4» of the list and «Малоберёзовская СОШ № 4» of the file may well be two schools.
            return _POOR
        words = max(
            (fuzz.token_set_ratio(one, other) + fuzz.token_sort_ratio(one, other)) / 2
            for one, other in (
                (" ".join(wanted.words), " ".join(name.words)),
                (" ".join(map(stem, wanted.words)), " ".join(map(stem, name.words))),
            )
        )
        return words * (1 - _NUMBER_SHARE) + 100 * _NUMBER_SHARE if agree else words

    def _has_foreign_word(self, wanted: SchoolName, name: SchoolName) -> bool:
        """Tell whether a word of the key names some other school: then it is no slip of the pen."""
        if not name.words:
            return False
        stems = {stem(word) for word in name.words}
        return any(word in self._words and stem(word) not in stems for word in wanted.words)

    def _has_strange_word(self, wanted: SchoolName, name: SchoolName) -> bool:
        """Tell whether a word of the key is further from every word of the name than a slip of the pen.

        One letter too many, too few, another or two exchanged; «Берёзовинская» and «Берёзовская» are two villages.
        """
        from rapidfuzz.distance import OSA

        if not name.words:
            return False
        stems = {stem(word) for word in name.words}
        limit = self._options.most_edits
        return any(
            stem(word) not in stems and min(OSA.distance(word, other) for other in name.words) > limit
            for word in wanted.words
        )

    def _listed_anywhere(self, parsed: SchoolName) -> Iterable[Candidate]:
        from rapidfuzz import fuzz, process

        if parsed.is_empty:
            return
        texts = {(code, number): name.text for code, own in self._names.items() for number, name in enumerate(own)}
        found = process.extract(
            parsed.text,
            texts,
            scorer=fuzz.token_sort_ratio,
            limit=self._options.listed_candidates * 2,
            score_cutoff=self._options.least_listed_score,
        )
        seen: set[str] = set()
        for _, score, (code, _) in found:
            if code not in seen and len(seen) < self._options.listed_candidates:
                seen.add(code)
                yield Candidate(code, float(score), _NO_PLACE)


def _preference(candidate: Candidate) -> tuple[bool, float]:
    return not candidate.why, candidate.score


def _kinds_agree(one: str, other: str) -> bool:
    if one == other:
        return True
    # «Ивановская школа» may be any day school; a gymnasium is never a school of the same number.
    plain = {"", "школа"}
    return (one in plain and other in {*plain, "сош", "оош", "нош"}) or (
        other in plain and one in {"сош", "оош", "нош"}
    )


def _decided(codes: set[str], why: str) -> _Found | None:
    if len(codes) == 1:
        return _Found(next(iter(codes)), "name")
    return _Found(None, UNMATCHED, tuple(Candidate(c, 100.0, why) for c in sorted(codes))) if codes else None


def _nearest(years: Mapping[str, set[str]], school_year: str) -> set[str]:
    """Return the schools that had a code in the year nearest to a year; the later of two equally near ones."""
    if not years:
        return set()
    start = int(school_year[:4])
    return years[min(years, key=lambda year: (abs(int(year[:4]) - start), int(year[:4]) < start))]


def _withdraw_rivals(
    mentions: pd.DataFrame,
    queries: Sequence[_Query | None],
    answers: dict[_Query, _Found],
    codes: list[str | None],
    methods: list[str],
) -> None:
    """Take back matches by likeness where the same file has the school under another key already."""
    keys_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    files = mentions["file_sha256"].tolist()
    keys = mentions["source_key"].tolist()
    for file, key, code in zip(files, keys, codes, strict=True):
        if code is not None:
            keys_of[file, code].add(key)
    rivals = {
        query
        for file, query, code, how in zip(files, queries, codes, methods, strict=True)
        if how == "similar" and query is not None and code is not None and len(keys_of[file, code]) > 1
    }
    for query in rivals:
        found = answers[query]
        taken = Candidate(
            str(found.school_code), found.score or 0.0, "эта ОО уже есть в том же файле под другим ключом"
        )
        answers[query] = _Found(None, UNMATCHED, (taken,))
    for index, query in enumerate(queries):
        if query in rivals:
            codes[index], methods[index] = None, UNMATCHED


def _outcome(
    linked: pd.DataFrame, queries: Sequence[_Query | None], answers: Mapping[_Query, _Found]
) -> tuple[dict[tuple[str, str], list[Candidate]], list[QualityFinding]]:
    candidates: dict[tuple[str, str], list[Candidate]] = {}
    findings: list[QualityFinding] = []
    told: set[_Query] = set()
    files = linked["file_sha256"].tolist()
    codes_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for year, key, code in zip(linked["school_year"], linked["source_key"], linked["school_code"], strict=True):
        if isinstance(code, str):
            codes_of[year, key].add(code)
    for (year, key), found in codes_of.items():
        if len(found) > 1:
            candidates[year, key] = [Candidate(code, 100.0, _SAME_NAME) for code in sorted(found)]
    for query, file in zip(queries, files, strict=True):
        if query is None or query in told:
            continue
        told.add(query)
        found = answers[query]
        if found.method == "similar":
            findings.append(_similar_finding(query, found, file))
        elif found.method == UNMATCHED and not codes_of.get((query.school_year, query.key)):
            listed = candidates.setdefault((query.school_year, query.key), [])
            known = {one.school_code for one in listed}
            listed += [one for one in found.candidates if one.school_code not in known]
    return candidates, findings


def _similar_finding(query: _Query, found: _Found, file: str) -> QualityFinding:
    score = f"{found.score or 0:.1f}".replace(".", ",")
    return QualityFinding(
        "link.similar_name",
        f"{query.school_year}: ОО «{query.key}» сопоставлена с {found.school_code} по сходству названий "
        f"(сходство {score} из 100).",
        file_sha256=file,
        value=query.key,
        school_code=found.school_code,
        became=found.school_code,
    )


@dataclass(frozen=True, slots=True)
class _Link:
    school_code: str
    place: str | None
    valid_from: str
    valid_to: str
    is_merger: bool


class _Confirmed:
    """Confirmations by people, in force on the day that counts for the kind of change."""

    def __init__(self, links: pd.DataFrame | None, places: _PlaceIndex, reference_day: str) -> None:
        self.findings: list[QualityFinding] = []
        self._day = reference_day
        self._links: dict[str, list[_Link]] = defaultdict(list)
        self._told: set[tuple[str, str]] = set()
        if links is None:
            return
        columns = ["source_key", "municipality_name", "school_code", "valid_from", "valid_to", "change_kind"]
        for key, place, code, valid_from, valid_to, kind in links[columns].drop_duplicates().itertuples(index=False):
            self._links[_identity(str(key))].append(
                _Link(
                    str(code),
                    places.of(None, place),
                    valid_from if isinstance(valid_from, str) else "0001-01-01",
                    valid_to if isinstance(valid_to, str) else "9999-12-31",
                    kind in {"merger", "accession"},
                )
            )

    def school_of(self, year: str, key: object, own: object, place: str | None) -> str | None:
        """Return the school that a person confirmed for a key in a year."""
        if not self._links:
            return None
        names = [_identity(str(key))]
        if isinstance(own, str):
            names.append(own)
        for name in names:
            found = self._in_force(name, year, place)
            if found is not None:
                return found
        return None

    def succeeded(
        self, years: Iterable[str], codes: Sequence[str | None], methods: Sequence[str]
    ) -> tuple[list[str | None], list[str]]:
        """Follow mergers from the schools found to their successors of the year."""
        made: list[str | None] = []
        how: list[str] = []
        for year, code, method_name in zip(years, codes, methods, strict=True):
            last, seen = code, {code}
            for _ in range(_CHAIN if self._links and code is not None else 0):
                following = self._in_force(str(last), year, None)
                if following is None or following in seen:
                    break
                seen.add(following)
                last = following
            made.append(last)
            how.append(method_name if last == code else "confirmed")
        return made, how

    def _in_force(self, name: str, year: str, place: str | None) -> str | None:
        start = int(year[:4])
        day = f"{start}-{self._day}"
        found = set()
        for link in self._links.get(name, ()):
            if link.is_merger:
                is_in_force = link.valid_from <= day <= link.valid_to
            else:
                is_in_force = link.valid_from <= f"{start + 1}-08-31" and link.valid_to >= f"{start}-09-01"
            if is_in_force and link.place in {None, place}:
                found.add(link.school_code)
        if len(found) > 1 and (name, year) not in self._told:
            self._told.add((name, year))
            self.findings.append(
                QualityFinding(
                    "link.contradiction",
                    f"Ключ «{name}» в {year} учебном году подтверждён сразу для ОО {', '.join(sorted(found))}: "
                    "ни одна строка не применена.",
                    value=name,
                    expected="одна школа на ключ и срок",
                )
            )
        return next(iter(found)) if len(found) == 1 else None
