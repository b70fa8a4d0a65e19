"""Look of the default templates: page, styles, numbering of headings, table style. A person changes them in Word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_FONT: Final = "Times New Roman"
_HEADING_COLOUR: Final = "1F3550"
_BORDER_COLOUR: Final = "8C8C8C"
_HEADER_GROUND: Final = "E7ECF2"


def prepare(document: Any) -> None:
    """Give an empty document the page and the styles that all default templates share."""
    _strip(document)
    _set_styles(document)
    _set_page(document.sections[0])


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
    section.header_distance = section.footer_distance = Mm(10)


@dataclass(frozen=True, slots=True)
class Look:
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


_LOOKS: Final[dict[str, Look]] = {
    "Normal": Look(),
    "ОКО Текст": Look(align="justify", before=6, after=6, first=10, line=1.15),
    "ОКО Ввод": Look(align="justify", before=6, after=6, first=10, line=1.15, keep_next=True),
    "ОКО Примечание": Look(size=10, after=8, before=4, colour="404040"),
    "ОКО Разрыв": Look(size=1),
    "ОКО Титул": Look(align="center", after=4),
    "ОКО Гриф": Look(indent=95, after=3),
    "ОКО Подпись": Look(before=24, after=12),
    "ОКО Тег": Look(size=10, colour="7F7F7F"),
    "ОКО Ячейка": Look(size=10),
    "ОКО Число": Look(size=10, align="right"),
    "ОКО Шапка": Look(size=10, bold=True, align="center"),
    "ОКО Группа": Look(size=10, bold=True, keep_next=True),
    "ОКО Рисунок": Look(align="center", before=4, keep_next=True),
    "ОКО Подпись рисунка": Look(size=11, align="center", before=2, after=10),
    "Caption": Look(size=11, before=8, after=3, keep_next=True),
    "Title": Look(size=16, bold=True, align="center", before=30, after=8, colour=_HEADING_COLOUR),
    "Subtitle": Look(size=14, bold=True, align="center", after=8),
    "Heading 1": Look(size=14, bold=True, before=16, after=8, keep_next=True, colour=_HEADING_COLOUR),
    "Heading 2": Look(size=13, bold=True, before=14, after=6, keep_next=True, colour=_HEADING_COLOUR),
    "ОКО Приложение": Look(size=14, bold=True, before=16, after=8, keep_next=True, colour=_HEADING_COLOUR),
    "TOC Heading": Look(size=14, bold=True, before=24, after=6, keep_next=True, colour=_HEADING_COLOUR),
    "TOC 1": Look(before=3),
    "TOC 2": Look(indent=8),
    "List Bullet": Look(align="left", after=3, indent=10, first=-5, line=1.1),
    "Header": Look(size=10, align="center"),
    "Footer": Look(size=9, colour="404040"),
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
    for name in ("Header", "Footer"):
        margin = styles[name].element.get_or_add_pPr()
        for tabs in margin.findall(_w("tabs")):
            margin.remove(tabs)


def _apply(style: Any, look: Look) -> None:
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
</w:tblBorders><w:tblCellMar><w:top w:w="28" w:type="dxa"/><w:left w:w="80" w:type="dxa"/>
<w:bottom w:w="28" w:type="dxa"/><w:right w:w="80" w:type="dxa"/></w:tblCellMar></w:tblPr>
<w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr><w:tcPr>
<w:shd w:val="clear" w:color="auto" w:fill="{_HEADER_GROUND}"/><w:vAlign w:val="center"/></w:tcPr></w:tblStylePr>
</w:style>"""
    styles.append(parse_xml(xml))
