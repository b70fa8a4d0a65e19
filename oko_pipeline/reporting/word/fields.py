"""Fields of a rendered document: numbers of captions (SEQ), references to them (REF), the contents (TOC).

Word and LibreOffice would do it on request («Обновить поле»); done here, the document is complete when it is opened.
The contents carry no page numbers until they are updated: only a layout program knows them, and a guess would mislead.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any, Final

from oko_pipeline.errors import ContractError

_W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_BOOKMARK_IDS_FROM: Final = 5000
_NAMES_FROM: Final = 100_000
_REFERENCE: Final = re.compile(r"\[\[(\w+)\]\]")


def _q(name: str) -> str:
    return f"{{{_W}}}{name}"


def refresh_fields(body: Any, styles: Any) -> None:
    """Number captions, fill references and the contents of a document body in place.

    Args:
        body: `w:body` of the rendered document.
        styles: `w:styles`; headings are known by style name, which is the same in every language of Word.
    """
    _number_captions(body)
    _refer(body)
    _fill_references(body)
    _fill_contents(body, _style_names(styles), _numbered_styles(styles))


def name_caption(mark: Any, name: str, *, is_below: bool) -> None:
    """Bookmark the number of the caption beside a table or chart, so that texts can refer to it.

    Args:
        mark: the element that stands where the table or chart does.
        name: name of the bookmark.
        is_below: the caption follows (a chart's); it precedes a table.
    """
    if is_below:
        caption = next(mark.itersiblings(_q("p")), None)
    else:
        caption = next((one for one in mark.itersiblings(_q("p"), preceding=True)), None)
    number = None if caption is None else next(caption.iter(_q("instrText")), None)
    if caption is None or number is None or (number.text or "").split()[:1] != ["SEQ"]:
        return
    runs = [run for run in caption.iterchildren(_q("r")) if run.find(_q("fldChar")) is not None]
    number_id = str(_NAMES_FROM + zlib.crc32(name.encode()) % _BOOKMARK_IDS_FROM)
    runs[0].addprevious(caption.makeelement(_q("bookmarkStart"), {_q("id"): number_id, _q("name"): name}))
    runs[-1].addnext(caption.makeelement(_q("bookmarkEnd"), {_q("id"): number_id}))


def drop_empty_sections(body: Any) -> None:
    """Remove section breaks that nothing stands before: tags that show nothing leave them, and each costs a page."""
    for properties in list(body.iter(_q("sectPr"))):
        paragraph = properties.getparent().getparent()
        if paragraph is None or paragraph.tag != _q("p"):
            continue
        before = paragraph.getprevious()
        if before is not None and before.find(f"{_q('pPr')}/{_q('sectPr')}") is not None:
            body.remove(paragraph)


def _refer(body: Any) -> None:
    """Put fields in the places where texts name a table or a chart: `[[name]]`.

    Raises:
        ContractError: when a text refers to a name that nothing has.
    """
    known = {start.get(_q("name")) for start in body.iter(_q("bookmarkStart"))}
    for text in list(body.iter(_q("t"))):
        if text.text is None or "[[" not in text.text:
            continue
        pieces = _REFERENCE.split(text.text)
        unknown = [name for name in pieces[1::2] if name not in known]
        if unknown:
            raise ContractError(f"Документ: ссылка на «{unknown[0]}», а таблицы или рисунка с таким именем нет.")
        if len(pieces) > 1:
            _write_references(text.getparent(), pieces)


def _write_references(run: Any, pieces: list[str]) -> None:
    properties = run.find(_q("rPr"))
    for place, piece in enumerate(pieces):
        if place % 2:
            for part in _reference_parts(run, piece):
                run.addprevious(_run(run, properties, part))
        elif piece:
            run.addprevious(_run(run, properties, _text_element(run, "t", piece)))
    run.getparent().remove(run)


def _reference_parts(run: Any, name: str) -> list[Any]:
    return [
        run.makeelement(_q("fldChar"), {_q("fldCharType"): "begin"}),
        _text_element(run, "instrText", f" REF {name} \\h "),
        run.makeelement(_q("fldChar"), {_q("fldCharType"): "separate"}),
        _text_element(run, "t", "1"),
        run.makeelement(_q("fldChar"), {_q("fldCharType"): "end"}),
    ]


def _text_element(run: Any, tag: str, text: str) -> Any:
    made = run.makeelement(_q(tag), {"{http://www.w3.org/XML/1998/namespace}space": "preserve"})
    made.text = text
    return made


def _run(model: Any, properties: Any, part: Any) -> Any:
    made = model.makeelement(_q("r"), {})
    if properties is not None:
        made.append(deepcopy(properties))
    made.append(part)
    return made


def _simple_fields(body: Any, kind: str) -> Iterator[tuple[Sequence[str], list[Any]]]:
    """Yield words of the instruction and the text elements of the result of every field of a kind, in order."""
    for instruction in body.iter(_q("instrText")):
        words = (instruction.text or "").split()
        if not words or words[0] != kind:
            continue
        results: list[Any] = []
        is_result = False
        for run in instruction.getparent().itersiblings():
            mark = run.find(_q("fldChar"))
            if mark is not None:
                if mark.get(_q("fldCharType")) == "end":
                    break
                is_result = True
            elif is_result:
                results.extend(run.iter(_q("t")))
        yield words, results


def _write(results: list[Any], text: str) -> None:
    for element in results[1:]:
        element.text = ""
    if results:
        results[0].text = text


def _number_captions(body: Any) -> None:
    numbers: dict[str, int] = {}
    for words, results in _simple_fields(body, "SEQ"):
        name = words[1]
        numbers[name] = numbers.get(name, 0) + 1
        _write(results, str(numbers[name]))


def _fill_references(body: Any) -> None:
    texts: dict[str, str] = {}
    for start in body.iter(_q("bookmarkStart")):
        pieces: list[str] = []
        for sibling in start.itersiblings():
            if sibling.tag == _q("bookmarkEnd") and sibling.get(_q("id")) == start.get(_q("id")):
                break
            pieces.extend(element.text or "" for element in sibling.iter(_q("t")))
        texts[start.get(_q("name"))] = "".join(pieces)
    for words, results in _simple_fields(body, "REF"):
        if words[1] in texts:
            _write(results, texts[words[1]])


def _style_names(styles: Any) -> dict[str, str]:
    return {
        style.get(_q("styleId")): style.find(_q("name")).get(_q("val")).lower()
        for style in styles.iterfind(_q("style"))
    }


def _numbered_styles(styles: Any) -> set[str]:
    return {
        style.get(_q("styleId"))
        for style in styles.iterfind(_q("style"))
        if style.find(f"{_q('pPr')}/{_q('numPr')}") is not None
    }


def _headings(body: Any, names: dict[str, str], numbered: set[str]) -> Iterator[tuple[Any, int, str]]:
    """Yield paragraph, level (1 or 2) and text with its automatic number of every heading outside tables."""
    counters = [0, 0]
    for paragraph in body.iterchildren(_q("p")):
        style = paragraph.find(f"{_q('pPr')}/{_q('pStyle')}")
        if style is None:
            continue
        style_id = style.get(_q("val"))
        level = {"heading 1": 1, "heading 2": 2, "око приложение": 1}.get(names.get(style_id, ""))
        if level is None:
            continue
        text = "".join(element.text or "" for element in paragraph.iter(_q("t"))).strip()
        if style_id in numbered:
            counters[level - 1] += 1
            if level == 1:
                counters[1] = 0
            text = f"{'.'.join(str(number) for number in counters[:level])}\u2002{text}"
        yield paragraph, level, text


def _fill_contents(body: Any, names: dict[str, str], numbered: set[str]) -> None:
    instruction = next(
        (element for element in body.iter(_q("instrText")) if (element.text or "").split()[:1] == ["TOC"]), None
    )
    if instruction is None:
        return
    first = instruction.getparent().getparent()
    paragraphs = _field_paragraphs(first)
    opening, closing = _field_marks(paragraphs)
    style_ids = {name: style_id for style_id, name in names.items()}
    entries = [
        _contents_entry(text, _bookmark(paragraph, number), style_ids.get(f"toc {level}"))
        for number, (paragraph, level, text) in enumerate(_headings(body, names, numbered))
    ]
    if not entries:
        return
    for position, run in enumerate(opening):
        entries[0].insert(position + 1, run)
    entries[-1].append(closing)
    for entry in entries:
        first.addprevious(entry)
    for paragraph in paragraphs:
        paragraph.getparent().remove(paragraph)


def _field_paragraphs(first: Any) -> list[Any]:
    """Return the paragraphs from the one where the field begins to the one where it ends, nested fields apart."""
    paragraphs: list[Any] = []
    depth = 0
    for paragraph in [first, *first.itersiblings(_q("p"))]:
        paragraphs.append(paragraph)
        for mark in paragraph.iter(_q("fldChar")):
            depth += {"begin": 1, "end": -1}.get(mark.get(_q("fldCharType")), 0)
        if depth <= 0:
            break
    return paragraphs


def _field_marks(paragraphs: list[Any]) -> tuple[list[Any], Any]:
    """Return copies of the runs that open the field (begin, instruction, separate) and of the one that closes it."""
    opening: list[Any] = []
    for run in paragraphs[0].iter(_q("r")):
        opening.append(deepcopy(run))
        mark = run.find(_q("fldChar"))
        if mark is not None and mark.get(_q("fldCharType")) == "separate":
            break
    ends = [mark for mark in paragraphs[-1].iter(_q("fldChar")) if mark.get(_q("fldCharType")) == "end"]
    return opening, deepcopy(ends[-1].getparent())


def _bookmark(paragraph: Any, number: int) -> str:
    name = f"_Toc{900_000_000 + number}"
    start = paragraph.makeelement(_q("bookmarkStart"), {_q("id"): str(_BOOKMARK_IDS_FROM + number), _q("name"): name})
    end = paragraph.makeelement(_q("bookmarkEnd"), {_q("id"): str(_BOOKMARK_IDS_FROM + number)})
    paragraph.insert(1, start)
    paragraph.append(end)
    return name


def _contents_entry(text: str, bookmark: str, style_id: str | None) -> Any:
    from docx.oxml.parser import OxmlElement

    paragraph: Any = OxmlElement("w:p")
    properties: Any = OxmlElement("w:pPr")
    if style_id is not None:
        properties.append(OxmlElement("w:pStyle", {_q("val"): style_id}))
    paragraph.append(properties)
    link: Any = OxmlElement("w:hyperlink", {_q("anchor"): bookmark, _q("history"): "1"})
    run: Any = OxmlElement("w:r")
    content: Any = OxmlElement("w:t")
    content.text = text
    run.append(content)
    link.append(run)
    paragraph.append(link)
    return paragraph
