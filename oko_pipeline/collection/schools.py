"""Schools and municipalities of a year from mentions in all files; what cannot be matched is shown, not dropped.

Names come from whichever year has them: the dumps of 2020 and 2021 carry logins only, the questionnaire of 2022 carries
names. Codes and names of municipalities are matched through schools that were seen with both.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from oko_pipeline.catalogue.keys import region_code, school_kind
from oko_pipeline.catalogue.tables import MUNICIPALITIES, SCHOOLS
from oko_pipeline.catalogue.tables_sources import SCHOOL_LINK_CANDIDATES
from oko_pipeline.collection.headers import folded_text
from oko_pipeline.collection.school_links import (
    UNMATCHED,
    LinkedMentions,
    LinkOptions,
    candidate_rows,
    crosswalk_rows,
    link_mentions,
)
from oko_pipeline.quality import QualityFinding

_UNKNOWN_NAME: Final = "Муниципалитет не указан"
_ATTRIBUTES: Final = ("school_name", "settlement_type", "oge_code", "ege_code")


@dataclass(frozen=True, slots=True)
class SchoolRegistry:
    """Frames of the year in the form of their contracts, and findings about what did not match."""

    schools: pd.DataFrame
    municipalities: pd.DataFrame
    school_crosswalk: pd.DataFrame
    findings: list[QualityFinding] = field(default_factory=list)
    school_link_candidates: pd.DataFrame = field(default_factory=SCHOOL_LINK_CANDIDATES.empty)


def build_schools(
    mentions: pd.DataFrame, school_year: str, links: pd.DataFrame | None = None, options: LinkOptions | None = None
) -> SchoolRegistry:
    """Build the registers of a school year.

    Args:
        mentions: rows of `school_mentions`, of all years; the year's own ones decide which schools it has.
        school_year: the year, such as 2020-2021.
        links: rows of `school_links` of all files: what people confirmed, dated.
        options: thresholds of likeness; the catalogue's own when not given.

    Returns:
        Schools and municipalities with the year's mentions, and the crosswalk of the year's keys. A municipality known
        only by name has a code made from the name, the same in every run.
    """
    linked = link_mentions(mentions, links, options)
    known = linked.mentions
    own = known[known["school_year"] == school_year]
    crosswalk = crosswalk_rows(linked, school_year)
    candidates = candidate_rows(linked, school_year)
    lost = [*_own_findings(linked, own), *_unmatched(crosswalk, own, candidates)]
    codes = sorted(own["school_code"].dropna().unique())
    if not codes:
        return SchoolRegistry(SCHOOLS.empty(), MUNICIPALITIES.empty(), crosswalk, lost, candidates)
    seen = known[known["school_code"].isin(codes)]
    places = _Places(known)
    chosen, findings = _municipalities_of(seen, places, school_year)
    attributes = _attributes(seen, school_year)
    schools = pd.DataFrame(
        [
            {
                "school_year": school_year,
                "school_code": code,
                "school_name": attributes["school_name"].get(code, code),
                "is_name_known": code in attributes["school_name"],
                "school_kind": school_kind(code),
                "municipality_code": chosen[code],
                "region_code": region_code(code),
                "settlement_type": attributes["settlement_type"].get(code),
                "oge_code": attributes["oge_code"].get(code),
                "ege_code": attributes["ege_code"].get(code),
            }
            for code in codes
        ]
    )
    return SchoolRegistry(
        SCHOOLS.conform(schools),
        _municipalities(schools, places, school_year),
        crosswalk,
        [*findings, *lost],
        candidates,
    )


def _own_findings(linked: LinkedMentions, own: pd.DataFrame) -> list[QualityFinding]:
    files = set(own["file_sha256"])
    return [one for one in linked.findings if one.file_sha256 is None or one.file_sha256 in files]


def _unmatched(crosswalk: pd.DataFrame, own: pd.DataFrame, candidates: pd.DataFrame) -> list[QualityFinding]:
    lost = crosswalk[crosswalk["method"] == UNMATCHED]
    if lost.empty:
        return []
    files = own.groupby("source_key")["file_sha256"].first()
    listed: dict[str, list[str]] = defaultdict(list)
    for key, code, name, score, why in zip(
        *(candidates[column] for column in ("source_key", "school_code", "school_name", "score", "why")), strict=True
    ):
        named = f" «{name}»" if isinstance(name, str) else ""
        listed[key].append(f"{code}{named} ({score:.0f} из 100, {why})")
    found = [
        QualityFinding(
            "school.unmatched",
            f"ОО «{key}» не сопоставлена ни с одной школой: файлов {files_count}, строк {rows_count}."
            + (f" Возможно: {'; '.join(listed[key])}." if key in listed else ""),
            file_sha256=files.get(key),
            value=key,
            expected="логин ОО, например edu990404",
            became="строка школы показана в school_crosswalk без кода",
        )
        for key, files_count, rows_count in zip(
            lost["source_key"], lost["files_count"], lost["rows_count"], strict=True
        )
    ]
    keys_percent = f"{100 * len(lost) / len(crosswalk):.1f}".replace(".", ",")
    rows_percent = f"{100 * lost['rows_count'].sum() / max(crosswalk['rows_count'].sum(), 1):.1f}".replace(".", ",")
    share = QualityFinding(
        "link.unmatched_share",
        f"Не сопоставлено ключей ОО: {len(lost)} из {len(crosswalk)} ({keys_percent} %), в них {rows_percent} % строк.",
        value=f"{keys_percent} %",
        expected="0 %",
    )
    return [*found, share]


class _Places:
    """Codes and names of municipalities, matched through mentions that carry both and schools seen with both."""

    def __init__(self, known: pd.DataFrame) -> None:
        self.names: dict[str, Counter[str]] = defaultdict(Counter)
        self._code_of_name: dict[str, str] = {}
        placed = known[known["municipality_code"].notna() | known["municipality_name"].notna()]
        rows = placed[["school_code", "municipality_code", "municipality_name"]].value_counts(dropna=False, sort=False)
        direct: dict[str, Counter[str]] = defaultdict(Counter)
        codes_of_school: dict[str, Counter[str]] = defaultdict(Counter)
        names_of_school: dict[str, Counter[str]] = defaultdict(Counter)
        for (school, code, name), count in rows.items():  # pyright: ignore[reportGeneralTypeIssues]
            has_code, has_name = isinstance(code, str), isinstance(name, str)
            if has_code and has_name:
                direct[folded_text(name)][code] += count
                self.names[code][name] += count
            if isinstance(school, str):
                if has_code:
                    codes_of_school[school][code] += count
                if has_name:
                    names_of_school[school][name] += count
        self._learn(direct, codes_of_school, names_of_school)

    def _learn(
        self,
        direct: dict[str, Counter[str]],
        codes_of_school: dict[str, Counter[str]],
        names_of_school: dict[str, Counter[str]],
    ) -> None:
        through_schools: dict[str, Counter[str]] = defaultdict(Counter)
        for school, names in names_of_school.items():
            code = _commonest(codes_of_school.get(school, Counter()))
            for name in names:
                if code is not None:
                    through_schools[folded_text(name)][code] += 1
        for names in names_of_school.values():
            for name, count in names.items():
                folded = folded_text(name)
                code = _commonest(direct.get(folded, Counter())) or _commonest(through_schools.get(folded, Counter()))
                if code is not None:
                    self._code_of_name[folded] = code
                    self.names[code][name] += count

    def code(self, code: Any, name: Any, school_code: str) -> str | None:
        """Return the code of a mention's municipality; made from the name where no code is known."""
        if isinstance(code, str):
            return code
        if not isinstance(name, str):
            return None
        folded = folded_text(name)
        known = self._code_of_name.get(folded)
        if known is not None:
            return known
        made = f"reg{region_code(school_code)}_n{hashlib.sha256(folded.encode()).hexdigest()[:8]}"
        self.names[made][name] += 1
        return made

    def name(self, code: str) -> str:
        """Return the commonest name of a municipality; its code where no file names it."""
        return _commonest(self.names.get(code, Counter())) or (_UNKNOWN_NAME if code.endswith("_unknown") else code)


