"""Builds the default templates: `python -m oko_pipeline.reporting.template_builder report_templates`.

The templates are ordinary Word files: after the first build an analyst edits them in Word. This module is how the
defaults came to be and how they are restored. Texts here are the documents' fixed texts; none stand in rendering code.
"""

import sys
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from oko_pipeline.reporting.contexts import MUNICIPALITY_NOTE, SCHOOL_NOTE
from oko_pipeline.reporting.render import with_fixed_times

_FONT: Final = "Times New Roman"
_HEADING_COLOUR: Final = "1F3550"
_BORDER_COLOUR: Final = "8C8C8C"
_HEADER_GROUND: Final = "E7ECF2"
_BUILT_AT: Final = datetime(2026, 11, 1)  # noqa: DTZ001 - core properties hold naive UTC


@dataclass(frozen=True, slots=True)
class _Words:
    """Words in which the two notes differ."""

    kind: str
    unit_line: str
    own: str
    own_genitive: str
    around: str
    parts: str
    closing: str


_SCHOOL: Final = _Words(
    kind=SCHOOL_NOTE,
    unit_line="{{ unit_name }} ({{ unit_code }}), {{ municipality_name }}",
    own="школа",
    own_genitive="школы",
    around="муниципалитет, регион и Россия (если их данные есть)",
    parts="Классы стоят в порядке названий; таблица не служит для сравнения учителей или классов между собой.",
    closing="Справку составил: ____________________ / ____________________ /",
)
_MUNICIPALITY: Final = _Words(
    kind=MUNICIPALITY_NOTE,
    unit_line="{{ unit_name }} ({{ unit_code }})",
    own="муниципалитет",
    own_genitive="муниципалитета",
    around="регион и Россия (если их данные есть)",
    parts="Образовательные организации (ОО) стоят в порядке кодов; таблица не служит для ранжирования.",
    closing="Справку составил: ____________________ / ____________________ /",
)


def build(kind: str) -> bytes:
    """Return a default template.

    Args:
        kind: school_note or municipality_note.
    """
    from docx import Document

    words = _SCHOOL if kind == SCHOOL_NOTE else _MUNICIPALITY
    document = Document()
    _strip(document)
    _set_styles(document)
    _set_page(document.sections[0])
    writer = _Writer(document)
    _write_title(writer, words)
    _write_findings(writer)
    _write_participation(writer, words)
    _write_marks(writer, words)
    _write_journal(writer)
    _write_works(writer, words)
    _write_quality(writer, words)
    _write_method(writer)
    _write_footer(document)
    properties = document.core_properties
    properties.title = "{{ title }}"
    properties.author = "oko-pipeline"
    properties.comments = ""
    properties.language = "ru-RU"
    properties.created = properties.modified = _BUILT_AT
    stream = BytesIO()
    document.save(stream)
    return with_fixed_times(stream.getvalue())


def write_templates(folder: Path) -> list[Path]:
    """Write both default templates into `folder` and return their paths."""
    paths: list[Path] = []
    for kind in (SCHOOL_NOTE, MUNICIPALITY_NOTE):
        path = folder / f"{kind}.docx"
        path.write_bytes(build(kind))
        paths.append(path)
    return paths


def _write_title(writer: "_Writer", words: _Words) -> None:
    writer.add("{{ authority }}", "ОКО Титул")
    writer.tag("if territory")
    writer.add("{{ territory }}", "ОКО Титул")
    writer.tag("endif")
    for line in (
        "УТВЕРЖДАЮ",
        "{{ approval_position }}",
        "____________ / ____________________ /",
        "«____» ______________ 20___ г.",
    ):
        writer.add(line, "ОКО Гриф")
    writer.add("{{ title }}", "Title")
    writer.add(words.unit_line, "Subtitle")
    writer.add("{{ campaign_title }}", "ОКО Титул")
    writer.add("{{ school_year }} учебный год. Сроки кампании: {{ campaign_dates }}", "ОКО Титул")
    writer.add("Содержание", "TOC Heading")
    writer.contents()
    writer.end_section(landscape=False)


