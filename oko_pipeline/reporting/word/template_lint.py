"""Names what is wrong with the tags of a document template, by paragraph, so that an analyst can mend it in Word.

docxtpl works on the document's text as a whole and cannot say where a tag fails; this reads the template paragraph by
paragraph, the way its author sees it.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, TemplateSyntaxError, nodes
from lxml import etree

from oko_pipeline.errors import TemplateError
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.word.templates import STYLE_NAMES, template_bytes

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TAG: Final = re.compile(r"\{\{(?P<value>.*?)\}\}|\{%(?P<statement>.*?)%\}", re.DOTALL)
_FOR: Final = re.compile(r"^for\s+(\w+)\s+in\s+(.+)$", re.DOTALL)
_STATEMENTS: Final = ("for", "endfor", "if", "elif", "else", "endif")
_PARTS: Final = re.compile(r"word/(document|header\d*|footer\d*)\.xml")
REQUIRED_TAGS: Final = (
    "title",
    "unit_name",
    "campaign_title",
    "school_year",
    "statements",
    "quality.text",
    "sources",
    "stamp.rendered_at",
    "stamp.code_version",
)
"""What a document may not lose when its context has it: what it is about, what it found, where its numbers are from."""
_STAMP: Final = dict.fromkeys(("rendered_at", "code_version", "context_sha256", "issue", "answer_by"), "")
_PLACES: Final = ("абзаце", "абзацах", "абзацах")
_UNKNOWN: Final = object()
_SILENT_NAMES: Final = ("figures", "restricted_figures", "unit_level", "unit_code")
"""Names of a context that are not there to be placed."""


@dataclass(slots=True)
class _Reading:
    """State of reading a template: the scopes of open loops, the tags met, the faults found."""

    scope: dict[str, Any]
    opened: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


def lint_template(content: bytes, context: Mapping[str, Any]) -> list[str]:
    """Return the faults of a template, in Russian, in the order of paragraphs; an empty list when there are none.

    Args:
        content: bytes of the .docx.
        context: any context of the kind: its names are the tags that the kind knows. Tags inside a list that is empty
            in it are not resolved.
    """
    read = _read_template(content, context)
    return [read] if isinstance(read, str) else read.faults


def unused_tags(content: bytes, context: Mapping[str, Any]) -> list[str]:
    """Return the tags that the context offers and the template does not place, such as `marks` or `works`.

    A left-out section is an analyst's right: this is for a note, not for a refusal.
    """
    read = _read_template(content, context)
    if isinstance(read, str):
        return []
    return [name for name in context if name not in read.met and name not in _SILENT_NAMES]


def known_tags(context: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a kind, learnt from any of its contexts, with what each puts into the document (Russian)."""
    return dict(_named("", context))


def _named(before: str, context: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in context.items():
        tag = f"{before}{name}"
        if not before and name in _SILENT_NAMES:
            continue
        if isinstance(value, Mapping) and "block" not in value:
            yield from _named(f"{tag}.", value)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping) and "block" not in value[0]:
            yield tag, "список; у каждого: " + ", ".join(str(key) for key in value[0])
        else:
            yield tag, _content_ru(value)


def _content_ru(value: Any) -> str:
    if isinstance(value, Mapping):
        return {"table": "таблица", "chart": "рисунок"}[value["block"]]
    if isinstance(value, list):
        blocks = {_content_ru(one) for one in value if isinstance(one, Mapping)}
        return f"список: {', '.join(sorted(blocks))}" if blocks else "список текстов"
    return "бывает пусто" if value is None else "да или нет" if isinstance(value, bool) else "текст"


def _read_template(content: bytes, context: Mapping[str, Any]) -> "_Reading | str":
    """Return what was read, or why nothing could be."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = sorted(name for name in archive.namelist() if _PARTS.fullmatch(name))
            parts = {name: etree.fromstring(archive.read(name), _parser()) for name in names}
            styles = etree.fromstring(archive.read("word/styles.xml"), _parser())
    except (zipfile.BadZipFile, KeyError, etree.XMLSyntaxError) as error:
        return f"файл не открывается как документ Word ({error})"
    reading = _Reading(dict(context) | {"stamp": _STAMP})
    heading_names = _heading_styles(styles)
    for name, root in parts.items():
        for place, text in _paragraphs(name, root, heading_names):
            _read_paragraph(place, text, reading)
    for statement, place, _ in reading.opened:
        reading.faults.append(f"{place}: блок «{statement}» не закрыт: нет «end{statement}»")
    required = (tag for tag in REQUIRED_TAGS if tag.partition(".")[0] in reading.scope)
    reading.faults += [f"нет обязательной метки «{{{{ {tag} }}}}»" for tag in required if tag not in reading.met]
    reading.faults += _missing_styles(styles)
    return reading


def check_template(kind: str, context: Mapping[str, Any], templates: Path | None = None) -> None:
    """Raise `TemplateError` naming every fault of the template that would be used for a kind of note."""
    path, content = template_bytes(kind, templates)
    faults = lint_template(content, context)
    if faults:
        raise TemplateError(_message(path, faults))


def explain(path: str, content: bytes, context: Mapping[str, Any], error: Exception) -> str:
    """Return a message about a failed rendering: the faults by paragraph, or the engine's words when none is found."""
    faults = lint_template(content, context)
    return _message(path, faults or [f"метки не читаются: {error}"])


