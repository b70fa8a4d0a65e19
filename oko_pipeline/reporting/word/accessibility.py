"""Rules by which a document can be read by everyone: with a screen reader, in black and white, part by part.

After WCAG 2.2 (1.1.1 texts for pictures, 1.3.1 structure, 1.4.1 colour, 1.4.3 contrast, 2.4.2 title, 3.1.1 language)
and ГОСТ Р 52872, as far as they concern a printed Word document. Each fault says where it is and how to mend it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.word.content import Cell, Drawing, Item, Paragraph, WordContent, read_word

_CONTRAST: Final = 4.5
_SHORTEST_ALT: Final = 20
_GENERIC_ALT: Final = re.compile(
    r"^(?:рисунок|диаграмма|график|изображение|картинка|image|picture|chart|figure)[\s\d№.]*$|\.(?:png|jpe?g|emf|wmf)$",
    re.IGNORECASE,
)
_CAPTION_STYLES: Final = ("caption", "название объекта")
_FIGURE_STYLE: Final = "око подпись рисунка"
_TABLE_CAPTION: Final = re.compile(r"^\s*таблица\s", re.IGNORECASE)
_FIGURE_CAPTION: Final = re.compile(r"^\s*рисунок\s", re.IGNORECASE)
_NUMBER_OF_CAPTION: Final = re.compile(r"^\s*(?:рисунок|таблица)\s*[\d.]*\s*[—–-]?\s*", re.IGNORECASE)
_TAG: Final = re.compile(r"\{\{|\}\}|\{%|%\}|oko-block:")
_WHITE: Final = "FFFFFF"
_BLACK: Final = "000000"


@dataclass(frozen=True, slots=True)
class AccessibilityFault:
    """A place where a document breaks a rule: identifier of the rule, where, and what to do."""

    rule: str
    place_ru: str
    message_ru: str

    def __str__(self) -> str:
        """Return what a person reads."""
        return f"{self.place_ru}: {self.message_ru}"


_Found = Iterator[tuple[str, str]]


def accessibility_faults(content: bytes) -> list[AccessibilityFault]:
    """Return where a DOCX breaks the rules, in the order of the rules; an empty list when nowhere.

    Raises:
        KeyError: when the file lacks a part that every document has.
        zipfile.BadZipFile: when the file is no DOCX.
    """
    return word_faults(read_word(content))


def word_faults(document: WordContent) -> list[AccessibilityFault]:
    """Return where a document breaks the rules; see `accessibility_faults`."""
    return [
        AccessibilityFault(rule, place, message)
        for rule, find in ACCESSIBILITY_RULES.items()
        for place, message in find(document)
    ]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (RRGGBB), 1 to 21, as WCAG 2.2 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[start : start + 2], 16) / 255 for start in (0, 2, 4))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _heading_levels(document: WordContent) -> _Found:
    before = 0
    for paragraph in _headings(document):
        level = paragraph.style.level
        if level > before + 1:
            after = f"после уровня {before}" if before else "первым"
            yield paragraph.place_ru, f"заголовок уровня {level} стоит {after}; нужен уровень {before + 1}"
        before = level


def _headings(document: WordContent) -> list[Paragraph]:
    return [one for one in document.paragraphs if one.style.level and not one.is_contents and one.text.strip()]


def _headings_with_content(document: WordContent) -> _Found:
    """Yield headings that nothing stands under."""
    items = [item for item in document.items if not _is_blank(item)]
    for place, item in enumerate(items):
        if not isinstance(item, Paragraph) or not item.style.level or item.is_contents:
            continue
        after = items[place + 1] if place + 1 < len(items) else None
        if after is None:
            yield item.place_ru, "документ кончается заголовком: под ним ничего нет"
        elif isinstance(after, Paragraph) and 0 < after.style.level <= item.style.level:
            yield item.place_ru, f"под заголовком ничего нет: сразу идёт {ru.quoted(ru.shortened(after.text, 40))}"


def _is_blank(item: Item) -> bool:
    return isinstance(item, Paragraph) and not item.text.strip() and not item.has_drawing


def _texts_of_drawings(document: WordContent) -> _Found:
    told: dict[str, Drawing] = {}
    for drawing in document.drawings:
        alt = drawing.alt.strip()
        caption = "" if drawing.caption is None else _NUMBER_OF_CAPTION.sub("", drawing.caption.text).strip()
        if not alt:
            yield drawing.place_ru, "нет замещающего текста: опишите вывод словами («Изменить замещающий текст»)"
        elif _GENERIC_ALT.search(alt) or len(alt) < _SHORTEST_ALT:
            yield drawing.place_ru, f"замещающий текст {ru.quoted(alt)} не говорит, что видно на рисунке"
        elif alt.rstrip(".") == caption.rstrip("."):
            yield drawing.place_ru, "замещающий текст повторяет подпись; он должен сказать вывод"
        elif alt in told:
            yield drawing.place_ru, f"замещающий текст тот же, что у рисунка {told[alt].number}"
        told.setdefault(alt, drawing)


def _captions_of_drawings(document: WordContent) -> _Found:
    for drawing in document.drawings:
        caption = drawing.caption
        if caption is None or not (caption.style.name == _FIGURE_STYLE or _FIGURE_CAPTION.match(caption.text)):
            yield drawing.place_ru, "под рисунком нет подписи «Рисунок N — …»"


def _captions_of_tables(document: WordContent) -> _Found:
    for table in document.tables:
        caption = table.caption
        if caption is None or not (caption.style.name in _CAPTION_STYLES or _TABLE_CAPTION.match(caption.text)):
            yield table.place_ru, "над таблицей нет названия «Таблица N — …»"


def _captions_with_objects(document: WordContent) -> _Found:
    captions = {table.caption.number for table in document.tables if table.caption is not None}
    captions |= {drawing.caption.number for drawing in document.drawings if drawing.caption is not None}
    for paragraph in document.paragraphs:
        if paragraph.style.name in (*_CAPTION_STYLES, _FIGURE_STYLE) and paragraph.number not in captions:
            yield paragraph.place_ru, "подпись без своей таблицы или рисунка"


def _repeated_headers(document: WordContent) -> _Found:
    for table in document.tables:
        if table.header_count == 0:
            yield table.place_ru, "строка заголовков не повторяется на новой странице («Повторить строки заголовков»)"
        elif table.header_count == len(table.rows):
            yield table.place_ru, "в таблице нет строк, кроме заголовков"


def _language(document: WordContent) -> _Found:
    if document.text_language != "ru-RU":
        yield "стили документа", f"язык текста {document.text_language or 'не указан'}; нужен ru-RU («Рецензирование»)"
    if document.language != "ru-RU":
        yield "свойства документа", f"язык {document.language or 'не указан'}; нужен ru-RU"


def _title(document: WordContent) -> _Found:
    if not document.title.strip():
        yield "свойства документа", "нет названия («Файл», «Сведения», «Название»)"


def _empty_paragraphs(document: WordContent) -> _Found:
    for paragraph in document.paragraphs:
        if _is_blank(paragraph) and not paragraph.ends_section and not paragraph.is_contents:
            yield paragraph.place_ru, "пустой абзац для отступа; задайте интервал стиля"


def _merged_cells(document: WordContent) -> _Found:
    for table in document.tables:
        for number, row in enumerate(table.rows, start=1):
            place = f"{table.place_ru}, строка {number}"
            if any(cell.is_merged_down for cell in row):
                yield place, "ячейки объединены по вертикали: чтение с экрана теряет строку"
            if any(cell.span > 1 for cell in row[:-1]) or (number <= table.header_count and row and row[-1].span > 1):
                yield place, "объединены ячейки посреди строки; объединять можно только последнюю до края таблицы"
            if sum(cell.span for cell in row) != table.columns_count:
                yield place, f"ячеек {sum(cell.span for cell in row)}, столбцов {table.columns_count}"


def _empty_cells(document: WordContent) -> _Found:
    for table in document.tables:
        for number, row in enumerate(table.rows, start=1):
            empty = [str(place) for place, cell in enumerate(row, start=1) if not cell.text.strip()]
            if empty and number - 1 not in table.form_rows:
                yield f"{table.place_ru}, строка {number}", f"пустые ячейки: {', '.join(empty)}; поставьте тире"


def _contrast(document: WordContent) -> _Found:
    for paragraph in document.paragraphs:
        for colour in paragraph.colours if paragraph.text.strip() else ():
            if contrast(colour, _WHITE) < _CONTRAST:
                yield paragraph.place_ru, _pale(colour, _WHITE)
    for table in document.tables:
        found: dict[tuple[str, str], int] = {}
        for number, row in enumerate(table.rows, start=1):
            default = document.header_ground if number <= table.header_count else ""
            for pair in _paints(row, default or _WHITE):
                found.setdefault(pair, number)
        for (colour, ground), number in found.items():
            if contrast(colour, ground) < _CONTRAST:
                yield f"{table.place_ru}, строка {number}", _pale(colour, ground)


def _paints(row: tuple[Cell, ...], default: str) -> Iterator[tuple[str, str]]:
    for cell in row:
        for colour in cell.colours or (_BLACK,):
            yield colour, cell.ground or default


def _pale(colour: str, ground: str) -> str:
    found = ru.decimal(contrast(colour, ground), 1)
    return f"контраст {found} : 1 (цвет {colour} на {ground}); нужно не меньше {ru.decimal(_CONTRAST, 1)} : 1"


def _shade_alone(document: WordContent) -> _Found:
    """Yield tables where grounds differ and equal texts stand on different grounds: colour says what no sign does."""
    for table in document.tables:
        grounds: dict[str, set[str]] = {}
        for row in table.rows[table.header_count :]:
            for cell in row:
                grounds.setdefault(cell.text.strip(), set()).add(cell.ground)
        mixed = [text for text, found in grounds.items() if len(found) > 1]
        if mixed:
            yield (
                table.place_ru,
                f"одинаковый текст {ru.quoted(ru.shortened(mixed[0], 30))} на разной заливке: смысл только в цвете",
            )


def _left_tags(document: WordContent) -> _Found:
    for paragraph in document.paragraphs:
        if _TAG.search(paragraph.text):
            yield paragraph.place_ru, "осталась незаполненная метка шаблона"
    for table in document.tables:
        if any(_TAG.search(cell.text) for row in table.rows for cell in row):
            yield table.place_ru, "осталась незаполненная метка шаблона"
    for text in document.margins_text:
        if _TAG.search(text):
            yield "колонтитул", "осталась незаполненная метка шаблона"


ACCESSIBILITY_RULES: Final[Mapping[str, Callable[[WordContent], _Found]]] = {
    "title": _title,
    "language": _language,
    "heading_levels": _heading_levels,
    "heading_content": _headings_with_content,
    "alternative_text": _texts_of_drawings,
    "figure_caption": _captions_of_drawings,
    "table_caption": _captions_of_tables,
    "caption_object": _captions_with_objects,
    "repeated_header": _repeated_headers,
    "merged_cells": _merged_cells,
    "empty_cells": _empty_cells,
    "empty_paragraph": _empty_paragraphs,
    "contrast": _contrast,
    "colour_alone": _shade_alone,
    "left_tags": _left_tags,
}
"""Rules by their identifiers."""