def _write_findings(writer: "_Writer") -> None:
    writer.add("Главное", "Heading 1")
    writer.tag("if campaign_note")
    writer.add("{{ campaign_note }}", "ОКО Примечание")
    writer.tag("endif")
    writer.tag("for statement in statements")
    writer.lead("{{ statement.title }}.", " {{ statement.text }}")
    writer.tag("for point in statement.points")
    writer.add("{{ point }}", "List Bullet")
    writer.tag("endfor")
    writer.tag("endfor")
    writer.add(
        "Выводы сделаны по числам и касаются только участников этой кампании. В скобках — 95-процентный интервал: чем "
        "меньше участников, тем он шире и тем осторожнее должен быть вывод. О причинах данные не говорят: их "
        "устанавливают вместе с теми, кто учит и учится.",
        "ОКО Примечание",
    )


def _write_participation(writer: "_Writer", words: _Words) -> None:
    writer.add("Участие", "Heading 1")
    writer.add("{{ participation.text }}", "ОКО Текст")
    writer.tag("if participation.table")
    writer.table_caption("Участие в работах кампании", "tbl_participation")
    writer.block("participation.table")
    writer.tag("endif")
    if words.kind == MUNICIPALITY_NOTE:
        writer.tag("if participation.schools_table")
        writer.table_caption("Участие по образовательным организациям, в порядке кодов", "tbl_schools")
        writer.block("participation.schools_table")
        writer.tag("endif")
    writer.add(
        "«Нет результатов» означает, что параллель писала другие работы кампании, а этой работы в файлах нет. Группы "
        "меньше {{ settings.hide_below }} участников скрыты.",
        "ОКО Примечание",
    )


def _write_marks(writer: "_Writer", words: _Words) -> None:
    writer.add("Отметки", "Heading 1")
    writer.add("{{ marks.text }}", "ОКО Текст")
    writer.tag("if marks.charts")
    writer.tag("for chart in marks.charts")
    writer.block("chart")
    writer.figure_caption("{{ chart.caption }}")
    writer.tag("endfor")
    writer.add("Подписи у столбцов меньше 5 % опущены.", "ОКО Примечание")
    writer.tag("endif")
    writer.tag("if marks.table")
    writer.end_section(landscape=False)
    writer.add(
        f"Полужирным — {words.own}, ниже — ориентиры: {words.around}. n — число участников с отметкой; в скобках — "
        "границы 95-процентного интервала Уилсона, %. Базовый уровень — отметка «3» и выше. При числе участников "
        "меньше {{ settings.claim_from }} доли не приводятся.",
        "ОКО Примечание",
    )
    writer.table_caption(f"Отметки за работы: {words.own} и ориентиры", "tbl_marks")
    writer.block("marks.table")
    writer.end_section(landscape=True)
    writer.tag("endif")


def _write_journal(writer: "_Writer") -> None:
    writer.add("Соответствие отметок журналу", "Heading 1")
    writer.add("{{ journal.text }}", "ОКО Текст")
    writer.tag("if journal.table")
    writer.table_caption("Отметка за работу и отметка по журналу", "tbl_journal")
    writer.block("journal.table")
    writer.tag("endif")
    writer.tag("for chart in journal.charts")
    writer.block("chart")
    writer.figure_caption("{{ chart.caption }}")
    writer.tag("endfor")


def _write_works(writer: "_Writer", words: _Words) -> None:
    writer.add("Результаты по работам", "Heading 1")
    writer.add("{{ works_text }}", "ОКО Текст")
    writer.tag("if tasks.table")
    writer.table_caption("Выполнение заданий по работам", "tbl_tasks")
    writer.block("tasks.table")
    writer.tag("endif")
    writer.tag("for work in works")
    writer.add("{{ work.title }}", "Heading 2")
    writer.add("{{ work.facts }}", "ОКО Ввод")
    writer.tag("if work.histogram")
    writer.block("work.histogram")
    writer.figure_caption("{{ work.histogram.caption }}")
    writer.tag("endif")
    writer.tag("if work.task_profile")
    writer.block("work.task_profile")
    writer.figure_caption("{{ work.task_profile.caption }}")
    writer.tag("endif")
    writer.add("{{ work.red_text }}", "ОКО Текст")
    writer.tag("if work.red_tasks")
    writer.table_caption("{{ work.red_tasks.title }}")
    writer.block("work.red_tasks")
    writer.tag("endif")
    writer.tag("if work.deficits")
    writer.lead("Системные дефициты", " (в красной зоне больше половины заданий умения):")
    writer.tag("for deficit in work.deficits")
    writer.add("{{ deficit }}", "List Bullet")
    writer.tag("endfor")
    writer.tag("endif")
    writer.tag("if work.parts")
    writer.table_caption("{{ work.parts.title }}")
    writer.block("work.parts")
    writer.add(words.parts, "ОКО Примечание")
    writer.tag("endif")
    writer.tag("endfor")


