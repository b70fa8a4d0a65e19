"""What a DOCX holds, read back from the file: paragraphs, tables, drawings with their charts, properties.

Reads the file's own XML, as Word would, and knows nothing of how it was made: the checks of accessibility and the
reading back of numbers judge documents that people have edited, too.
"""

import io
import posixpath
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lxml import etree

from oko_pipeline.reporting import russian as ru

W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_C: Final = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_WP: Final = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_R: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_CORE: Final = {
    "title": "{http://purl.org/dc/elements/1.1/}title",
    "language": "{http://purl.org/dc/elements/1.1/}language",
}
_NO_LEVEL: Final = 9
_P, _RUN, _T, _TAB, _BR = (f"{W}{name}" for name in ("p", "r", "t", "tab", "br"))
_P_PROPERTIES, _R_PROPERTIES, _C_PROPERTIES = (f"{W}{name}" for name in ("pPr", "rPr", "tcPr"))
_P_STYLE, _COLOUR, _SPAN, _SHADE, _MERGE = (f"{W}{name}" for name in ("pStyle", "color", "gridSpan", "shd", "vMerge"))
_VALUE, _FILL, _POS = (f"{W}{name}" for name in ("val", "fill", "pos"))


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """A paragraph style with what it takes from the styles it is based on; `level` is 0 for text, 1 … for headings."""

    name: str
    level: int
    colour: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph outside tables; `number` counts all paragraphs of the body, those of tables too, from 1."""

    number: int
    text: str
    style: ParagraphStyle
    colours: frozenset[str]
    has_drawing: bool
    ends_section: bool
    is_contents: bool

    @property
    def place_ru(self) -> str:
        """Return where it is, for a message."""
        said = f" ({ru.quoted(ru.shortened(self.text, 50))})" if self.text.strip() else ""
        return f"абзац {self.number}{said}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, how many columns it takes, the colours of its letters and of its ground."""

    text: str
    span: int
    is_merged_down: bool
    ground: str
    colours: frozenset[str]


@dataclass(frozen=True, slots=True)
class TableContent:
    """A table; `header_count` rows are repeated on each page, `caption` is the paragraph before it.

    Rows of a height of their own (`form_rows`, counted from 0) are there to be filled in by hand.
    """

    number: int
    columns_count: int
    header_count: int
    rows: tuple[tuple[Cell, ...], ...]
    caption: Paragraph | None
    form_rows: frozenset[int] = frozenset()

    @property
    def place_ru(self) -> str:
        """Return where it is, for a message."""
        first = self.caption.text if self.caption is not None else " | ".join(cell.text for cell in self.rows[0])
        return f"таблица {self.number} ({ru.quoted(ru.shortened(first, 60))})"


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """A series: its name, its values (None is a gap) and, where it has error bars, their bounds."""

    name: str
    values: tuple[float | None, ...]
    lows: tuple[float | None, ...] = ()
    highs: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart or a picture; `caption` is the paragraph after it, `series` is empty for pictures."""

    number: int
    paragraph: int
    alt: str
    caption: Paragraph | None
    series: tuple[ChartSeries, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def place_ru(self) -> str:
        """Return where it is, for a message."""
        said = "" if self.caption is None else f" ({ru.quoted(ru.shortened(self.caption.text, 60))})"
        return f"рисунок {self.number}, абзац {self.paragraph}{said}"


Item = Paragraph | TableContent | Drawing


@dataclass(frozen=True, slots=True)
class WordContent:
    """All of a document in its order. A paragraph with a drawing comes before the drawing."""

    items: tuple[Item, ...]
    title: str
    language: str
    text_language: str
    margins_text: tuple[str, ...] = ()
    header_ground: str = ""

    @property
    def paragraphs(self) -> list[Paragraph]:
        """Return the paragraphs outside tables."""
        return [item for item in self.items if isinstance(item, Paragraph)]

    @property
    def tables(self) -> list[TableContent]:
        """Return the tables."""
        return [item for item in self.items if isinstance(item, TableContent)]

    @property
    def drawings(self) -> list[Drawing]:
        """Return the charts and pictures."""
        return [item for item in self.items if isinstance(item, Drawing)]


@dataclass(slots=True)
class _Reading:
    archive: zipfile.ZipFile
    styles: Mapping[str, ParagraphStyle]
    charts: Mapping[str, str]
    default: ParagraphStyle
    paragraph: int = 0
    table: int = 0
    drawing: int = 0
    contents_depth: int = 0
    items: list[Item] = field(default_factory=list[Item])


def read_word(content: bytes) -> WordContent:
    """Return what a DOCX holds.

    Raises:
        KeyError: when a part that every document has is not there.
        zipfile.BadZipFile: when the file is no DOCX.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        styles_root = _parsed(archive, "word/styles.xml")
        styles = _styles(styles_root)
        default = next((style for style in styles.values() if style.name == "normal"), ParagraphStyle("", 0, ""))
        reading = _Reading(archive, styles, _chart_parts(archive), default)
        body = _parsed(archive, "word/document.xml").find(f"{W}body")
        for element in () if body is None else body:
            _read(element, reading)
        core = _parsed(archive, "docProps/core.xml")
        margins = tuple(
            _text(paragraph)
            for name in sorted(archive.namelist())
            if name.startswith(("word/header", "word/footer"))
            for paragraph in _parsed(archive, name).iter(f"{W}p")
        )
    language = styles_root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr/{W}lang")
    return WordContent(
        tuple(_with_captions(reading.items)),
        title=core.findtext(_CORE["title"]) or "",
        language=core.findtext(_CORE["language"]) or "",
        text_language="" if language is None else language.get(f"{W}val", ""),
        margins_text=margins,
        header_ground=_header_ground(styles_root),
    )