def _message(path: str, faults: list[str]) -> str:
    """Return what a person reads; faults of one cause, such as an unread loop, stand in one line at the first place."""
    causes: dict[str, list[str]] = {}
    for fault in faults:
        place, _, cause = fault.partition("»): ")
        causes.setdefault(cause or fault, []).append(f"{place}»)" if cause else "")
    lines = []
    for cause, places in causes.items():
        more = f"; так же ещё в {ru.counted(len(places) - 1, _PLACES)}" if len(places) > 1 else ""
        lines.append(f"  — {places[0]}: {cause}{more}" if places[0] else f"  — {cause}")
    return f"Шаблон {path}: {ru.counted(len(lines), ('ошибка', 'ошибки', 'ошибок'))}.\n" + "\n".join(lines)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True)


def _heading_styles(styles: etree._Element) -> frozenset[str]:
    return frozenset(
        str(style.get(f"{_W}styleId"))
        for style in styles.iter(f"{_W}style")
        if style.find(f"{_W}pPr/{_W}outlineLvl") is not None
    )


def _paragraphs(part: str, root: etree._Element, headings: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield place and text of the paragraphs with tags: page, number, the heading above, the text's beginning."""
    where = {"d": "", "h": "верхний колонтитул, ", "f": "нижний колонтитул, "}[part.split("/")[1][0]]
    page, heading = _Page(root), ""
    for number, paragraph in enumerate(root.iter(f"{_W}p"), start=1):
        text = "".join(element.text or "" for element in paragraph.iter(f"{_W}t"))
        page.turn_before(paragraph)
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        if style is not None and style.get(f"{_W}val") in headings and text.strip():
            heading = f", раздел {ru.quoted(ru.shortened(text, 40))}"
        if "{" in text or "}" in text:
            sheet = "" if where else f"{page.said_ru}, "
            yield f"{where}{sheet}абзац {number}{heading} ({ru.quoted(ru.shortened(text, 60))})", text
        page.turn_after(paragraph)


class _Page:
    """Counts pages by the marks that Word leaves where it last broke them, by breaks set by hand where it left none."""

    def __init__(self, root: etree._Element) -> None:
        self._number = 1
        self._is_laid_out = next(root.iter(f"{_W}lastRenderedPageBreak"), None) is not None

    @property
    def said_ru(self) -> str:
        """Return the page for a message; without the marks of Word it may be a later one."""
        return f"стр. {self._number}" if self._is_laid_out else f"стр. {self._number} или дальше"

    def turn_before(self, paragraph: etree._Element) -> None:
        """Count the breaks that stand before a paragraph's text."""
        if self._is_laid_out:
            self._number += sum(1 for _ in paragraph.iter(f"{_W}lastRenderedPageBreak"))
        elif paragraph.find(f"{_W}pPr/{_W}pageBreakBefore") is not None:
            self._number += 1

    def turn_after(self, paragraph: etree._Element) -> None:
        """Count the breaks that a paragraph ends with."""
        if self._is_laid_out:
            return
        self._number += sum(1 for one in paragraph.iter(f"{_W}br") if one.get(f"{_W}type") == "page")
        section = paragraph.find(f"{_W}pPr/{_W}sectPr")
        if section is not None:
            kind = section.find(f"{_W}type")
            self._number += kind is None or kind.get(f"{_W}val") != "continuous"


def _read_paragraph(place: str, text: str, reading: _Reading) -> None:
    rest = _TAG.sub("", text)
    if any(sign in rest for sign in ("{{", "}}", "{%", "%}")):
        reading.faults.append(f"{place}: скобки метки не закрыты или не открыты")
    for match in _TAG.finditer(text):
        if match["value"] is not None:
            _read_value(place, match["value"], rest, reading)
        else:
            _read_statement(place, match["statement"], reading)


def _read_value(place: str, inner: str, rest: str, reading: _Reading) -> None:
    is_block_tag = inner.startswith("p ")
    value = _resolve(place, inner[2:] if is_block_tag else inner, reading)
    is_block = isinstance(value, Mapping) and "block" in value
    if is_block and not is_block_tag:
        reading.faults.append(f"{place}: таблица или рисунок ставятся меткой «{{{{p {inner.strip()} }}}}» с буквой p")
    elif is_block_tag and isinstance(value, str | int | float):
        reading.faults.append(f"{place}: текст ставится меткой без буквы p: «{{{{ {inner[2:].strip()} }}}}»")
    if is_block_tag and rest.strip():
        reading.faults.append(f"{place}: метка таблицы или рисунка должна стоять в абзаце одна")


def _read_statement(place: str, inner: str, reading: _Reading) -> None:
    statement = inner.removeprefix("p").strip() if inner.startswith("p ") else inner.strip()
    word = statement.split(maxsplit=1)[0] if statement else ""
    if word not in _STATEMENTS:
        reading.faults.append(f"{place}: неизвестная команда «{word}»; известны {ru.listed(_STATEMENTS)}")
    elif word in ("endfor", "endif"):
        _close(place, word.removeprefix("end"), reading)
    elif word == "for":
        _open_loop(place, statement, reading)
    elif word in ("if", "elif"):
        _resolve(place, statement.removeprefix(word), reading)
        if word == "if":
            reading.opened.append(("if", place, reading.scope))


def _open_loop(place: str, statement: str, reading: _Reading) -> None:
    match = _FOR.match(statement)
    outer = reading.scope
    reading.opened.append(("for", place, outer))
    if match is None:
        reading.faults.append(f"{place}: команда «for» пишется так: «for имя in список»")
        return
    items = _resolve(place, match[2], reading)
    if items is not _UNKNOWN and not isinstance(items, list):
        reading.faults.append(f"{place}: «{match[2].strip()}» — не список")
    item = items[0] if isinstance(items, list) and items else _UNKNOWN
    reading.scope = outer | {match[1]: item, "loop": _UNKNOWN}


def _close(place: str, word: str, reading: _Reading) -> None:
    if not reading.opened or reading.opened[-1][0] != word:
        reading.faults.append(f"{place}: «end{word}» без своего «{word}»")
        return
    _, _, reading.scope = reading.opened.pop()


def _resolve(place: str, expression: str, reading: _Reading) -> Any:
    """Resolve the names of an expression; return its value when it is a plain path such as `work.title`."""
    try:
        tree = Environment(autoescape=True).parse(f"{{{{ {expression} }}}}")
    except TemplateSyntaxError as error:
        reading.faults.append(f"{place}: выражение «{expression.strip()}» не читается ({error.message})")
        return _UNKNOWN
    value: Any = _UNKNOWN
    covered: set[int] = set()
    for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Name)):
        if id(node) in covered:
            continue
        path = _path(node, covered)
        if path:
            value = _follow(place, path, reading)
    output = tree.body[0]
    is_plain = isinstance(output, nodes.Output) and isinstance(output.nodes[0], nodes.Getattr | nodes.Name)
    return value if is_plain else _UNKNOWN