def _write_quality(writer: "_Writer", words: _Words) -> None:
    writer.add("Качество данных", "Heading 1")
    writer.add("{{ quality.text }}", "ОКО Текст")
    writer.tag("for line in quality.left_out")
    writer.add("{{ line }}", "List Bullet")
    writer.tag("endfor")
    writer.tag("if quality.table")
    writer.table_caption("Замечания к данным", "tbl_quality")
    writer.block("quality.table")
    writer.tag("endif")
    writer.add("Происхождение данных", "Heading 1")
    writer.add(
        "{{ school_year }} учебный год; {{ campaign_title }} (код кампании {{ campaign_code }}). Документ составлен "
        "{{ stamp.rendered_at }} программой oko-pipeline версии {{ stamp.code_version }}; отпечаток содержания "
        "{{ stamp.context_sha256 }}.",
        "ОКО Текст",
    )
    writer.tag("if sources")
    writer.table_caption("Файлы, из которых взяты результаты", "tbl_sources")
    writer.block("sources")
    writer.tag("endif")
    writer.add(words.closing, "ОКО Подпись")


def _write_method(writer: "_Writer") -> None:
    writer.add("Приложение. Как посчитаны показатели", "ОКО Приложение")
    for title, text in _METHOD:
        writer.lead(title, text, "ОКО Текст")


_METHOD: Final = (
    (
        "Участники.",
        " Участник — тот, у кого есть итоговый первичный балл. «Отсутствовал» в протоколе участником не считается.",
    ),
    (
        "Отметки.",
        (
            " Балл переводится в отметку по шкале работы. Если шкала не подтверждена или её диапазоны пересекаются, "
            "отметки не выставляются. Базовый уровень — доля «3», «4» и «5», высокий уровень — доля «5»."
        ),
    ),
    (
        "Интервалы.",
        (
            " Для долей — 95-процентный интервал Уилсона. Разница долей — интервал Ньюкомба; отличие "
            "названо, только если "
            "интервал не содержит нуля. Единица сравнивается с остальными, а не с целым, в которое она входит сама."
        ),
    ),
    (
        "Ориентиры.",
        (
            " Муниципалитет посчитан по тем же файлам. Регион и Россия взяты из опубликованных таблиц; если их нет, "
            "регион посчитан по загруженным ОО, и это сказано в названии строки."
        ),
    ),
    (
        "Малые группы.",
        (
            " До {{ settings.hide_below }} участников число скрыто; до {{ settings.claim_from }} доли не "
            "приводятся; до "
            "{{ settings.detail_from }} распределение баллов не показывается, до {{ settings.informative_from }} оно "
            "показательно лишь приблизительно."
        ),
    ),
    (
        "Выполнение задания.",
        (
            " Сумма полученных баллов к сумме возможных у тех, с кем тема пройдена; «не приступал» — ноль "
            "баллов. Уровни: "
            "Б — базовый, П — повышенный, В — высокий."
        ),
    ),
    (
        "Зоны.",
        (
            " Задания Б: зелёная зона от {{ settings.base_green }} %, красная — ниже {{ settings.base_red "
            "}} %, между ними "
            "жёлтая. Задания П и В: от {{ settings.high_green }} % и ниже {{ settings.high_red }} %. Дефицит умения "
            "системный, если в красной зоне больше половины его заданий."
        ),
    ),
    (
        "Чего здесь нет.",
        (
            " Справка не ранжирует школы и классы, не содержит показателей работы учителей и данных, по которым можно "
            "узнать обучающегося. Результаты ВПР не используются для оценки работы учителя."
        ),
    ),
)


