"""`oko trace`: a number, an id or a sentence of a document, back to the files and cells and forward to what came of it.

Lines name files, sheets, columns and rows, never people: a trace reads places from the restricted store, no pseudonyms.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from assets.access_log import log_access
from assets.inputs import EVERY_YEAR
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.campaigns import school_years
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.keys import AssessmentKey, check_school_year
from oko_pipeline.catalogue.rules import rules
from oko_pipeline.catalogue.tables import (
    ASSESSMENTS,
    DOCUMENTS,
    FILES,
    MUNICIPALITIES,
    PUBLISHED_RESULTS,
    QUALITY_FINDINGS,
    RESULT_SUMMARY,
    SCHOOLS,
)
from oko_pipeline.errors import OkoError
from oko_pipeline.orchestration.trace_cells import (
    Unit,
    file_cells,
    file_node,
    file_paths,
    row_node,
    work_node,
)
from oko_pipeline.orchestration.trace_figures import (
    figures_of_sentence,
    rows_of_document,
    tables_node,
    taken_figures,
)
from oko_pipeline.orchestration.trace_numbers import NoteSources, Source, match_figure, near, of_task, sources_of
from oko_pipeline.orchestration.trace_rows import Walker, faulty_cell
from oko_pipeline.orchestration.trace_text import (
    MINIMUM_SENTENCE,
    Figure,
    Found,
    figures,
    find_sentence,
    plain,
)
from oko_pipeline.orchestration.trace_tree import Desk, Node, records, several, shortened
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace

REMARKS: Final = "annotated_workbook"
"""The kind whose sentences are remarks about cells; those of other kinds are made of numbers of tables."""
_MOST_WORKS: Final = 12
_NAMES: Final = re.compile(
    r"задани[еяй]\w* [\dкк.]+(?:, [\dк.]+)*|(?:\d+, )*(?:\d+ и )?\d+ класс|«[2-5]»|\(\d[\dк., ]*\)(?=, выполнение)"
)
"""Numbers that name a task, a class or a mark and are no results."""

_TASK_LISTS: Final = "задания красной зоны"
_SENTENCE_WORDS: Final = re.compile(r"\s")
_MOST_SPACES: Final = 3


def trace(settings: Settings, what: str, school_year: str | None = None, only: Mapping[str, str] | None = None) -> Node:
    """Return the trace of an id or a sentence.

    Args:
        settings: where the stores are.
        what: id of a document, work, indicator, exam, finding, recommendation, decision, measure, …, optionally with
            the unit after «@» (`attainment.vpr_base_share@edu990404`); or a sentence of a document.
        school_year: the year; None — the newest year that has it.
        only: values of columns of `documents` (`kind`, `unit_code`) among whose documents a sentence is looked for.

    Raises:
        OkoError: when no year has it; the message says what may be asked.
    """
    years = [check_school_year(school_year)] if school_year else sorted(school_years(), reverse=True)
    workplace = open_workplace(settings)
    try:
        for year in years:
            if (node := trace_year(Desk(workplace, year), what.strip(), only)) is not None:
                log_access(workplace, year, "read", "прослеживание показателя: места строк в файлах", 0)
                return node
    finally:
        workplace.close()
    where = f"за {school_year} учебный год" if school_year else "ни за один учебный год"
    raise OkoError(
        f"«{shortened(what, 100)}» не найдено {where}. Укажите код документа, работы, показателя, экзамена, замечания, "
        "вывода, рекомендации или № решения, меры (после «@» — код ОО или муниципалитета) либо предложение из "
        "документа слово в слово."
    )


def trace_year(desk: Desk, what: str, only: Mapping[str, str] | None = None) -> Node | None:
    """Return the trace within a school year; None when the year does not have it."""
    is_sentence = bool(_SENTENCE_WORDS.search(what)) and len(plain(what)) >= MINIMUM_SENTENCE
    # Numbers of registers have spaces too, but not many: a long text is looked for in documents only.
    if not is_sentence or len(_SENTENCE_WORDS.findall(what)) <= _MOST_SPACES:
        named, _, unit_code = what.partition("@")
        found = _of_id(desk, named, _unit(desk, unit_code) if unit_code else None)
        if found is not None:
            return found
    place = find_sentence(desk, what, only) if is_sentence else None
    return None if place is None else _of_sentence(desk, place)


def _of_id(desk: Desk, named: str, unit: Unit | None) -> Node | None:
    database = desk.workplace.database
    walker = Walker.at(desk)
    documents = records(database.read(DOCUMENTS, desk.where | {"document_id": named}))
    if documents:
        return _document(desk, documents[0], walker)
    if len(database.read(ASSESSMENTS, desk.where | {"assessment_id": named})):
        own = unit or Unit("all", "all")
        return Node(f"Работа {named}, {desk.school_year} учебный год").add(
            work_node(desk, named, own), *_came_of_unit(walker, own, named)
        )
    if named in indicators():
        values = walker.indicator(named, unit)
        return Node(f"Показатель {named} — {indicators()[named].title_ru}").add(*values) if values else None
    if named.count(":") == 3 and (found := walker.exam(named, unit)):
        return Node(f"Экзамен {named}").add(*found)
    rows = walker.find(named)
    if rows:
        nodes = [walker.node(table, row) for table, row in rows]
        return Node(f"«{named}», {desk.school_year} учебный год").add(*several(nodes, _MOST_WORKS, "записей"))
    own = _unit(desk, named)
    return None if own is None else _of_unit(desk, own)


def _unit(desk: Desk, code: str) -> Unit | None:
    """Return the unit of a code: a school, a class («код|буква»), a municipality, «all»."""
    database = desk.workplace.database
    school, bar, _ = code.partition("|")
    if code == "all":
        return Unit("all", "all")
    if len(database.read(SCHOOLS, desk.where | {"school_code": school}, ["school_code"])):
        return Unit("class" if bar else "school", code)
    if len(database.read(MUNICIPALITIES, desk.where | {"municipality_code": code}, ["municipality_code"])):
        return Unit("municipality", code)
    return None


def _of_unit(desk: Desk, unit: Unit) -> Node:
    node = Node(f"{unit.title(desk)}, {desk.school_year} учебный год")
    documents = desk.workplace.database.read(DOCUMENTS, desk.where | {"unit_code": unit.code})
    shown = [Node(f"{row['document_id']}: {row['path']}") for row in records(documents)]
    return node.add(*shown) if shown else node.add(Node("документов этого года нет"))


def _document(desk: Desk, document: dict[str, object], walker: Walker) -> Node:
    node = _document_line(document)
    unit = Unit(str(document["unit_level"]), str(document["unit_code"]))
    figures_taken = taken_figures(desk, document)
    if figures_taken is not None:
        node.add(Node("из чего сделан").add(*rows_of_document(desk, figures_taken)))
    elif document["kind"] == REMARKS:
        node.add(*_remarks_of(desk, document, ""))
    elif document["campaign_code"]:
        works = _works_of(desk, unit, str(document["campaign_code"]))
        node.add(Node("из чего сделан").add(*several([work_node(desk, one, unit) for one in works], 60, "работ")))
    else:
        node.add(tables_node(document))
    after = _came_of_unit(walker, unit)
    return node.add(Node("что из этого вышло").add(*after)) if after else node


def _document_line(document: dict[str, object]) -> Node:
    return Node(f"Документ «{document['title_ru']}» ({document['document_id']}): {document['path']}")


def _works_of(desk: Desk, unit: Unit, campaign_code: str) -> list[str]:
    where = desk.where | {"unit_level": unit.level, "unit_code": unit.code, "subgroup": "all"}
    ids = desk.workplace.database.read(RESULT_SUMMARY, where, ["assessment_id"])["assessment_id"]
    return sorted(one for one in ids if AssessmentKey.parse(one).campaign_code == campaign_code)


def _of_sentence(desk: Desk, found: Found) -> Node:
    node = _document_line(found.document)
    if found.others:
        node.add(Node(f"то же предложение есть и в других документах: {len(found.others)}"))
    place = " · ".join(filter(None, (found.passage.heading, found.passage.caption)))
    told = Node(f"«{shortened(found.sentence, 300)}»" + (f" — {place}" if place else ""))
    node.add(told)
    figures_taken = taken_figures(desk, found.document)
    if figures_taken is not None:
        told.add(*figures_of_sentence(desk, figures_taken, found))
    elif found.document["kind"] == REMARKS:
        told.add(*_remarks_of(desk, found.document, found.sentence))
    elif found.document["campaign_code"]:
        told.add(*_figures_of_note(desk, found))
    else:
        told.add(tables_node(found.document))
    return node


def _figures_of_note(desk: Desk, found: Found) -> list[Node]:
    document, passage = found.document, found.passage
    if passage.columns[:1] == ("Файл",):
        return _source_file(desk, passage.cells)
    unit = Unit(str(document["unit_level"]), str(document["unit_code"]))
    note = NoteSources(desk, str(document["campaign_code"]), unit)
    cells = passage.cells
    if passage.columns[:1] == ("Что найдено",):
        return _remarks_of_rule(desk, note, cells)
    named = note.named_works(found.sentence, *cells[:1], passage.group, passage.caption, passage.heading)
    sources = sources_of(note, named, cells[0] if cells else "")
    matched = list(_matched(found, sources, [work.title for work in note.view.works]))
    nodes = _with_same_cells_once([_figure_node(desk, figure, source) for figure, source in matched])
    if not any(node.reaches_cells() for node in nodes):
        works = [work.assessment_id for work in named] or [work.assessment_id for work in note.view.works]
        below = [work_node(desk, one, unit) for one in works[:_MOST_WORKS]]
        nodes.append(Node("предложение опирается на работы").add(*below))
    return nodes


def _with_same_cells_once(nodes: list[Node]) -> list[Node]:
    """Return the numbers of a sentence with cells that several of them share shown once."""
    first: dict[tuple[str, ...], str] = {}
    for node in nodes:
        below = tuple(line for child in node.children for line in child.lines())
        number = node.text.partition(" — ")[0]
        if below and first.setdefault(below, number) != number:
            node.children = [Node(f"ячейки те же, что у «{first[below]}»", is_cells=True)]
    return nodes


def _source_file(desk: Desk, cells: tuple[str, ...]) -> list[Node]:
    """Return the source file that a row of the table of sources names, with its sheet and rows."""
    path, beginning = plain(cells[0]), cells[1]
    nodes: list[Node] = []
    for row in records(desk.workplace.database.read(FILES, desk.where | {"status": "accepted"})):
        if plain(str(row["path"])) == path and str(row["file_sha256"]).startswith(beginning):
            told = f"строк принято: {row['accepted_rows_count']} ← таблица files, столбец accepted_rows_count"
            nodes.append(Node(told).add(*file_cells(desk, str(row["assessment_id"]), str(row["file_sha256"]))))
    return nodes or [Node("этого файла уже нет среди принятых")]


def _remarks_of_rule(desk: Desk, note: NoteSources, cells: tuple[str, ...]) -> list[Node]:
    """Return the findings that a row of the table of remarks counts, with their cells."""
    wanted = [one.rule_id for one in rules().values() if plain(one.title_ru) == plain(cells[0])]
    codes = {str(school["school_code"]) for school in note.view.schools}
    works = {work.assessment_id for work in note.view.works}
    where = {"school_year": [desk.school_year, EVERY_YEAR], "rule_id": wanted}
    rows = [
        row
        for row in records(desk.workplace.database.read(QUALITY_FINDINGS, where))
        if (row["school_code"] in codes and (row["assessment_id"] or None) in {*works, None})
        or (row["school_code"] is None and row["assessment_id"] in works)
    ]
    nodes = [faulty_cell(row) for row in rows]
    told = Node(f"{cells[2]} — замечаний ← таблица quality_findings, правило {', '.join(wanted)}")
    return [told.add(*several(nodes, _MOST_WORKS, "замечаний"))]


def _matched(found: Found, sources: list[Source], titles: list[str]) -> Iterator[tuple[Figure, Source | None]]:
    """Yield the numbers of a sentence with their sources; a row of a table is read cell by cell, with its headings."""
    cells, columns = found.passage.cells, found.passage.columns
    if not cells:
        yield from _matched_text(found.sentence, sources, titles, "")
        return
    is_part = plain(found.sentence) != plain(found.passage.text)
    for place, cell in enumerate(cells):
        if place == 0 or (is_part and plain(cell) not in plain(found.sentence)):
            continue
        heading = columns[place] if place < len(columns) else ""
        task = f"task:{plain(cells[0]).rstrip('*')};"
        beside = "" if "класс" in plain(cells[0]) else cells[0]
        if plain(heading).startswith(_TASK_LISTS):
            yield from ((_code_figure(code), of_task(sources, code)) for code in cell.split(", ") if code[:1].isdigit())
            continue
        yield from _matched_text(cell, sources, titles, f"{heading} {task} {beside}", is_percent="%" in heading)


def _code_figure(code: str) -> Figure:
    return Figure(f"задание {code}", 0.0, 0, is_percent=False, start=0, end=0)


def _matched_text(
    text: str, sources: list[Source], titles: list[str], heading: str, *, is_percent: bool = False
) -> Iterator[tuple[Figure, Source | None]]:
    before: Source | None = None
    spoken = _within_titles(text, titles)
    for figure in figures(text):
        if any(start <= figure.start < end for start, end in spoken):
            continue
        own = Figure(
            figure.text, figure.value, figure.decimals, figure.is_percent or is_percent, figure.start, figure.end
        )
        source = match_figure(own, sources, f"{heading} {near(plain(text), own)}", before)
        if source is not None:
            before = source
        yield own, source


def _within_titles(text: str, titles: list[str]) -> list[tuple[int, int]]:
    """Return where the text names works: «5» in «Математика, 5 класс» is no result."""
    even = plain(text)
    found = [match.span() for title in titles for match in re.finditer(re.escape(plain(title)), even)]
    return found + [match.span() for match in _NAMES.finditer(even)]


def _figure_node(desk: Desk, figure: Figure, source: Source | None) -> Node:
    if source is None:
        return Node(f"{figure.text} — не результат: номер, число сравнений или отобранных строк")
    if not source.table:
        return Node(f"{figure.text} — настройка программы: {source.title_ru}")
    unit = source.unit
    ids = ", ".join(source.works) if len(source.works) < 3 else f"{len(source.works)} работ"
    how = f"; {source.how_ru}" if source.how_ru else ""
    node = Node(
        f"{figure.text} — {source.title_ru} ← таблица {source.table}, столбец {source.column}, "
        f"{unit.title(desk)}, {ids}{how}"
    )
    if source.published:
        return node.add(*_published(desk, source))
    below = [work_node(desk, one, unit, source.columns) for one in source.works]
    return node.add(*several(below, _MOST_WORKS, "работ"))


def _published(desk: Desk, source: Source) -> list[Node]:
    where = desk.where | {"assessment_id": source.works[0], "unit_level": source.published}
    paths = file_paths(desk)
    rows = records(desk.workplace.database.read(PUBLISHED_RESULTS, where))
    wanted = {"mark": ("mark",), "jour": ("journal",)}.get(source.column[:4], ("mark", "participants"))
    nodes = {
        line: node
        for row in rows
        if row["measure"] in wanted and (node := row_node(paths, row)) is not None
        for line in ["\n".join(node.lines())]
    }
    return list(nodes.values())


def _remarks_of(desk: Desk, document: dict[str, object], sentence: str) -> list[Node]:
    """Return the findings that an annotated workbook tells of: all, or those that a sentence of its list names."""
    _, sha, school = str(document["document_id"]).split(":", 2)
    where = desk.where | {"file_sha256": sha, "school_code": school}
    rows = records(desk.workplace.database.read(QUALITY_FINDINGS, where))
    wanted = plain(sentence)
    cells = {part.strip() for part in wanted.split(" | ")}
    told = [row for row in rows if plain(str(row["message"])) in wanted or wanted in plain(str(row["message"]))]
    exact = [row for row in told if plain(str(row["cell"])) in cells]
    chosen = exact or told or rows
    paths = file_paths(desk)
    nodes = [
        Node(f"замечание {row['finding_id']}: {row['message']}").add(
            file_node(paths, sha).add(Node(f"лист «{row['sheet']}», ячейка {row['cell']}", is_cells=True))
        )
        for row in chosen
        if row["cell"]
    ]
    return several(nodes, _MOST_WORKS, "замечаний")


def _came_of_unit(walker: Walker, unit: Unit, assessment_id: str | None = None) -> list[Node]:
    """Return the findings about a unit, with the recommendations, decisions, measures and effects that followed."""
    table = all_tables()["findings"]
    where = {"unit_level": unit.level, "unit_code": unit.code}
    if assessment_id is not None:
        where["assessment_id"] = assessment_id
    rows = walker.rows(table, where)
    return several([walker.node(table, row) for row in rows[:_MOST_WORKS]], _MOST_WORKS, "выводов")