def _path(node: Any, covered: set[int]) -> list[str]:
    names: list[str] = []
    while isinstance(node, nodes.Getattr):
        covered.add(id(node))
        names.append(node.attr)
        node = node.node
    covered.add(id(node))
    return [node.name, *reversed(names)] if isinstance(node, nodes.Name) else []


def _follow(place: str, path: list[str], reading: _Reading) -> Any:
    value: Any = reading.scope
    for depth, name in enumerate(path):
        if value is _UNKNOWN or value is None:
            break
        if not isinstance(value, Mapping) or name not in value:
            known = [str(key) for key in value] if isinstance(value, Mapping) else []
            reading.faults.append(f"{place}: метки «{'.'.join(path[: depth + 1])}» нет в данных{_hint(name, known)}")
            return _UNKNOWN
        value = value[name]
        reading.met.add(".".join(path[: depth + 1]))
    return _UNKNOWN if value is None else value


def _hint(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    if close:
        return f"; возможно, «{close[0]}»"
    return f"; есть: {', '.join(known[:12])}" if known else ""


def _missing_styles(styles: etree._Element) -> list[str]:
    names = {element.get(f"{_W}val") for element in styles.iter(f"{_W}name")}
    return [f"нет стиля {ru.quoted(name)}" for name in STYLE_NAMES.values() if name not in names]