def _write_footer(document: Any) -> None:
    """Put the footer into every section but the first, which is the title page.

    Each section names it itself: a section that a tag leaves out must not take the footer of the rest with it.
    """
    last = document.sections[-1]
    last.footer.is_linked_to_previous = False
    paragraph = last.footer.paragraphs[0]
    paragraph.style = document.styles["Footer"]
    paragraph.add_run("{{ title }}. {{ unit_name }}. {{ campaign_title }}\t")
    _add_field(paragraph, "PAGE", "2")
    reference = last._sectPr.footerReference_lst[0]  # noqa: SLF001 - python-docx would make a new part a section
    for section in list(document.sections)[1:-1]:
        section._sectPr.insert(0, deepcopy(reference))  # noqa: SLF001


class _Writer:
    """Appends paragraphs, tags, fields and section breaks to the template."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._bookmarks = 0

    def add(self, text: str, style: str) -> Any:
        return self._document.add_paragraph(text, style=style)

    def lead(self, title: str, text: str, style: str = "ОКО Ввод") -> None:
        paragraph = self._document.add_paragraph(style=style)
        paragraph.add_run(title).bold = True
        paragraph.add_run(text)

    def tag(self, statement: str) -> None:
        self.add(f"{{%p {statement} %}}", "ОКО Тег")

    def block(self, name: str) -> None:
        self.add(f"{{{{p {name} }}}}", "ОКО Тег")

    def table_caption(self, text: str, bookmark: str = "") -> None:
        self._caption("Таблица", text, bookmark, keep_next=True)

    def figure_caption(self, text: str) -> None:
        self._caption("Рисунок", text, "", keep_next=False)

    def _caption(self, word: str, text: str, bookmark: str, *, keep_next: bool) -> None:
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        paragraph = self.add("", "Caption" if keep_next else "ОКО Подпись рисунка")
        paragraph.add_run(f"{word}\u00a0")
        if bookmark:
            self._bookmarks += 1
            start = OxmlElement("w:bookmarkStart", {qn("w:id"): str(self._bookmarks), qn("w:name"): bookmark})
            paragraph._p.append(start)  # noqa: SLF001 - python-docx has no API for bookmarks
        _add_field(paragraph, f"SEQ {word} \\* ARABIC", "1")
        if bookmark:
            paragraph._p.append(OxmlElement("w:bookmarkEnd", {qn("w:id"): str(self._bookmarks)}))  # noqa: SLF001
        paragraph.add_run(f" — {text}")

    def contents(self) -> None:
        paragraph = self.add("", "TOC 1")
        _add_field(paragraph, 'TOC \\o "1-2" \\h \\z \\u', "Содержание появится в готовом документе")

    def end_section(self, *, landscape: bool) -> None:
        """End a section of the given orientation; the break has a paragraph of its own, one point high."""
        last = self.add("", "ОКО Разрыв")
        properties = deepcopy(self._document.element.body.sectPr)
        _turn(properties, landscape=landscape)
        last._p.get_or_add_pPr().append(properties)  # noqa: SLF001 - no API for a break in a given paragraph


def _turn(section_properties: Any, *, landscape: bool) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    size = section_properties.get_or_add_pgSz()
    size.w, size.h = (Mm(297), Mm(210)) if landscape else (Mm(210), Mm(297))
    size.orient = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT


def _add_field(paragraph: Any, instruction: str, result: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    def mark(kind: str) -> None:
        run = paragraph.add_run()
        run._r.append(OxmlElement("w:fldChar", {qn("w:fldCharType"): kind}))  # noqa: SLF001 - no API for fields

    mark("begin")
    text = OxmlElement("w:instrText", {qn("xml:space"): "preserve"})
    text.text = f" {instruction} "
    paragraph.add_run()._r.append(text)  # noqa: SLF001
    mark("separate")
    paragraph.add_run(result)
    mark("end")


def _strip(document: Any) -> None:
    """Drop the table styles and the empty paragraph that python-docx's own template brings."""
    styles = document.styles.element
    for style in list(styles.iterchildren()):
        name = style.find(_w("name")) if style.tag == _w("style") else None
        is_table_style = style.get(_w("type")) == "table"
        if name is not None and is_table_style and name.get(_w("val")) != "Normal Table":
            styles.remove(style)


def _w(name: str) -> str:
    return f"{{http://schemas.openxmlformats.org/wordprocessingml/2006/main}}{name}"


def _set_page(section: Any) -> None:
    from docx.shared import Mm

    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = Mm(25), Mm(15)
    section.top_margin, section.bottom_margin = Mm(20), Mm(20)
    section.footer_distance = Mm(10)