def _commonest(counts: Counter[str]) -> str | None:
    return max(sorted(counts), key=lambda key: counts[key]) if counts else None


def _municipalities_of(
    seen: pd.DataFrame, places: _Places, school_year: str
) -> tuple[dict[str, str], list[QualityFinding]]:
    """Return the municipality of every school by vote of files, the year's own ones before other years."""
    votes: dict[str, tuple[Counter[str], Counter[str]]] = defaultdict(lambda: (Counter(), Counter()))
    columns = ["school_code", "school_year", "municipality_code", "municipality_name"]
    counted = seen[columns].value_counts(dropna=False, sort=False)
    for (school, year, code, name), count in counted.items():  # pyright: ignore[reportGeneralTypeIssues]
        place = places.code(code, name, str(school))
        own, other = votes[str(school)]
        if place is not None:
            (own if year == school_year else other)[place] += count
    chosen: dict[str, str] = {}
    findings: list[QualityFinding] = []
    for school in sorted(votes):
        own, other = votes[school]
        decisive = own or other
        winner = _commonest(decisive)
        if winner is None:
            chosen[school] = f"reg{region_code(school)}_unknown"
            findings.append(
                QualityFinding(
                    "school.municipality_unknown",
                    f"Ни один файл не называет муниципалитет ОО {school}.",
                    school_code=school,
                    became=_UNKNOWN_NAME,
                )
            )
            continue
        chosen[school] = winner
        if len(decisive) > 1:
            listed = "; ".join(f"{places.name(code)} — {decisive[code]}" for code in sorted(decisive))
            findings.append(
                QualityFinding(
                    "school.municipality_conflict",
                    f"Файлы относят ОО {school} к разным муниципалитетам (файлов: {listed}).",
                    school_code=school,
                    became=places.name(winner),
                )
            )
    return chosen, findings


