"""From a printed number to the row of the table it was printed from.

A note prints what `reporting.note_works` computes; here the same views are asked for every value they could print, each
with its table, key and column, and the words of the sentence or of the table's heading choose among equal ones.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from assets.reporting import note_data
from oko_pipeline.orchestration.trace_cells import SCORES, Unit, frame_columns
from oko_pipeline.orchestration.trace_text import Figure, plain
from oko_pipeline.orchestration.trace_tree import Desk
from oko_pipeline.reporting.vpr.levels import Level, Share, difference
from oko_pipeline.reporting.vpr.note_data import NoteData, Record
from oko_pipeline.reporting.vpr.note_tables import class_label
from oko_pipeline.reporting.vpr.note_works import UnitView, WorkView, municipality_view, school_label, school_view
from oko_pipeline.works import task_column

_NEAR: Final = 60
_MARKS: Final = ("«2»", "«3»", "«4»", "«5»")
_JOURNAL: Final = (("lower", "ниже"), ("same", "совпал"), ("higher", "выше"))
_BETWEEN: Final = {"": "", "low": ", нижняя граница 95 %", "high": ", верхняя граница 95 %"}


@dataclass(frozen=True, slots=True)
class Source:
    """A value that a note may print, and the table and column it comes from.

    `works` and `unit` are the key; `columns` the columns of works under it. `words` speak for it in a sentence or a
    heading. `decimals`: how many are printed. `published` is the level of `published_results` where the value was read
    from a file and not computed. `family` joins a share with the bounds of its interval. Without a table the value is a
    setting of the program.
    """

    value: float
    title_ru: str
    unit: Unit
    works: tuple[str, ...] = ()
    table: str = "result_summary"
    column: str = ""
    words: tuple[str, ...] = ()
    columns: tuple[str, ...] = SCORES
    decimals: int = 0
    is_percent: bool = False
    how_ru: str = ""
    published: str = ""
    family: str = ""


@dataclass
class NoteSources:
    """All values that the note of a unit in a campaign may print."""

    desk: Desk
    campaign_code: str
    unit: Unit
    _made: dict[str, list[Source]] = field(default_factory=dict)

    @cached_property
    def data(self) -> NoteData:
        """The frames of the campaign, as the note has them."""
        return note_data(self.desk.workplace, self.desk.school_year, self.campaign_code)

    @cached_property
    def view(self) -> UnitView:
        """The unit's works, as the note shows them."""
        make = school_view if self.unit.level == "school" else municipality_view
        return make(self.data, self.unit.code)

    @property
    def around(self) -> Unit:
        """The unit whose tasks stand beside: the municipality of a school, the region of a municipality."""
        if self.unit.level == "school":
            return Unit("municipality", self.view.municipality_code)
        return self.region

    @property
    def region(self) -> Unit:
        """The region."""
        return Unit("region", str(self.view.schools[0]["region_code"]))

    def named_works(self, *texts: str) -> list[WorkView]:
        """Return the works that the first telling text names; none when no text names any."""
        for text in texts:
            even = plain(text)
            named = {plain(work.title): work for work in self.view.works if plain(work.title) in even}
            # «История, 11 класс» stands within «История, 11 класс, углублённый уровень» too.
            if named:
                return [work for title, work in named.items() if not _is_within_another(title, named)]
        return []

    def of_work(self, work: WorkView) -> list[Source]:
        """Return what may be printed of one work."""
        if work.assessment_id not in self._made:
            own = Source(0.0, "", self.unit, (work.assessment_id,))
            self._made[work.assessment_id] = [
                *_level_sources(own, work.own),
                *_passport(own, work),
                *self._coverage(own, work.assessment_id),
                *self._beside(own, work),
                *self._tasks(own, work),
                *_skills(own, work),
            ]
        return self._made[work.assessment_id]

    def of_part(self, work: WorkView, label: str) -> list[Source]:
        """Return what may be printed of a class of a school, or of a school of a municipality, by its label."""
        is_school = self.unit.level == "school"
        for part in work.parts:
            shown = class_label(work.assessment["pupil_grade"], part.label) if is_school else part.label
            if plain(shown) == plain(label):
                code = part.label.rpartition("(")[2].rstrip(")")
                unit = Unit("class", f"{self.unit.code}|{part.label}") if is_school else Unit("school", code)
                return list(_level_sources(Source(0.0, "", unit, (work.assessment_id,)), part.level))
        return []

    def totals(self) -> list[Source]:
        """Return the sums over all works of the unit, and the settings that a note prints."""
        works = self.view.works
        ids = tuple(work.assessment_id for work in works)
        participants = sum(work.own.participants for work in works)
        absent = sum(work.absent for work in works)
        own = Source(0.0, "", self.unit, ids, family="total")
        found = [
            replace(own, value=float(len(works)), title_ru="работ", words=("работ",), column="assessment_id",
                    how_ru="число строк единицы"),
            _sum(own, participants, "участий", ("участи",), "participants_count"),
            _sum(own, absent, "отсутствий", ("отсутств",), "absent_count"),
        ]  # fmt: skip
        if participants + absent:
            share = _sum(own, 100 * absent / (participants + absent), "доля отсутствий", ("отсутств",), "absent_count")
            how = "сумма absent_count к сумме participants_count и absent_count"
            found.append(replace(share, is_percent=True, decimals=1, how_ru=how))
        return [*found, *self._paired(own), *self._settings(own)]

    def of_school(self, label: str) -> list[Source]:
        """Return the participation of a school of a municipality over all works, by its label in a table."""
        for school in self.view.schools if self.unit.level == "municipality" else ():
            if plain(school_label(school)) == plain(label):
                rows = [row for row in self.view.coverage if row["school_code"] == school["school_code"]]
                works = tuple(str(row["assessment_id"]) for row in rows if row["state"] == "written")
                own = Source(0.0, "", Unit("school", str(school["school_code"])), works)
                return list(_participation(own, rows))
        return []

    def _coverage(self, own: Source, assessment_id: str) -> Iterator[Source]:
        rows = [row for row in self.view.coverage if row["assessment_id"] == assessment_id]
        yield from _participation(own, rows)
        if self.unit.level == "school" and rows:
            for column, title, word in (
                ("classes_count", "классов", "классов"),
                ("enrolled_count", "по контингенту", "обучается"),
            ):
                if rows[0][column] is not None:
                    yield replace(own, value=float(rows[0][column]), title_ru=title, table="coverage", column=column,
                                  words=(word,))  # fmt: skip

    def _paired(self, own: Source) -> Iterator[Source]:
        claimable = [
            work for work in self.view.works if work.own.journal and work.own.pairs >= self.data.settings.claim_from
        ]
        pairs = sum(work.own.pairs for work in claimable)
        if not pairs:
            return
        of = replace(own, works=tuple(work.assessment_id for work in claimable))
        yield _sum(of, pairs, "пар отметок", ("пар",), "journal_pairs_count")
        for place, (name, word) in enumerate(_JOURNAL):
            count = sum(work.own.journal[place].value * work.own.pairs for work in claimable if work.own.journal)
            column = f"journal_{name}_count"
            share = _sum(of, 100 * count / pairs, f"отметка {word}: доля пар", (word,), column)
            yield replace(share, is_percent=True, decimals=1, how_ru=f"сумма {column} к сумме journal_pairs_count")
        gaps = sum(work.own.gaps or 0 for work in claimable)
        yield _sum(of, gaps, "разница в две отметки и более", ("случа", "разница"), "journal_gap_2_count")

    def _settings(self, own: Source) -> Iterator[Source]:
        settings = self.data.settings
        setting = replace(own, table="", words=("порог", "зон", "меньше", "менее", "участник"), works=())
        for value, title in (
            (settings.base_green_percent, "граница зелёной зоны заданий базового уровня"),
            (settings.base_red_percent, "граница красной зоны заданий базового уровня"),
            (settings.high_green_percent, "граница зелёной зоны заданий повышенного и высокого уровня"),
            (settings.high_red_percent, "граница красной зоны заданий повышенного и высокого уровня"),
        ):
            decimals = 0 if float(value).is_integer() else 1
            words = ("порог", "при порог", "зон")
            yield replace(setting, value=value, title_ru=title, is_percent=True, decimals=decimals, words=words)
        for size, title in (
            (settings.hide_below, "наименьшая показываемая группа"),
            (settings.claim_from, "наименьшая группа для выводов в процентах"),
            (settings.detail_from, "наименьшая группа для отдельного раздела"),
            (settings.size_bounds[3], "группа, с которой распределение показательно"),
        ):
            yield replace(setting, value=float(size), title_ru=title, words=("меньше", "менее"))

    def _beside(self, own: Source, work: WorkView) -> Iterator[Source]:
        """Yield what stands beside the unit: municipality, region, country, and the differences from the reference."""
        for level in work.comparators:
            published = {"регион": "region", "Россия": "country"}.get(level.name, "")
            unit = Unit("municipality", self.view.municipality_code) if level.name == "муниципалитет" else self.region
            beside = replace(
                own, unit=unit, published=published, title_ru=f" ({level.name})", words=(level.short_name,)
            )
            yield from _level_sources(beside, level)
        if (reference := work.reference) is None:
            return
        where = reference.where_ru
        published = next((code for word, code in (("России", "country"), ("регионе", "region")) if word in where), "")
        is_rest = "остальных" in where
        unit = self.region if "регион" in where else Unit("municipality", self.view.municipality_code)
        other = replace(
            own, unit=unit, published="" if is_rest else published, title_ru=f" {where}", words=(plain(where),),
            how_ru="единица вместе с другими без неё самой" if is_rest else "",
        )  # fmt: skip
        for name, title, column, word in (
            ("base", "базовый уровень", "base_level", "базов"), ("high", "доля «5»", "mark_5", "«5»"),
        ):  # fmt: skip
            mine: Share | None = getattr(work.own, name)
            theirs: Share | None = getattr(reference, name)
            if mine is None or theirs is None:
                continue
            yield from _share_sources(other, theirs, title, column, (word,))
            gap = difference(mine, theirs)
            for value, part in ((gap.value, ""), (gap.low, "low"), (gap.high, "high")):
                yield replace(
                    own, value=abs(100 * value), is_percent=True, decimals=1, column=f"{column}_share",
                    title_ru=f"отличие: {title} {where}{_BETWEEN[part]}", columns=frame_columns(column),
                    words=("п. п.", "выше на", "ниже на", "больше на", word),
                    how_ru=f"{column}_share единицы минус {column}_share {where}", family=f"gap {column}",
                )  # fmt: skip

    def _tasks(self, own: Source, work: WorkView) -> Iterator[Source]:
        around = self.around
        for task in work.tasks:
            code = plain(str(task["task_code"]))
            of = replace(
                own, table="task_results", columns=(task_column(int(task["position"])),), family=f"task {code}",
                words=(f"задание {code}:", f"задание {code} ", f"task:{code};"),
            )  # fmt: skip
            told = f"задание {task['task_code']}: "
            for column, title, decimals in (
                ("solved_share", "решаемость", 1), ("solved_low", "решаемость, нижняя граница 95 %", 0),
                ("solved_high", "решаемость, верхняя граница 95 %", 0), ("not_attempted_share", "не приступали", 1),
            ):  # fmt: skip
                if task.get(column) is not None:
                    words = (*of.words, "приступали") if column == "not_attempted_share" else (*of.words, "выполнение")
                    yield replace(of, value=100 * float(task[column]), title_ru=told + title, column=column,
                                  decimals=decimals, is_percent=True, words=words)  # fmt: skip
            yield replace(of, value=float(task["taught_count"]), title_ru=told + "участников, у которых тема пройдена",
                          column="taught_count", words=(*of.words, "n ="))  # fmt: skip
            beside = work.comparator_tasks.get(int(task["position"]))
            if beside is not None:
                words = (*of.words, "муниципалитет" if around.level == "municipality" else "регион")
                yield replace(of, value=100 * beside, title_ru=f"{told}решаемость рядом", column="solved_share",
                              unit=around, words=words, decimals=1, is_percent=True, family="")  # fmt: skip