@dataclass(frozen=True, slots=True)
class _Look:
    """Look of a paragraph style: sizes in points, indents in millimetres."""

    size: float = 12
    bold: bool = False
    italic: bool = False
    align: str = "left"
    before: float = 0
    after: float = 0
    indent: float = 0
    first: float = 0
    line: float = 1.0
    keep_next: bool = False
    colour: str = "000000"


_LOOKS: Final[dict[str, _Look]] = {
    "Normal": _Look(),
    "ОКО Текст": _Look(align="justify", before=6, after=6, first=10, line=1.15),
    "ОКО Ввод": _Look(align="justify", before=6, after=6, first=10, line=1.15, keep_next=True),
    "ОКО Примечание": _Look(size=10, after=8, before=4, colour="404040"),
    "ОКО Разрыв": _Look(size=1),
    "ОКО Титул": _Look(align="center", after=4),
    "ОКО Гриф": _Look(indent=95, after=3),
    "ОКО Подпись": _Look(before=24, after=12),
    "ОКО Тег": _Look(size=10, colour="7F7F7F"),
    "ОКО Ячейка": _Look(size=10),
    "ОКО Число": _Look(size=10, align="right"),
    "ОКО Шапка": _Look(size=10, bold=True, align="center"),
    "ОКО Группа": _Look(size=10, bold=True, keep_next=True),
    "ОКО Рисунок": _Look(align="center", before=4, keep_next=True),
    "ОКО Подпись рисунка": _Look(size=11, align="center", before=2, after=10),
    "Caption": _Look(size=11, before=8, after=3, keep_next=True),
    "Title": _Look(size=16, bold=True, align="center", before=30, after=8, colour=_HEADING_COLOUR),
    "Subtitle": _Look(size=14, bold=True, align="center", after=8),
    "Heading 1": _Look(size=14, bold=True, before=16, after=8, keep_next=True, colour=_HEADING_COLOUR),
    "Heading 2": _Look(size=13, bold=True, before=14, after=6, keep_next=True, colour=_HEADING_COLOUR),
    "ОКО Приложение": _Look(size=14, bold=True, before=16, after=8, keep_next=True, colour=_HEADING_COLOUR),
    "TOC Heading": _Look(size=14, bold=True, before=24, after=6, keep_next=True, colour=_HEADING_COLOUR),
    "TOC 1": _Look(before=3),
    "TOC 2": _Look(indent=8),
    "List Bullet": _Look(align="left", after=3, indent=10, first=-5, line=1.1),
    "Footer": _Look(size=9, colour="404040"),
}
_STYLE_IDS: Final = {
    "ОКО Текст": "OkoText",
    "ОКО Ввод": "OkoLead",
    "ОКО Примечание": "OkoNote",
    "ОКО Титул": "OkoTitlePage",
    "ОКО Разрыв": "OkoBreak",
    "ОКО Гриф": "OkoApproval",
    "ОКО Подпись": "OkoSignature",
    "ОКО Тег": "OkoTag",
    "ОКО Ячейка": "OkoCell",
    "ОКО Число": "OkoNumber",
    "ОКО Шапка": "OkoHeader",
    "ОКО Группа": "OkoGroup",
    "ОКО Рисунок": "OkoChart",
    "ОКО Подпись рисунка": "OkoFigureCaption",
    "ОКО Приложение": "OkoAppendix",
}


def _set_styles(document: Any) -> None:
    from docx.enum.style import WD_STYLE_TYPE

    styles = document.styles
    existing = {style.name for style in styles}
    for name, look in _LOOKS.items():
        if name not in existing:
            style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            style.base_style = styles["Normal"]
            style.element.set(_w("styleId"), _STYLE_IDS.get(name, name.replace(" ", "")))
        if name == "TOC Heading":
            styles[name].base_style = styles["Normal"]
        _apply(styles[name], look)
    _set_language(styles.element)
    _set_outline(styles["ОКО Приложение"])
    styles["ОКО Приложение"].paragraph_format.page_break_before = True
    _number_headings(document)
    _add_table_style(styles.element)
    footer_tabs = styles["Footer"].element.get_or_add_pPr()
    for tabs in footer_tabs.findall(_w("tabs")):
        footer_tabs.remove(tabs)
    _right_tab(styles["Footer"])


