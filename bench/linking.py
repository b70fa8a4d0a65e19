"""Precision and recall of linking schools on an invented region: renamed, merged, mistyped, abbreviated names.

`python bench/linking.py [seed]` prints the figures by kind of fault; the unit tests use the same region, smaller.
"""

import random
import sys
import time
from collections import Counter
from dataclasses import dataclass

import pandas as pd

from oko_pipeline.catalogue.tables import SCHOOL_MENTIONS
from oko_pipeline.catalogue.tables_sources import SCHOOL_LINKS
from oko_pipeline.collection.school_links import link_mentions

_ROOTS = [
    "Берёзов",
    "Соснов",
    "Дубров",
    "Марьин",
    "Марфин",
    "Каменн",
    "Глинищев",
    "Луговск",
    "Озёрн",
    "Ключев",
    "Радуж",
    "Светлян",
    "Тополев",
    "Вишнёв",
    "Яблонев",
    "Петров",
    "Иванов",
    "Николаев",
    "Алексеев",
    "Михайлов",
    "Андреев",
    "Степанов",
    "Новосёлов",
    "Красноярск",
    "Заречен",
    "Подгорн",
    "Верхнеречен",
    "Нижнеречен",
    "Староречен",
    "Белоозёр",
    "Чернолес",
    "Горнозавод",
    "Синегор",
    "Крутояр",
    "Мирнен",
    "Рассвет",
    "Полев",
    "Степн",
    "Родников",
    "Медвежь",
    "Орлин",
    "Журавлин",
    "Лебедин",
    "Соколин",
    "Воробьин",
    "Ястребин",
    "Кедров",
    "Липов",
    "Ольхов",
    "Осинов",
    "Рябинов",
    "Калинов",
    "Малинов",
    "Смородин",
]
_HONOURS = (
    "А. П. Громова",
    "Героя Советского Союза И. К. Ветрова",
    "С. Н. Рощина",
    "академика Л. Д. Полянова",
    "В. В. Холмова",
    "Героя Российской Федерации П. Р. Залесова",
)
_FULL = {"СОШ": "средняя общеобразовательная школа", "ООШ": "основная общеобразовательная школа"}
_VOWELS = {"а": "о", "о": "а", "е": "и", "и": "е"}
YEARS = ("2021-2022", "2022-2023")


@dataclass(frozen=True, slots=True)
class Case:
    """A key as a file of the second year has it, the school that it means (None: no known school) and what was done."""

    key: str
    school_code: str | None
    fault: str
    municipality: str | None