def _is_within_another(title: str, titles: Iterable[str]) -> bool:
    return any(title in other and title != other for other in titles)


def _sum(own: Source, value: float, title: str, words: tuple[str, ...], column: str) -> Source:
    return replace(
        own, value=float(value), title_ru=f"{title}, все работы кампании", words=words, column=column,
        columns=frame_columns(column), how_ru=f"сумма {column} по работам",
    )  # fmt: skip


def _participation(own: Source, rows: Sequence[Record]) -> Iterator[Source]:
    """Yield what rows of `coverage` add up to: participants, absences, their share, results written and missing."""
    written = [row for row in rows if row["state"] == "written"]
    participants = sum(int(row["participants_count"]) for row in written)
    absent = sum(int(row["absent_count"]) for row in rows)
    missing = sum(bool(row["is_expected"]) and row["state"] == "missing" for row in rows)
    of = replace(own, table="coverage", how_ru="" if len(rows) == 1 else f"сумма по строкам: {len(rows)}")
    for value, title, column, words in (
        (participants, "участников", "participants_count", ("участвовали", "участий")),
        (absent, "отсутствовали", "absent_count", ("отсутств",)),
        (len(written), "результатов получено", "state", ("оо", "выполнено")),
        (missing, "результатов нет", "state", ("нет результатов", "без результатов")),
    ):
        yield replace(of, value=float(value), title_ru=title, column=column, words=words)
    if participants + absent:
        yield replace(of, value=100 * participants / (participants + absent), title_ru="доля участников",
                      column="participants_count", words=("доля уч",), decimals=1, is_percent=True,
                      how_ru="participants_count к сумме participants_count и absent_count")  # fmt: skip


