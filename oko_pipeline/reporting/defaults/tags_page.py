"""Writes the guide to templates: `python -m oko_pipeline.reporting.defaults.tags_page report_templates/TAGS.md`.

The guide's text is fixed; what each kind's template places, and under which heading, is read from the templates.
"""
# ruff: noqa: E501 - rows of Markdown tables cannot be broken

import io
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml import etree

from oko_pipeline.catalogue.documents import PROFILES_RU, DocumentKind, document_kinds
from oko_pipeline.errors import TemplateError
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.word.templates import STYLE_NAMES, template_bytes

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TAG: Final = re.compile(r"\{\{p?\s*(?P<value>[\w.]+).*?\}\}|\{%p?\s*(?P<statement>.*?)%\}", re.DOTALL)
_FOR: Final = re.compile(r"^for\s+(\w+)\s+in\s+([\w.]+)")
_IF: Final = re.compile(r"^(?:if|elif)\s+(.*)$", re.DOTALL)
_NAME: Final = re.compile(r"(?<![\w.'\"])[a-z_][\w.]*")
_PARTS: Final = ("text", "points", "tables", "charts", "note")
_WORDS: Final = ("and", "or", "not", "in", "is", "none", "true", "false", "loop")
_COMMON: Final = (
    ("title", "название документа"),
    ("unit_name", "название ОО, муниципалитета или территории"),
    ("unit_code", "код единицы"),
    ("municipality_name", "муниципалитет ОО; пусто у документов муниципалитета"),
    ("authority", "кто выпускает документ (настройка)"),
    ("territory", "территория (настройка); бывает пусто"),
    ("approval_position", "должность в грифе утверждения"),
    ("school_year", "учебный год, «2024/2025»"),
    ("settings", "числа настроек: границы численности групп и порогов"),
    ("stamp.rendered_at", "когда составлен документ"),
    ("stamp.code_version", "версия программы"),
    ("stamp.context_sha256", "отпечаток содержания"),
    ("stamp.issue", "номер выпуска"),
    ("stamp.answer_by", "до какого дня ждут ответа на письмо: рабочих дней — сколько в documents.answer.working_days"),
    ("changes", "раздел «Что изменилось»; в первом выпуске его нет"),
    ("provenance", "откуда числа: `provenance.text` и таблица `provenance.table`"),
)
_GUIDE: Final = """# Шаблоны документов

Каждый вид документа — обычный файл Word в этой папке: `school_note.docx`, `draft_order.docx` … Текст, порядок разделов,
стили, поля, колонтитулы и бланк меняются в Word. Числа, таблицы и рисунки ставит программа — туда, где стоят метки.

Чтобы не править файлы программы, положите изменённую копию **под тем же именем** в свою папку и назовите её в настройке
`OKO_TEMPLATES`. Программа возьмёт ваш файл вместо своего; остальные виды останутся как были. Вернуть исходный вид — убрать
файл из папки. Исходные шаблоны восстанавливает команда `python -m oko_pipeline.reporting.defaults.book report_templates`.

После правки шаблона документы этого вида выпускаются заново при следующем прогоне, остальные — нет.

## Что можно делать

| Хочу | Как |
|---|---|
| Другой бланк, герб, реквизиты | Правьте первый абзац с `{{ authority }}`: вставьте герб, адрес, телефон. Гриф «УТВЕРЖДАЮ» — обычные абзацы ниже |
| Другой шрифт, размер, отступ | Меняйте стиль («Стили», правая кнопка, «Изменить»), а не отдельный абзац: «ОКО Текст», «ОКО Ячейка», «Заголовок 1» … |
| Другие слова | Правьте текст вне фигурных скобок. Примечания к таблицам и методика — тоже обычный текст |
| Другой порядок разделов | Переносите раздел целиком: от абзаца `{%p if … %}` до его `{%p endif %}` вместе с заголовком |
| Убрать раздел | Удалите его целиком, вместе с `{%p if … %}` и `{%p endif %}` |
| Поменять местами таблицу и рисунок | Переносите абзац с меткой вместе с подписью |
| Альбомная страница | Вставьте разрывы раздела до и после и задайте второму разделу альбомную ориентацию |
| Ссылка на таблицу | «Ссылки», «Перекрёстная ссылка» на закладку подписи; номер проставится при выпуске |

Номера таблиц, рисунков и ссылки проставляет программа. Номера страниц в содержании появляются в Word после «Обновить
таблицу» (F9): точные номера знает только программа вёрстки.

## Как устроена метка

| Запись | Что делает |
|---|---|
| `{{ title }}` | ставит текст внутри абзаца |
| `{{p marks.table }}` | ставит таблицу или рисунок вместо всего абзаца; в абзаце больше ничего быть не должно |
| `{%p if … %}` … `{%p endif %}` | показывает часть документа, если значение есть; каждая команда в своём абзаце |
| `{%p for … in … %}` … `{%p endfor %}` | повторяет часть документа для каждой строки списка |

Метку можно сделать полужирной или поменять ей размер — целиком, со скобками. Внутри скобок ничего не меняйте: буквы
латинские, точки и подчёркивания на месте.

## Если метка сломана

Документ с ошибкой не выпускается, остальные виды выпускаются как обычно. Сообщение называет страницу, абзац, раздел, метку и
ближайшее верное имя:

> Шаблон school_note.docx: 1 ошибка.
> — стр. 2 или дальше, абзац 57, раздел «Отметки» («{{ markz.text }}»): метки «markz» нет в данных; возможно, «marks»

«Стр. 2» без слов «или дальше» пишется, если файл сохранён в Word: он запоминает, где кончаются страницы.

| Сообщение | Что исправить |
|---|---|
| «метки … нет в данных; возможно, …» | опечатка в имени: возьмите предложенное имя или имя из списка ниже |
| «скобки метки не закрыты или не открыты» | не хватает `}` или `{`: сравните с соседними метками |
| «„endif“ без своего „if“», «блок „for“ не закрыт» | при переносе потерян один из пары абзацев |
| «таблица или рисунок ставятся меткой … с буквой p» | напишите `{{p имя }}` вместо `{{ имя }}` |
| «метка таблицы или рисунка должна стоять в абзаце одна» | перенесите остальной текст в другой абзац |
| «нет обязательной метки …» | верните метку: без неё документ не скажет, о ком он и откуда числа |
| «нет стилей …» | скопируйте стиль из исходного шаблона («Управление стилями», «Импорт/экспорт») |

## Метки всех видов

"""
_SECTIONS: Final = """
Раздел (в таблицах ниже — `main`, `risks` …) состоит из частей; любой части может не быть:

| Часть | Что это |
|---|---|
| `main.text` | абзацы: `{%p for paragraph in main.text %}`, `{{ paragraph }}`, `{%p endfor %}` |
| `main.points` | пункты списка, так же |
| `main.tables` | таблицы: `{%p for table in main.tables %}`, подпись с `{{ table.title }}`, `{{p table }}`, `{%p endfor %}` |
| `main.charts` | рисунки: `{%p for chart in main.charts %}`, `{{p chart }}`, подпись с `{{ chart.caption }}`, `{%p endfor %}` |
| `main.note` | примечание под таблицами |

## Стили, которые нужны программе

По ним оформляются таблицы и рисунки. Их вид можно менять, имена — нет: {styles}. Размеры и подписи рисунков не зависят от
стилей: рисунки — настоящие диаграммы Word, их числа открывает «Изменить данные».

## Виды документов

"""