def _parsed(archive: zipfile.ZipFile, name: str) -> etree._Element:
    return etree.fromstring(archive.read(name), etree.XMLParser(resolve_entities=False, no_network=True))


def _text(element: etree._Element) -> str:
    texts: list[str] = []
    for part in element.iter(_T, _TAB, _BR):
        if (tag := part.tag) == _T:
            texts.append(part.text or "")
        elif tag == _BR:
            texts.append("\n")
        elif part.get(_POS) is None:
            texts.append("\t")
    return "".join(texts)


def _child(element: etree._Element | None, tag: str) -> etree._Element | None:
    """Return the first child with a tag; a document has thousands of cells, and a path costs ten times as much."""
    return None if element is None else next(element.iterchildren(tag), None)


def _styles(root: etree._Element) -> dict[str, ParagraphStyle]:
    found = {str(one.get(f"{W}styleId")): one for one in root.iterfind(f"{W}style[@{W}type='paragraph']")}

    def inherited(style: etree._Element | None, path: str) -> str:
        while style is not None:
            value = style.find(path)
            if value is not None:
                return value.get(f"{W}val", "")
            based = style.find(f"{W}basedOn")
            style = None if based is None else found.get(based.get(f"{W}val", ""))
        return ""

    made: dict[str, ParagraphStyle] = {}
    for style_id, style in found.items():
        name = style.find(f"{W}name")
        level = inherited(style, f"{W}pPr/{W}outlineLvl")
        words = "" if name is None else name.get(f"{W}val", "").lower()
        number = int(level) + 1 if level.isdigit() and int(level) < _NO_LEVEL else 0
        made[style_id] = ParagraphStyle(words, number, _colour(inherited(style, f"{W}rPr/{W}color")))
    return made


def _colour(value: str) -> str:
    return "" if value in ("", "auto") else value.upper()


def _header_ground(styles: etree._Element) -> str:
    shade = styles.find(f".//{W}tblStylePr[@{W}type='firstRow']/{W}tcPr/{W}shd")
    return "" if shade is None else _colour(shade.get(f"{W}fill", ""))


def _chart_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    name = "word/_rels/document.xml.rels"
    if name not in archive.namelist():
        return {}
    return {
        str(one.get("Id")): posixpath.normpath(posixpath.join("word", str(one.get("Target"))))
        if not str(one.get("Target")).startswith("/")
        else str(one.get("Target")).lstrip("/")
        for one in _parsed(archive, name)
        if str(one.get("Type")).endswith("/chart")
    }


def _read(element: etree._Element, reading: _Reading) -> None:
    if element.tag == f"{W}p":
        _read_paragraph(element, reading)
    elif element.tag == f"{W}tbl":
        _read_table(element, reading)
    elif element.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}ins"):
        for child in element:
            _read(child, reading)


def _style_of(paragraph: etree._Element, reading: _Reading) -> ParagraphStyle:
    style = _child(_child(paragraph, _P_PROPERTIES), _P_STYLE)
    return reading.default if style is None else reading.styles.get(style.get(f"{W}val", ""), reading.default)


def _colours(paragraph: etree._Element, style: ParagraphStyle) -> frozenset[str]:
    own: set[str] = set()
    for run in paragraph.iterchildren(_RUN):
        colour = _child(_child(run, _R_PROPERTIES), _COLOUR)
        if colour is not None:
            own.add(_colour(colour.get(_VALUE, "")))
    return frozenset((own or {style.colour}) - {""})