@dataclass(frozen=True, slots=True)
class Region:
    """Mentions of two years, confirmations, and the truth about the keys without login."""

    mentions: pd.DataFrame
    links: pd.DataFrame
    cases: list[Case]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of keys that mean a known school: how many were matched; of matched ones: how many rightly."""

    cases: int
    right: int
    wrong: int
    left: int
    left_known: int
    listed: int

    @property
    def precision(self) -> float:
        """Share of right ones among automatic matches."""
        return self.right / max(self.right + self.wrong, 1)

    @property
    def recall(self) -> float:
        """Share of keys of known schools that were matched rightly without a person."""
        return self.right / max(self.right + self.left_known, 1)

    @property
    def left_share(self) -> float:
        """Share of keys left to a person."""
        return self.left / max(self.cases, 1)


@dataclass(frozen=True, slots=True)
class _School:
    code: str
    kind: str
    number: int | None
    root: str | None
    honour: str | None
    municipality: tuple[str, str]

    def name(self, form: str = "МБОУ") -> str:
        number = f" № {self.number}" if self.number else ""
        honour = f" им. {self.honour}" if self.honour else ""
        if self.kind in {"Гимназия", "Лицей"}:
            return f"{form} «{self.kind}{number}{honour}»"
        return f"{form} «{f'{self.root}ская ' if self.root else ''}{self.kind}{number}{honour}»"


def make_region(seed: int, municipalities: int = 40, schools: int = 16) -> Region:
    """Return a region of `municipalities` × `schools` schools; every third municipality is a town of numbers."""
    rng = random.Random(seed)
    made = [school for number in range(municipalities) for school in _municipality(rng, number, schools)]
    rows = [_row(YEARS[0], f"registry-{s.municipality[0]}", s, s.code, s.code, s.name()) for s in made]
    cases: list[Case] = []
    links: list[dict[str, object]] = []
    for school in made:
        case = _case(rng, school, made, links)
        if case is not None:
            cases.append(case)
    cases += [_stranger(rng, school) for school in rng.sample(made, len(made) // 8)]
    by_place = {school.municipality[1]: school for school in made}
    for case in cases:
        place = by_place.get(case.municipality or "")
        file = f"results-{case.municipality}"
        rows.append(_row(YEARS[1], file, place, case.key, None, None))
    frame = pd.DataFrame(rows).drop_duplicates(["file_sha256", "source_key"])
    confirmed = SCHOOL_LINKS.conform(pd.DataFrame(links)) if links else SCHOOL_LINKS.empty()
    return Region(SCHOOL_MENTIONS.conform(frame), confirmed, cases)


def judge(region: Region) -> tuple[Outcome, dict[str, Counter[str]]]:
    """Link the region and compare with the truth; also the outcomes by kind of fault."""
    linked = link_mentions(region.mentions, region.links)
    own = linked.mentions[linked.mentions["school_year"] == YEARS[1]]
    found = {
        (file, key): code if isinstance(code, str) else None
        for file, key, code in zip(own["file_sha256"], own["source_key"], own["school_code"], strict=True)
    }
    counts: Counter[str] = Counter()
    by_fault: dict[str, Counter[str]] = {}
    for case in region.cases:
        code = found[f"results-{case.municipality}", case.key]
        listed = [one.school_code for one in linked.candidates.get((YEARS[1], case.key), ())]
        outcome = "right" if code is not None and code == case.school_code else "wrong" if code is not None else "left"
        by_fault.setdefault(case.fault, Counter())[outcome] += 1
        counts[outcome] += 1
        if outcome == "left" and case.school_code is not None:
            counts["left_known"] += 1
            counts["listed"] += case.school_code in listed
    return (
        Outcome(
            len(region.cases), counts["right"], counts["wrong"], counts["left"], counts["left_known"], counts["listed"]
        ),
        by_fault,
    )


def _municipality(rng: random.Random, number: int, count: int) -> list[_School]:
    is_town = number % 3 == 0
    root = _ROOTS[number % len(_ROOTS)]
    place = (f"reg99_m{101 + number}", f"город {root}ск" if is_town else f"{root}ский район")
    roots = rng.sample(_ROOTS, count)
    schools = []
    for index in range(count):
        kind = rng.choice(("СОШ", "СОШ", "СОШ", "ООШ"))
        school_number: int | None = index + 1
        own_root: str | None = roots[index]
        if is_town:
            own_root = None
            kind = rng.choice(("СОШ", "СОШ", "СОШ", "СОШ", "Гимназия", "Лицей"))
        elif rng.random() < 0.6:
            school_number = None
        honour = rng.choice(_HONOURS) if rng.random() < 0.2 else None
        code = f"edu99{number:02d}{index:02d}"
        schools.append(_School(code, kind, school_number, own_root, honour, place))
    return schools


def _case(rng: random.Random, school: _School, made: list[_School], links: list[dict[str, object]]) -> Case | None:
    place = school.municipality[1]
    name = school.name()
    number = f" № {school.number}" if school.number else ""
    has_both = bool(school.number and school.root)
    full = name.replace("МБОУ", "Муниципальное бюджетное общеобразовательное учреждение")
    slip = _mistyped(rng, name, school.root)
    keys = {
        "as is": name,
        "quotes": name.replace("«", '"').replace("»", '"').replace("№ ", "№"),
        "full name": full.replace("СОШ", _FULL["СОШ"]).replace("ООШ", _FULL["ООШ"]),
        "legal form": school.name(rng.choice(("МКОУ", "МАОУ", "МОУ"))),
        "no honour": name.replace(f" им. {school.honour}", ""),
        "mistyped": slip,
        "mistyped twice": _mistyped(rng, slip, school.root) if school.root and school.root in slip else None,
        "settlement": f"МБОУ {school.kind}{number} с. {school.root}ка" if school.root else None,
        "no place": f"{name} | {place}",
        "shortened": f"{school.kind} {school.number}" if school.number else None,
        "renamed": f"МБОУ «Образовательный комплекс «{rng.choice(_ROOTS)}ец»",
        "number wrong": name.replace(number, f" № {(school.number or 0) + 50}") if has_both else None,
        "no number": name.replace(number, "") if has_both else None,
        "confirmed": f"МАОУ «Центр образования «Маяк-{school.code[5:]}»",
        "merged": name,
    }
    fault = rng.choice((*keys, "mistyped"))
    key = keys[fault]
    code: str | None = school.code
    if fault == "confirmed":
        links.append(_link(len(links), str(key), school.code, "rename"))
    elif fault == "merged":
        code = _merge(rng, school, made, links)
    return None if key is None or code is None else Case(key, code, fault, place)


def _merge(rng: random.Random, school: _School, made: list[_School], links: list[dict[str, object]]) -> str | None:
    """Join a school to another of its municipality; None when either has changed already."""
    near = [one for one in made if one.municipality == school.municipality and one.code != school.code]
    successor = rng.choice(near)
    taken = {str(link["source_key"]) for link in links} | {str(link["school_code"]) for link in links}
    if {school.code, successor.code} & taken:
        return None
    links.append(_link(len(links), school.code, successor.code, "accession"))
    return successor.code


def _stranger(rng: random.Random, near: _School) -> Case:
    """A school that no file has seen with a login: matched to any known one it is a mistake.

    Most have names near to that of a known school of the municipality: Новоберёзовская beside Берёзовская.
    """
    place = near.municipality[1]
    kind = rng.choice(("СОШ", "ООШ", "Гимназия"))
    number = f" № {near.number}" if near.number and rng.random() < 0.5 else ""
    root = near.root or rng.choice(_ROOTS)
    way = rng.choice(("number", "prefix", "prefix", "ending", "ending", "other"))
    if way == "number":
        return Case(f"ЧОУ «{kind} № {rng.randint(60, 99)}»", None, "stranger", place)
    if way == "prefix":
        prefix = rng.choice(("Ново", "Старо", "Верхне", "Нижне", "Мало", "Больше"))
        return Case(f"МБОУ «{prefix}{root.lower()}ская {kind}{number}»", None, "stranger", place)
    if way == "ending":
        return Case(
            f"МБОУ «{root}{rng.choice(('инская', 'овская', 'евская'))} {kind}{number}»", None, "stranger", place
        )
    return Case(f"МБОУ «{rng.choice(_ROOTS)}инская {kind}»", None, "stranger", place)


def _mistyped(rng: random.Random, name: str, root: str | None) -> str:
    if root is None:
        return name.replace("СОШ", rng.choice(("СОШ.", "сош", "СОШ ")))
    start = name.index(root) + 1
    index = rng.randrange(start, start + len(root) + 2)
    way = rng.choice(("drop", "double", "swap", "vowel"))
    if way == "drop":
        return name[:index] + name[index + 1 :]
    if way == "double":
        return name[:index] + name[index] + name[index:]
    if way == "swap":
        return name[:index] + name[index + 1] + name[index] + name[index + 2 :]
    return name[:index] + _VOWELS.get(name[index], name[index]) + name[index + 1 :]


def _link(row: int, key: str, code: str, kind: str) -> dict[str, object]:
    return {
        "school_year": "*",
        "file_sha256": "links",
        "source_row": row + 2,
        "source_key": key,
        "municipality_name": None,
        "school_code": code,
        "valid_from": "2022-09-01",
        "valid_to": None,
        "change_kind": kind,
        "basis": "Постановление от 01.08.2022 № 1",
        "confirmed_by_role": "методист",
        "confirmed_on": "2022-09-05",
    }


def _row(
    year: str, file: str, school: _School | None, key: str, code: str | None, name: str | None
) -> dict[str, object]:
    place = (None, None) if school is None or " | " in key else school.municipality
    return {
        "school_year": year,
        "file_sha256": file,
        "source_key": key,
        "school_code": code,
        "school_name": name,
        "municipality_source": place[1],
        "municipality_code": place[0] if code is not None else None,
        "municipality_name": place[1],
        "oge_code": None,
        "ege_code": None,
        "settlement_type": None,
        "rows_count": 1,
    }


def main() -> None:
    """Print the figures of one region."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 2026
    region = make_region(seed)
    started = time.perf_counter()
    outcome, by_fault = judge(region)
    seconds = time.perf_counter() - started
    schools = region.mentions["school_code"].nunique()
    print(f"schools {schools}, keys without login {outcome.cases}, seed {seed}, {seconds:.2f} s")
    print(
        f"precision {outcome.precision:.4f}  recall {outcome.recall:.4f}  left to a person {outcome.left_share:.4f}  "
        f"wrong {outcome.wrong}  the right school among the candidates {outcome.listed} of {outcome.left_known}"
    )
    for fault, counts in sorted(by_fault.items()):
        print(f"{fault:20} right {counts['right']:4} wrong {counts['wrong']:4} left {counts['left']:4}")


if __name__ == "__main__":
    main()