def _passport(own: Source, work: WorkView) -> Iterator[Source]:
    yield replace(own, value=float(work.absent), title_ru="отсутствовали", column="absent_count", words=("отсутств",))
    maximum = work.assessment["maximum_score"]
    if maximum is not None:
        yield replace(own, value=float(maximum), title_ru="наибольший балл работы", table="assessments",
                      column="maximum_score", words=("балл", " из "))  # fmt: skip
        if work.own.mean_percent is not None:
            mean = work.own.mean_percent * maximum / 100
            yield replace(own, value=mean, title_ru="средний балл", column="mean_score", words=("средний балл",),
                          decimals=1, is_percent=True)  # fmt: skip


def _skills(own: Source, work: WorkView) -> Iterator[Source]:
    names = {"Б": "базового", "П": "повышенного", "В": "высокого"}
    cells = {str(task["task_code"]): task_column(int(task["position"])) for task in work.tasks}
    red = [cells[str(task["task_code"])] for task in work.tasks if task["colour"] == "red"]
    of_tasks = replace(own, table="task_results", column="colour", how_ru="число строк заданий")
    yield replace(of_tasks, value=float(len(red)), title_ru="заданий в красной зоне", words=("красной зоне",),
                  columns=tuple(red) or SCORES)  # fmt: skip
    yield replace(of_tasks, value=float(len(work.tasks)), title_ru="заданий в работе", words=(" из ", "заданий"),
                  columns=tuple(cells.values()))  # fmt: skip
    for skill in work.skills:
        level = str(skill["skill_code"]) if skill["kind"] == "level" else ""
        title = f"задания {names[level]} уровня" if level else str(skill["skill_title"])
        words = (f"{names[level]} уровня", f"{level.lower()}, %") if level else (plain(title)[:60],)
        yield from _skill_sources(replace(own, table="skill_results", words=words), skill, title, cells)