def _read_paragraph(element: etree._Element, reading: _Reading) -> None:
    reading.paragraph += 1
    drawings = list(element.iter(f"{W}drawing"))
    style = _style_of(element, reading)
    is_contents = reading.contents_depth > 0 or _opens_contents(element)
    reading.items.append(
        Paragraph(
            reading.paragraph,
            _text(element),
            style,
            _colours(element, style),
            has_drawing=bool(drawings),
            ends_section=element.find(f"{W}pPr/{W}sectPr") is not None,
            is_contents=is_contents or style.name.startswith("toc "),
        )
    )
    if is_contents:
        marks = [mark.get(f"{W}fldCharType") for mark in element.iter(f"{W}fldChar")]
        reading.contents_depth = max(reading.contents_depth + marks.count("begin") - marks.count("end"), 0)
    for drawing in drawings:
        reading.items.append(_drawing(drawing, reading))


def _opens_contents(element: etree._Element) -> bool:
    return any((one.text or "").split()[:1] == ["TOC"] for one in element.iter(f"{W}instrText"))


def _drawing(element: etree._Element, reading: _Reading) -> Drawing:
    reading.drawing += 1
    properties = next(element.iter(f"{_WP}docPr"), None)
    alt = "" if properties is None else properties.get("descr", "")
    chart = next(element.iter(f"{_C}chart"), None)
    part = None if chart is None else reading.charts.get(chart.get(f"{_R}id", ""))
    if part is None:
        return Drawing(reading.drawing, reading.paragraph, alt, None)
    root = _parsed(reading.archive, part)
    series = tuple(_series(one) for one in root.iter(f"{_C}ser"))
    categories = tuple(_categories(root))
    return Drawing(reading.drawing, reading.paragraph, alt, None, series, categories)


def _categories(root: etree._Element) -> Iterator[str]:
    cache = next((one for one in root.iter(f"{_C}cat")), None)
    if cache is not None:
        yield from (point.text or "" for point in cache.iter(f"{_C}v"))


def _series(element: etree._Element) -> ChartSeries:
    values = _points(element.find(f"{_C}val") if element.find(f"{_C}val") is not None else element.find(f"{_C}yVal"))
    bars = element.find(f"{_C}errBars")
    down, up = ((), ()) if bars is None else (_points(bars.find(f"{_C}minus")), _points(bars.find(f"{_C}plus")))
    return ChartSeries(
        element.findtext(f"{_C}tx//{_C}v") or "",
        values,
        tuple(None if v is None or d is None else v - d for v, d in zip(values, down, strict=False)),
        tuple(None if v is None or u is None else v + u for v, u in zip(values, up, strict=False)),
    )


def _points(element: etree._Element | None) -> tuple[float | None, ...]:
    if element is None:
        return ()
    count = element.find(f".//{_C}ptCount")
    points: dict[int, float] = {
        int(point.get("idx", "0")): float(point.findtext(f"{_C}v") or "nan") for point in element.iter(f"{_C}pt")
    }
    size = int(count.get("val", "0")) if count is not None else len(points)
    return tuple(points.get(position) for position in range(size))


def _read_table(element: etree._Element, reading: _Reading) -> None:
    reading.table += 1
    number = reading.table
    rows = list(element.iterfind(f"{W}tr"))
    headers = [row.find(f"{W}trPr/{W}tblHeader") is not None for row in rows]
    header_count = next((place for place, is_header in enumerate(headers) if not is_header), len(headers))
    made = tuple(tuple(_cell(cell, reading) for cell in row.iterfind(f"{W}tc")) for row in rows)
    columns = len(element.findall(f"{W}tblGrid/{W}gridCol"))
    forms = frozenset(place for place, row in enumerate(rows) if row.find(f"{W}trPr/{W}trHeight") is not None)
    reading.items.append(TableContent(number, columns, header_count, made, None, forms))


def _cell(element: etree._Element, reading: _Reading) -> Cell:
    properties = _child(element, _C_PROPERTIES)
    paragraphs = list(element.iter(_P))
    reading.paragraph += len(paragraphs)
    span, shade, merge = _child(properties, _SPAN), _child(properties, _SHADE), _child(properties, _MERGE)
    colours = (_colours(paragraph, _style_of(paragraph, reading)) for paragraph in paragraphs)
    return Cell(
        "\n".join(_text(paragraph) for paragraph in paragraphs),
        1 if span is None else int(span.get(_VALUE, "1")),
        merge is not None,
        "" if shade is None else _colour(shade.get(_FILL, "")),
        frozenset().union(*colours),
    )


def _with_captions(items: Sequence[Item]) -> Iterator[Item]:
    for place, item in enumerate(items):
        if isinstance(item, TableContent):
            before = items[place - 1] if place else None
            caption = before if isinstance(before, Paragraph) and not before.has_drawing else None
            yield replace(item, caption=caption)
        elif isinstance(item, Drawing):
            after = next((one for one in items[place + 1 :] if not isinstance(one, Drawing)), None)
            caption = after if isinstance(after, Paragraph) and not after.has_drawing else None
            yield replace(item, caption=caption)
        else:
            yield item