def _right_tab(style: Any) -> None:
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Mm

    style.paragraph_format.tab_stops.add_tab_stop(Mm(170), WD_TAB_ALIGNMENT.RIGHT)


def _apply(style: Any, look: _Look) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm, Pt, RGBColor

    properties = style.element.get_or_add_rPr()
    for child in list(properties):
        properties.remove(child)
    fonts = properties.get_or_add_rFonts()
    for script in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(_w(script), _FONT)
    style.font.size = Pt(look.size)
    style.font.bold = look.bold
    style.font.italic = look.italic
    style.font.color.rgb = RGBColor.from_string(look.colour)
    paragraph = style.paragraph_format
    paragraph.alignment = {
        "left": WD_ALIGN_PARAGRAPH.LEFT,
        "right": WD_ALIGN_PARAGRAPH.RIGHT,
        "center": WD_ALIGN_PARAGRAPH.CENTER,
        "justify": WD_ALIGN_PARAGRAPH.JUSTIFY,
    }[look.align]
    paragraph.space_before, paragraph.space_after = Pt(look.before), Pt(look.after)
    paragraph.left_indent, paragraph.first_line_indent = Mm(look.indent), Mm(look.first)
    paragraph.line_spacing = look.line
    paragraph.keep_with_next = look.keep_next
    paragraph.widow_control = True
    for border in style.element.get_or_add_pPr().findall(_w("pBdr")):
        border.getparent().remove(border)


def _set_language(styles: Any) -> None:
    from docx.oxml import OxmlElement

    defaults = styles.find(f"{_w('docDefaults')}/{_w('rPrDefault')}/{_w('rPr')}")
    for language in defaults.findall(_w("lang")):
        defaults.remove(language)
    attributes = {_w("val"): "ru-RU", _w("eastAsia"): "ru-RU", _w("bidi"): "ar-SA"}
    defaults.append(OxmlElement("w:lang", attributes))


def _set_outline(style: Any) -> None:
    from docx.oxml import OxmlElement

    style.element.get_or_add_pPr().append(OxmlElement("w:outlineLvl", {_w("val"): "0"}))


_NUMBERING: Final = """<w:abstractNum xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"
 w:abstractNumId="90"><w:multiLevelType w:val="multilevel"/>
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="Heading1"/><w:suff w:val="space"/>
<w:lvlText w:val="%1"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="0" w:firstLine="0"/></w:pPr></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="Heading2"/><w:suff w:val="space"/>
<w:lvlText w:val="%1.%2"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="0" w:firstLine="0"/></w:pPr></w:lvl>
</w:abstractNum>"""


def _number_headings(document: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.parser import parse_xml

    numbering = document.part.numbering_part.element
    numbering.insert(0, parse_xml(_NUMBERING))
    number = OxmlElement("w:num", {_w("numId"): "90"})
    number.append(OxmlElement("w:abstractNumId", {_w("val"): "90"}))
    numbering.append(number)
    for name, level in (("Heading 1", "0"), ("Heading 2", "1")):
        properties = document.styles[name].element.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_ilvl().set(_w("val"), level)
        properties.get_or_add_numId().set(_w("val"), "90")


def _borders(sides: Sequence[str]) -> str:
    return "".join(f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="{_BORDER_COLOUR}"/>' for side in sides)


def _add_table_style(styles: Any) -> None:
    from docx.oxml.parser import parse_xml

    xml = f"""<w:style xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" w:type="table"
 w:customStyle="1" w:styleId="OkoTable"><w:name w:val="ОКО Таблица"/><w:basedOn w:val="TableNormal"/>
<w:uiPriority w:val="99"/><w:tblPr><w:tblBorders>{_borders(("top", "left", "bottom", "right", "insideH", "insideV"))}
</w:tblBorders><w:tblCellMar><w:top w:w="28" w:type="dxa"/><w:left w:w="45" w:type="dxa"/>
<w:bottom w:w="28" w:type="dxa"/><w:right w:w="45" w:type="dxa"/></w:tblCellMar></w:tblPr>
<w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr><w:tcPr>
<w:shd w:val="clear" w:color="auto" w:fill="{_HEADER_GROUND}"/><w:vAlign w:val="center"/></w:tcPr></w:tblStylePr>
</w:style>"""
    styles.append(parse_xml(xml))


if __name__ == "__main__":
    write_templates(Path(sys.argv[1]))