def _attributes(seen: pd.DataFrame, school_year: str) -> dict[str, dict[str, str]]:
    """Return names and codes by school: of the nearest year that has them, the later of two equally near ones."""
    distance = (seen["school_year"].str[:4].astype("int64") - int(school_year[:4])).to_numpy()
    ordered = seen.assign(distance=abs(distance), is_earlier=distance < 0)
    return {attribute: _nearest(ordered, attribute) for attribute in _ATTRIBUTES}


def _nearest(ordered: pd.DataFrame, attribute: str) -> dict[str, str]:
    given = ordered[ordered[attribute].notna()]
    counted = (
        given.groupby(["school_code", "distance", "is_earlier", attribute], sort=True)["rows_count"].sum().reset_index()
    )
    best = counted.sort_values(
        ["school_code", "distance", "is_earlier", "rows_count", attribute],
        ascending=[True, True, True, False, True],
        kind="stable",
    ).drop_duplicates("school_code")
    return dict(zip(best["school_code"], best[attribute], strict=True))


def _municipalities(schools: pd.DataFrame, places: _Places, school_year: str) -> pd.DataFrame:
    sizes = schools.groupby("municipality_code", sort=True)["region_code"].agg(["first", "size"])
    records: Iterable[dict[str, Any]] = (
        {
            "school_year": school_year,
            "municipality_code": code,
            "municipality_name": places.name(str(code)),
            "region_code": row["first"],
            "schools_count": row["size"],
        }
        for code, row in sizes.iterrows()
    )
    return MUNICIPALITIES.conform(pd.DataFrame(list(records)))
