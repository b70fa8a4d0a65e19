"""Numbers of a document that took down where each was taken from: of any kind in the register of documents.

Such a document keeps its figures beside it (`reporting.figures`); a trace finds the row or rows of each in the database
and walks on from there. Documents without figures are traced by their works or remarks, or by the tables of their kind.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from assets.kept_figures import read_figures
from oko_pipeline.catalogue.all_tables import all_tables, any_table
from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.orchestration.trace_rows import Walker
from oko_pipeline.orchestration.trace_text import Found, figures
from oko_pipeline.orchestration.trace_tree import Desk, Node, several

Taken = Mapping[str, Any]
_MOST_ROWS: Final = 12
_FEWEST_ROWS: Final = 2
_HOW_RU: Final = {"count": "число строк", "sum": "сумма по строкам", "value": "значение"}


def taken_figures(desk: Desk, document: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the figures of a document as its last issue took them down; None when it keeps none."""
    store = desk.workplace.reports_of(is_restricted=bool(document["is_restricted"]))
    return read_figures(store, desk.school_year, str(document["document_id"]))["now"] or None


def tables_node(document: Mapping[str, Any]) -> Node:
    """Return the tables that a document of its kind is made of: all that is known of one without figures."""
    kind = document_kinds().get(str(document["kind"]))
    names = () if kind is None else kind.tables
    lines = [Node(f"таблица {name} — «{any_table(name).title_ru}»") for name in names]
    return Node("из чего сделан").add(*lines) if lines else Node("у этого документа нет записи о числах")


def rows_of_document(desk: Desk, taken: Sequence[Taken], most: int = _MOST_ROWS) -> list[Node]:
    """Return the rows that the numbers of a document were taken from, table by table, at most so many of each."""
    walker = Walker.at(desk)
    nodes: list[Node] = []
    for name in dict.fromkeys(str(one["table"]) for one in taken if one["table"]):
        own = [one for one in taken if one["table"] == name]
        title = Node(f"таблица {name} — «{any_table(name).title_ru}», чисел: {len(own)}")
        nodes.append(title.add(*several(list(_rows(walker, own, most)), most, "строк")))
    return nodes


def _rows(walker: Walker, taken: Sequence[Taken], most: int) -> Iterator[Node]:
    """Yield the rows of figures of one table, each row once, and no more than are shown."""
    seen: set[str] = set()
    for one in taken:
        for where in _conditions(one):
            if repr(sorted(where.items())) not in seen and len(seen) < most:
                seen.add(repr(sorted(where.items())))
                yield from _nodes(walker, str(one["table"]), where)


def figures_of_sentence(desk: Desk, taken: Sequence[Taken], found: Found) -> list[Node]:
    """Return the numbers of a sentence with the rows of tables that they were taken from."""
    walker = Walker.at(desk)
    told = figures(found.sentence)
    sources = match_in_order([figure.text for figure in told], taken)
    nodes: list[Node] = []
    for figure, one in zip(told, sources, strict=True):
        if one is None:
            nodes.append(Node(f"{figure.text} — не число из таблиц: номер, год или название"))
            continue
        how = str(one.get("how_ru") or _HOW_RU.get(str(one["op"]), ""))
        column = f", столбец {one['column']}" if one["column"] else ""
        node = Node(f"{figure.text} — {how} ← таблица {one['table'] or '—'}{column}")
        rows = [row for where in _conditions(one) for row in _nodes(walker, str(one["table"]), where)]
        nodes.append(node.add(*several(rows, _MOST_ROWS, "строк")))
    if not any(node.reaches_cells() for node in nodes):
        nodes.append(Node("документ сделан из").add(*rows_of_document(desk, taken, _FEWEST_ROWS)))
    return nodes


def match_in_order(numbers: Sequence[str], taken: Sequence[Taken]) -> list[Taken | None]:
    """Return the figure of each number of a sentence.

    Figures are taken down in the order in which the document tells them, so the numbers of a sentence stand close
    together and in their order: the run with the most of them is theirs. A number that is in no run takes the first
    figure that is written like it.
    """
    written = [_number(str(one["text"])) for one in taken]
    wanted = [_number(number) for number in numbers]
    best: dict[int, int] = {}
    for start, text in enumerate(written):
        if text not in wanted:
            continue
        run = _run_from(start, written, wanted)
        if len(run) > len(best) or (len(run) == len(best) and _span(run) < _span(best)):
            best = run
    return [
        taken[best[place]] if place in best else next((taken[i] for i, text in enumerate(written) if text == one), None)
        for place, one in enumerate(wanted)
    ]


def _run_from(start: int, written: Sequence[str], wanted: Sequence[str]) -> dict[int, int]:
    """Return, for places of `wanted`, the places of `written` that follow each other from `start` on."""
    place = start
    run: dict[int, int] = {}
    last = min(len(written), start + 3 * len(wanted) + 1)
    for number, text in enumerate(wanted):
        after = next((i for i in range(place, last) if written[i] == text), None)
        if after is not None:
            run[number], place = after, after + 1
    return run


def _span(run: Mapping[int, int]) -> int:
    return max(run.values()) - min(run.values()) if run else 0


def _number(text: str) -> str:
    """Return the digits of the first number of a text: «12,3 %» and «12,3» are one."""
    found = figures(text)
    return found[0].text.replace("\u00a0", "").replace(" ", "") if found else text


def _conditions(one: Taken) -> list[dict[str, Any]]:
    """Return what finds the rows of a figure: its key, its conditions or its several keys."""
    if one.get("keys"):
        return [dict(key) for key in one["keys"]]
    return [dict(one.get("key") or one.get("where") or {})]


def _nodes(walker: Walker, name: str, where: Mapping[str, Any]) -> list[Node]:
    table = all_tables().get(name)
    if table is None:
        title = f" — «{any_table(name).title_ru}» закрытого хранилища" if name else ""
        return [Node(f"таблица {name}{title}")] if name else []
    rows = walker.rows(table, {column: value for column, value in where.items() if column in table.column_names})
    return [walker.node(table, row) for row in rows[:_MOST_ROWS]]