@dataclass(frozen=True, slots=True)
class TemplateTags:
    """What a template places: tags of sections with the headings they stand under, and the others."""

    sections: tuple[tuple[str, str], ...]
    others: tuple[str, ...]


def tags_page() -> str:
    """Return the guide to the templates of all kinds that have one, in Markdown."""
    common = "\n".join(f"| `{tag}` | {text} |" for tag, text in _COMMON)
    styles = ", ".join(ru.quoted(name) for name in STYLE_NAMES.values())
    kinds = "\n".join(part for kind in document_kinds().values() for part in _kind_part(kind))
    return f"{_GUIDE}| Метка | Содержание |\n|---|---|\n{common}\n{_SECTIONS.replace('{styles}', styles)}{kinds}\n"


def _kind_part(kind: DocumentKind) -> Iterator[str]:
    try:
        _, content = template_bytes(kind.kind, None)
    except TemplateError:
        return
    tags = template_tags(content)
    yield f"### {kind.title_ru}\n\n`{kind.kind}.docx` — {PROFILES_RU[kind.profile]}. {kind.description_ru}\n"
    if tags.sections:
        yield "| Раздел документа | Метка |\n|---|---|"
        yield "\n".join(f"| {heading or '—'} | `{tag}` |" for tag, heading in tags.sections)
    if tags.others:
        yield ("\n" if tags.sections else "") + "Другие метки: " + ", ".join(tags.others) + "."
    yield ""


def template_tags(content: bytes) -> TemplateTags:
    """Return the tags that a template places, without those that all kinds share."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        root = etree.fromstring(archive.read("word/document.xml"), etree.XMLParser(resolve_entities=False))
    loops: dict[str, str] = {}
    heading = ""
    met: dict[str, str] = {}
    items: dict[str, list[str]] = {}
    for paragraph in root.iter(f"{_W}p"):
        text = "".join(part.text or "" for part in paragraph.iter(f"{_W}t"))
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        if style is not None and str(style.get(f"{_W}val")).startswith(("Heading", "OkoAppendix")):
            heading = text.replace("|", "/")
        for name in _names(text, loops):
            first, _, rest = name.partition(".")
            if first not in loops:
                # The condition of a section stands before its heading, its parts after it.
                met.setdefault(name, heading)
            elif rest and rest not in items.setdefault(loops[first], []):
                items[loops[first]].append(rest)
    sections = [name for name in met if any(f"{name}.{part}" in met for part in _PARTS)]
    shared = {tag for tag, _ in _COMMON}
    hidden = {*sections, *(f"{name}.{part}" for name in sections for part in _PARTS)}
    others = [name for name in met if name not in hidden and not {name, name.partition(".")[0]} & shared]
    own = [name for name in sections if name.partition(".")[0] not in shared]
    return TemplateTags(
        tuple((name, met[f"{name}.{_first(name, met)}"]) for name in own),
        tuple(_with_items(name, items.get(name, ())) for name in others),
    )


def _with_items(name: str, items: Sequence[str]) -> str:
    inside = ", ".join(f"`{item}`" for item in items)
    return f"`{name}` (у каждого: {inside})" if items else f"`{name}`"


def _first(name: str, met: dict[str, str]) -> str:
    return next(part for part in _PARTS if f"{name}.{part}" in met)


def _names(text: str, loops: dict[str, str]) -> Iterator[str]:
    """Yield the paths that the tags of a paragraph name; `loops` learns the variables of loops and their lists."""
    for match in _TAG.finditer(text):
        found = [match["value"]] if match["value"] else _of_statement(match["statement"].strip(), loops)
        yield from (name for name in found if name and name.partition(".")[0] not in _WORDS)


def _of_statement(statement: str, loops: dict[str, str]) -> list[str]:
    loop = _FOR.match(statement)
    if loop is not None:
        loops[loop[1]] = loop[2]
        return [loop[2]]
    condition = _IF.match(statement)
    return [] if condition is None else _NAME.findall(condition[1])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(tags_page(), encoding="utf-8")