def _skill_sources(own: Source, skill: Record, title: str, cells: Mapping[str, str]) -> Iterator[Source]:
    columns = tuple(cells[code] for code in str(skill["task_codes"]).split(";") if code in cells) or SCORES
    of = replace(own, columns=columns, family=f"skill {title}")
    if skill.get("solved_share") is not None:
        yield replace(of, value=100 * float(skill["solved_share"]), title_ru=f"{title}: решаемость", decimals=1,
                      is_percent=True, column="solved_share")  # fmt: skip
    for column, what in (("red_tasks_count", "заданий в красной зоне"), ("tasks_count", "заданий")):
        if skill.get(column) is not None:
            yield replace(of, value=float(skill[column]), title_ru=f"{title}: {what}", column=column)


def _level_sources(own: Source, level: Level) -> Iterator[Source]:
    """Yield the values of a level of results; the title and words of `own` tell whose it is."""
    for value, title, column, words in (
        (level.participants, "участников", "participants_count", ("участник", "n =", "участвовали")),
        (level.marked, "участников с отметкой", "marked_count", ("n =", "участников")),
        (level.pairs, "пар отметок", "journal_pairs_count", ("пар", "n =")),
        (level.gaps, "разница отметок 2 и более", "journal_gap_2_count", ("разница",)),
    ):
        if value is not None:
            yield replace(own, value=float(value), title_ru=title + own.title_ru, column=column,
                          words=(*words, *own.words), columns=frame_columns(column))  # fmt: skip
    shares: list[tuple[Share | None, str, str, tuple[str, ...]]] = [
        (level.base, "базовый уровень", "base_level", ("базов", "«3» и выше"))
    ]
    shares.append((level.good, "«4» и «5»", "good_level", ("«4» и «5»",)))
    for mark, share in zip(_MARKS, level.marks or (), strict=False):
        shares.append((share, f"доля {mark}", f"mark_{mark[1]}", (mark, "высок") if mark == "«5»" else (mark,)))
    for (column, word), share in zip(_JOURNAL, level.journal or (), strict=False):
        shares.append((share, f"журнал: {word}", f"journal_{column}", (word, "журнал")))
    for share, title, column, words in shares:
        if share is not None:
            yield from _share_sources(own, share, title, column, words)
    if level.mean_percent is not None:
        yield replace(own, value=level.mean_percent, title_ru=f"средний процент от максимума{own.title_ru}",
                      column="mean_percent", words=("максимум", *own.words), decimals=1, is_percent=True)  # fmt: skip


