"""Context + template → DOCX bytes. Equal arguments give equal bytes.

The template decides what stands where; here are only the mechanics: tags through docxtpl, tables and charts put in
their places, numbers of captions, references and the contents brought up to date.
"""

import re
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined, Template
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree

from oko_pipeline.errors import TemplateError
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.fingerprint import context_sha256
from oko_pipeline.reporting.word.charts import chart_parts, drawing_xml
from oko_pipeline.reporting.word.fields import drop_empty_sections, name_caption, refresh_fields
from oko_pipeline.reporting.word.tables import table_xml
from oko_pipeline.reporting.word.template_lint import explain
from oko_pipeline.reporting.word.templates import STYLE_NAMES, template_bytes

W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_NAMESPACES: Final = (
    f'xmlns:w="{W}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
)
_CHART_TYPE: Final = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
_CHART_RELATION: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/chart"
_WORKBOOK_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WORKBOOK_RELATION: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/package"
_CONTROL: Final = re.compile("[\x00-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_SATURDAY: Final = 5
_BLOCK_PREFIX: Final = "oko-block:"
_BLOCK_PARENTS: Final = tuple(f"{{{W}}}{name}" for name in ("body", "tc", "sdtContent"))
_DOS_DATE: Final = struct.pack("<HH", 0, (1 << 5) | 1)  # 00:00 on 1 January 1980, the earliest a ZIP can say


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the caller knows and the context does not: when (with a time zone), by which version, which issue."""

    rendered_at: datetime
    code_version: str
    issue: int = 1
    answer_working_days: int = 10

    @property
    def answer_by(self) -> date:
        """Return the day until which letters ask for an answer: so many working days later."""
        day, left = self.rendered_at.date(), self.answer_working_days
        while left:
            day += timedelta(days=1)
            left -= day.weekday() < _SATURDAY
        return day


class _KeepingEnvironment(ImmutableSandboxedEnvironment):
    """Lets a territory's template reach nothing but what it is given, and compiles each source once in a process.

    A thousand notes share one template; compiling is a fifth of a note.
    """

    def from_string(self, source: Any, *args: Any, **options: Any) -> Template:
        if args or options or not isinstance(source, str):
            return super().from_string(source, *args, **options)
        return _compiled(self, source)


@lru_cache(maxsize=64)
def _compiled(environment: Environment, source: str) -> Template:
    return Environment.from_string(environment, source)


@lru_cache(maxsize=64)
def _patched(source: str) -> str:
    """Return a part of a template as the engine reads it: joined tags, plain control paragraphs."""
    from docxtpl import DocxTemplate

    prepare: Any = DocxTemplate.patch_xml
    text: str = prepare(None, source)
    return text


@cache
def _template_type() -> Any:
    """Return the engine's template that prepares each source once in a process: that is a tenth of a note."""
    from docxtpl import DocxTemplate

    class KeepingTemplate(DocxTemplate):
        def patch_xml(self, src_xml: str) -> str:
            return _patched(src_xml)

    return KeepingTemplate


@cache
def _environment() -> Environment:
    return _KeepingEnvironment(autoescape=True, undefined=StrictUndefined)


class Block:
    """A table or a chart in the template's eyes: a tag puts a mark into the text, the block takes its place later."""

    def __init__(self, number: int, spec: Mapping[str, Any]) -> None:
        self.number = number
        self.spec = spec
        self.title = str(spec.get("title", ""))
        self.caption = str(spec.get("caption", ""))

    def __html__(self) -> str:
        return f"<!--{_BLOCK_PREFIX}{self.number}-->"

    __str__ = __html__


def render_note(kind: str, context: Mapping[str, Any], stamp: Stamp, templates: Path | None = None) -> bytes:
    """Return the DOCX of a context; arguments and result can cross a process boundary.

    Args:
        kind: name of the template without `.docx`: school_note or municipality_note.
        context: from `contexts`.
        stamp: time and program version to print; not a part of the context's fingerprint.
        templates: folder whose file of the same name takes the place of ours.

    Raises:
        TemplateError: when the template is missing, does not open, or has a tag that the context lacks.
    """
    blocks: list[Block] = []
    printable: dict[str, Any] = _printable(context)
    values = _with_blocks(printable, blocks) | {"stamp": _stamp_texts(context, stamp)}
    path, content = template_bytes(kind, templates)
    try:
        template = _template_type()(BytesIO(content))
        template.render(values, jinja_env=_environment(), autoescape=True)
    except JinjaError as error:
        raise TemplateError(explain(path, content, context, error)) from error
    except (KeyError, ValueError, zipfile.BadZipFile, etree.XMLSyntaxError) as error:
        raise TemplateError(f"Шаблон {path} не открывается как документ Word: {error}.") from error
    document: Any = template.docx
    if any(mark.getparent().tag not in _BLOCK_PARENTS for mark in _marks(document).values()):
        faults = ValueError("метка таблицы или рисунка стоит внутри текста")
        raise TemplateError(explain(path, content, context, faults))
    _place_blocks(document, blocks, path)
    drop_empty_sections(document.element.body)
    refresh_fields(document.element.body, document.styles.element)
    _write_properties(document, printable, values["stamp"], stamp)
    _drop_thumbnail(document.part.package)
    stream = BytesIO()
    document.save(stream)
    return with_fixed_times(stream.getvalue())


def _drop_thumbnail(package: Any) -> None:
    """Drop the picture of the template's first page: it would show another document."""
    for relation_id, relation in list(package.rels.items()):
        if relation.reltype.endswith("/thumbnail"):
            del package.rels[relation_id]


def with_fixed_times(content: bytes) -> bytes:
    """Return a ZIP with the time of every member set to 1980: equal documents become equal bytes."""
    patched = bytearray(content)
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = archive.infolist()
        directory = archive.start_dir
    for member in members:
        start = member.header_offset + 10
        patched[start : start + 4] = _DOS_DATE
    for _ in members:
        patched[directory + 12 : directory + 16] = _DOS_DATE
        name_size, extra_size, comment_size = struct.unpack_from("<HHH", patched, directory + 28)
        directory += 46 + name_size + extra_size + comment_size
    return bytes(patched)


def _with_blocks(value: Any, blocks: list[Block]) -> Any:
    if isinstance(value, Mapping):
        if "block" in value:
            blocks.append(Block(len(blocks), value))
            return blocks[-1]
        return {name: _with_blocks(item, blocks) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_blocks(item, blocks) for item in value]
    return value


def _printable(value: Any) -> Any:
    """Return the value with control characters of its texts made spaces: XML forbids them, and files do hold them."""
    if isinstance(value, str):
        return _CONTROL.sub(" ", value)
    if isinstance(value, Mapping):
        return {name: _printable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_printable(item) for item in value]
    return value


def _stamp_texts(context: Mapping[str, Any], stamp: Stamp) -> dict[str, str]:
    moment = stamp.rendered_at
    zone = moment.strftime("%z")
    offset = "UTC" if zone in ("", "+0000") else f"UTC{zone[:3]}:{zone[3:]}"
    return {
        "rendered_at": f"{ru.long_date(moment.date())}, {moment:%H:%M} ({offset})",
        "code_version": stamp.code_version,
        "context_sha256": context_sha256(context)[:16],
        "issue": ru.whole(stamp.issue),
        "answer_by": ru.long_date(stamp.answer_by),
    }


def _marks(document: Any) -> dict[int, Any]:
    """Return the marks that tags of tables and charts left, by the number of the block."""
    return {
        int(mark.text.removeprefix(_BLOCK_PREFIX)): mark
        for mark in document.element.body.iter(etree.Comment)
        if mark.text.startswith(_BLOCK_PREFIX)
    }


def _place_blocks(document: Any, blocks: list[Block], path: str) -> None:
    styles = _style_ids(document.styles.element, path)
    body = document.element.body
    marks = _marks(document)
    widths = _text_widths(body, marks.values())
    chart_number = 0
    for number, mark in marks.items():
        spec = blocks[number].spec
        width = widths[mark]
        if spec["block"] == "chart":
            chart_number += 1
            relation = _add_chart(document.part, spec, chart_number)
            xml = drawing_xml(spec, relation, 1000 + chart_number, width, styles["chart"])
        else:
            xml = table_xml(spec, width, styles)
        mark.addprevious(_parsed(xml))
        if spec.get("name"):
            name_caption(mark, str(spec["name"]), is_below=spec["block"] == "chart")
        mark.getparent().remove(mark)


def _parsed(xml: str) -> Any:
    from docx.oxml.parser import parse_xml

    end = xml.index(">")
    return parse_xml(f"{xml[:end]} {_NAMESPACES}{xml[end:]}")


def _text_widths(body: Any, marks: Any) -> dict[Any, int]:
    """Return for each mark the width of the text area of its section, twentieths of a point."""
    wanted = set(marks)
    widths: dict[Any, int] = {}
    waiting: list[Any] = []
    for element in body.iter(etree.Comment, f"{{{W}}}sectPr"):
        if element in wanted:
            waiting.append(element)
        elif element.tag == f"{{{W}}}sectPr":
            size, margins = element.find(f"{{{W}}}pgSz"), element.find(f"{{{W}}}pgMar")
            width = int(size.get(f"{{{W}}}w")) - sum(int(margins.get(f"{{{W}}}{side}")) for side in ("left", "right"))
            widths |= dict.fromkeys(waiting, width)
            waiting = []
    return widths


def _style_ids(styles: Any, path: str) -> dict[str, str]:
    by_name = {
        style.find(f"{{{W}}}name").get(f"{{{W}}}val"): style.get(f"{{{W}}}styleId")
        for style in styles.iterfind(f"{{{W}}}style")
    }
    missing = [name for name in STYLE_NAMES.values() if name not in by_name]
    if missing:
        raise TemplateError(
            f"В шаблоне {path} нет стилей {ru.listed([ru.quoted(name) for name in missing])}. "
            "Верните их: скопируйте из исходного шаблона (в Word — «Стили», «Управление стилями», «Импорт/экспорт»)."
        )
    return {role: by_name[name] for role, name in STYLE_NAMES.items()}


def _add_chart(document_part: Any, spec: Mapping[str, Any], number: int) -> str:
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part

    chart_xml, workbook = chart_parts(spec)
    package = document_part.package
    chart = Part(PackURI(f"/word/charts/chart{number}.xml"), _CHART_TYPE, chart_xml, package)
    workbook_name = PackURI(f"/word/embeddings/Microsoft_Excel_Sheet{number}.xlsx")
    workbook_part = Part(workbook_name, _WORKBOOK_TYPE, with_fixed_times(workbook), package)
    chart.relate_to(workbook_part, _WORKBOOK_RELATION)
    return document_part.relate_to(chart, _CHART_RELATION)


def _write_properties(document: Any, context: Mapping[str, Any], printed: Mapping[str, str], stamp: Stamp) -> None:
    properties = document.core_properties
    moment = stamp.rendered_at.astimezone(UTC).replace(tzinfo=None)
    properties.title = f"{context['title']}: {context['unit_name']}"
    parts = (context.get("campaign_title"), f"{context['school_year']} учебный год")
    properties.subject = ", ".join(part for part in parts if part)
    properties.author = context["authority"]
    properties.last_modified_by = context["authority"]
    properties.comments = f"oko-pipeline {stamp.code_version}, содержание {printed['context_sha256']}"
    properties.language = "ru-RU"
    properties.created = moment
    properties.modified = moment
    properties.revision = 1
