"""What a school's name says, whatever its quotes, abbreviations and legal form: kind, numbers, words, honour, town.

Comparing two names is in `school_links`; this module only takes a name apart.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from oko_pipeline.collection.headers import folded_text

# Legal forms change oftener than schools do (МОУ → МБОУ → МАОУ): they never tell one school from another.
_LEGAL_FORM: Final = re.compile(r"[а-я]{0,4}(?:оу|обу|оку|оау)|[а-я]{0,2}ноо")
_LEGAL_WORDS: Final = re.compile(
    r"муниципальн\w*|бюджетн\w*|казенн\w*|автономн\w*|государственн\w*|краев\w*|областн\w*|областно\w*|"
    r"республиканск\w*|негосударственн\w*|частн\w*|некоммерческ\w*|учреждени\w*|общеобразовательн\w*|"
    r"образовательн\w*|организаци\w*|филиал\w*"
)
_KINDS: Final[tuple[tuple[str, str], ...]] = (
    (r"начальн\w+ (?:общеобразовательн\w+ )?школ\w+\s*-?\s*детск\w+ сад\w*|нш\s*-?\s*дс", "ншдс"),
    (r"школ\w*\s*-\s*интернат\w*|интернат\w*", "интернат"),
    (r"(?:специальн\w+ )?\(?коррекционн\w+\)? (?:обще)?(?:образовательн\w+ )?школ\w*|скош|скш", "коррекционная"),
    (r"(?:открыт\w+ )?\(?сменн\w+\)? (?:общеобразовательн\w+ )?школ\w*|осош|овсош", "вечерняя"),
    (r"вечерн\w+ (?:\(?сменн\w+\)? )?(?:общеобразовательн\w+ )?школ\w*|всош|вш", "вечерняя"),
    (r"средн\w+ (?:общеобразовательн\w+ |полн\w+ )?школ\w*|ссош|сош|сш", "сош"),
    (r"основн\w+ (?:общеобразовательн\w+ )?школ\w*|оош|ош", "оош"),
    (r"начальн\w+ (?:общеобразовательн\w+ )?школ\w*|нош|нш", "нош"),
    (r"прогимнази\w*", "прогимназия"),
    (r"гимнази\w*", "гимназия"),
    (r"лице[йяюе]\w*", "лицей"),
    (r"кадетск\w+ (?:корпус\w*|школ\w*)", "кадетская"),
    (r"центр\w* образовани\w*|цо|образовательн\w+ (?:центр|комплекс)\w*", "центр"),
    (r"школ\w*|шк", "школа"),
)
_KIND_PATTERNS: Final = tuple((re.compile(rf"(?<!\w)(?:{pattern})(?!\w)"), kind) for pattern, kind in _KINDS)
_QUALIFIER: Final = re.compile(
    r"(?<!\w)(?:с|имеющ\w+)?\s*углубл\w+ изучени\w+ (?:отдельн\w+ (?:учебн\w+ )?предмет\w+|\w+ ?\w*)"
    r"|(?<!\w)с?\s*уиоп(?!\w)"
)
_HONOUR: Final = re.compile(r"(?<!\w)(?:имени|им)(?!\w)(?P<honour>.*)")
_RANKS: Final = re.compile(
    r"(?<!\w)(?:геро\w+|советск\w+|союз\w*|росси\w+|российск\w+|федераци\w+|ссср|рф|труда|социалистическ\w+|маршал\w*|"
    r"генерал\w*|полковник\w*|майор\w*|капитан\w*|лейтенант\w*|адмирал\w*|академик\w*|поэт\w*|писател\w*|лётчик\w*|"
    r"летчик\w*|космонавт\w*|заслуженн\w+|народн\w+|учител\w+|кавалер\w*|ордена|орденов)(?!\w)"
)
_NUMBER: Final = re.compile(r"№\s*(\d{1,4})(?!\d)|(?<![\w-])(\d{1,4})(?![\w-])")
_PLACE: Final = re.compile(
    r"(?<!\w)(?:г|гор|город|города|городе|городского округа|го)\s+(?P<town>[а-я-]{3,})|"
    r"(?<!\w)(?P<district>[а-я-]{3,}(?:ский|ского|ском))\s+(?:муниципальн\w+\s+)?(?:район\w*|округ\w*|р-на|р-н)(?!\w)"
)
_SETTLEMENT: Final = re.compile(
    r"(?<!\w)(?:с|п|пос|д|дер|х|ст|ст-ца|пгт|рп|р п|аул|село|села|поселок|поселка|деревня|деревни|хутор|хутора|"
    r"станица|станицы|станции|сельск\w+ поселени\w+)\s+(?=[а-я])"
)
_ADJECTIVE: Final = re.compile(r"(?<=[а-я]{3})(?:ская|ской|ский|ского|ское|скую|ском)$")
_ENDING: Final = re.compile(r"(?<=[а-я]{3})[аеиоуыьюяй]{1,2}$")
_SUFFIX: Final = re.compile(r"(?<=[а-я]{3})к$")
# «им. С. П. Королёва»: initials are no «с.» and «п.» of a settlement, which are written small.
_INITIAL: Final = re.compile(r"(?<![А-ЯЁа-яё])[А-ЯЁ]\.\s*(?=[А-ЯЁ])")


@dataclass(frozen=True, slots=True)
class SchoolName:
    """A name taken apart. `kind` is empty where the name tells none; `places` are stems of towns and districts."""

    kind: str
    numbers: tuple[str, ...]
    words: tuple[str, ...]
    honour: str
    places: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is left that tells one school from another."""
        return not (self.numbers or self.words or self.honour)

    @property
    def core(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """Return what two spellings of one name share: kind, numbers, words in any order."""
        return self.kind, self.numbers, self.words

    @property
    def text(self) -> str:
        """Return the parts in one line, for scoring and for lists of candidates."""
        return " ".join((self.kind, *self.numbers, *self.words)).strip()


@lru_cache(maxsize=65536)
def school_name(text: str) -> SchoolName:
    """Take a name apart: «МКОУ «СОШ №5 им. А. Б. Петрова» с. Ивановка» → сош, 5, ивановка, honour «петрова»."""
    line = folded_text(text if text.isupper() else _INITIAL.sub(" ", text)).replace("\\", " ")
    line = re.sub(r"\((?:sch|edu|ksh)\d{6}\)|(?:sch|edu|ksh)\d{6}", " ", line)
    line = re.sub(r"[«»\"'“”„`.,;:|()\[\]]", " ", line)
    line = re.sub(r"№\s*", " № ", line).replace("–", "-").replace("—", "-")
    line = " ".join(line.split())
    honour = ""
    line = _QUALIFIER.sub(" ", line)
    kind, line = _kind(line)
    places = [stem(match["town"] or match["district"]) for match in _PLACE.finditer(line)]
    line = _PLACE.sub(" ", line)
    found = _HONOUR.search(line)
    if found is not None:
        # «им. А. Б. Петрова с. Ивановка № 5»: number and settlement may follow the honour.
        tail = found["honour"]
        settlement = _SETTLEMENT.search(tail)
        number = re.search(r"№", tail)
        end = min([m.start() for m in (settlement, number) if m is not None], default=len(tail))
        honour = " ".join(word for word in _RANKS.sub(" ", tail[:end]).split() if len(word) > 2)
        line = f"{line[: found.start()]} {tail[end:]}"
    numbers = tuple(sorted({(a or b).lstrip("0") or "0" for a, b in _NUMBER.findall(line)}))
    line = _SETTLEMENT.sub(" ", _NUMBER.sub(" ", line))
    words = sorted({word for word in re.findall(r"[а-яa-z-]{3,}", line) if not _is_legal(word)})
    return SchoolName(kind, numbers, tuple(words), honour, tuple(sorted(set(places))))


def stem(word: str) -> str:
    """Return a word without the endings that tell «Ивановская» from «Ивановка» and «Ивановки»."""
    shorter = _ADJECTIVE.sub("", word.strip("-"))
    return _SUFFIX.sub("", _ENDING.sub("", shorter))


def municipality_key(name: str) -> str:
    """Return a municipality's name without its generic words; a town keeps that it is one («город Верхнеск»)."""
    line = re.sub(r"[«»\"'“”.,()|]", " ", folded_text(name))
    is_town = re.search(r"(?<!\w)(?:г|гор|город|города|городской округ|городского округа|го)(?!\w)", line) is not None
    line = re.sub(
        r"(?<!\w)(?:г|гор|город\w*|го|мо|мр|мо?го|район\w*|р-н\w*|округ\w*|муниципальн\w*|образовани\w*|администраци\w*)(?!\w)",
        " ",
        line,
    )
    return ("г " if is_town else "") + " ".join(line.split())


def _kind(line: str) -> tuple[str, str]:
    kind = ""
    for pattern, name in _KIND_PATTERNS:
        if pattern.search(line):
            line = pattern.sub(" ", line)
            # «МБОУ лицей № 3 (школа)»: the first pattern that stands is the most telling one.
            kind = kind or name
    return kind, line


def _is_legal(word: str) -> bool:
    return _LEGAL_FORM.fullmatch(word) is not None or _LEGAL_WORDS.fullmatch(word) is not None