def _share_sources(own: Source, share: Share, title: str, column: str, words: tuple[str, ...]) -> Iterator[Source]:
    of = replace(
        own, is_percent=True, words=(*words, *own.words), columns=frame_columns(column),
        family=f"{own.unit.level} {own.published} {own.title_ru} {column}",
    )  # fmt: skip
    yield replace(of, value=100 * share.value, title_ru=title + own.title_ru, column=f"{column}_share", decimals=1)
    for part in ("low", "high"):
        told = title + own.title_ru + _BETWEEN[part]
        yield replace(of, value=100 * getattr(share, part), title_ru=told, column=f"{column}_{part}")


def match_figure(figure: Figure, sources: Iterable[Source], context: str, before: Source | None) -> Source | None:
    """Return the source of a printed number; None when no value of the note rounds to it.

    Args:
        figure: the number.
        sources: what the passage may speak of.
        context: the text around the number, with the heading of its column.
        before: the source of the number before: bounds of an interval follow their share.
    """
    tolerance = 0.5 * 10**-figure.decimals + 1e-6
    fitting = [
        one
        for one in sources
        if one.is_percent == figure.is_percent
        and one.decimals == figure.decimals
        and abs(one.value - figure.value) <= tolerance
    ]
    return max(fitting, key=lambda one: _likeness(one, figure, context, before)) if fitting else None


def _likeness(source: Source, figure: Figure, context: str, before: Source | None) -> tuple[float, float]:
    even = plain(context)
    words = sum(plain(word) in even for word in source.words if word)
    follows = before is not None and bool(source.family) and source.family == before.family
    return words + 2.0 * follows, -abs(source.value - figure.value)


def near(text: str, figure: Figure) -> str:
    """Return the words before and right after a number, within its sentence."""
    return text[max(0, figure.start - _NEAR) : figure.end + 12]


def sources_of(note: NoteSources, works: Sequence[WorkView], label: str) -> list[Source]:
    """Return what a passage may print: of the class or school of a table's row, of the works it names, and totals."""
    parts = [source for work in works for source in note.of_part(work, label)] if label else []
    parts = parts or (note.of_school(label) if label and not works else [])
    return parts or [*(source for work in works for source in note.of_work(work)), *note.totals()]


def of_task(sources: Iterable[Source], code: str) -> Source | None:
    """Return the solvability of a task by its number, as a list of red tasks names it («12.1*»)."""
    sign = f"task:{plain(code).rstrip('*')};"
    return next((one for one in sources if one.column == "solved_share" and sign in one.words), None)
