"""The page of documents, generated from the catalogue: what is issued, for whom, from which tables, when, why."""

from collections.abc import Iterator
from typing import Final

from oko_pipeline.catalogue.documents import PROFILES_RU, DocumentKind, document_kinds

FAMILIES_RU: Final = {
    1: "Справки по ВПР",
    2: "Комплексный анализ процедур",
    3: "Паспорт школы",
    4: "Объективность",
    5: "Школы с низкими результатами и в трудных условиях",
    6: "ГИА",
    7: "Справки направлений",
    8: "Ожидаемые результаты и дорожная карта",
    9: "Самооценка",
    10: "Дорожная карта следующего цикла",
    11: "Проекты решений, положений, реестры",
    12: "Обзор эффективности мер",
    13: "Одна страница: руководителю и родителям",
    14: "Открытые документы",
    15: "Качество данных",
}
_LEVELS_RU: Final = {"all": "все ОО", "municipality": "муниципалитет", "school": "ОО"}
_HEADER: Final = (
    "# Виды документов",
    "",
    "Страница создана программой из каталога документов (`make docs`); править её руками не нужно.",
    "",
    "Каждый документ — шаблон Word с тем же именем в `report_templates/`; свой шаблон с этим именем в папке",
    "`OKO_TEMPLATES` заменяет наш. Рядом с документом стоит книга Excel с его таблицами и источниками чисел.",
    "Документ без данных не выпускается; неизменившийся не переписывается; у изменившегося растёт номер выпуска и",
    "появляется список изменений. Если нужны не все виды, назовите нужные в настройке `OKO_DOCUMENTS`.",
    "",
    "Как менять шаблоны — `report_templates/TAGS.md`; как читать — [документы](read_documents.md).",
    "",
)


def documents_page() -> str:
    """Return the page of all kinds of documents as Markdown."""
    kinds = list(document_kinds().values())
    lines = [*_HEADER]
    for family, title in FAMILIES_RU.items():
        own = [kind for kind in kinds if kind.family == family]
        if own:
            lines += [f"## {family}. {title}", "", *_family(own)]
    return "\n".join(lines)


def _family(kinds: list[DocumentKind]) -> Iterator[str]:
    for kind in kinds:
        access = "; закрытое хранилище: коды участников" if kind.is_restricted else ""
        yield f"**{kind.title_ru}** (`{kind.kind}`). {' '.join(kind.description_ru.split())}"
        yield ""
        yield f"- Единица: {_LEVELS_RU[kind.unit_level]}; {PROFILES_RU[kind.profile]}{access}."
        if kind.due_ru:
            yield f"- Когда: {kind.due_ru[0].lower()}{kind.due_ru[1:]}."
        tables = ", ".join(f"`{one}`" for one in kind.tables)
        yield f"- Выпускает `{kind.asset}` в папку «{kind.folder_ru}» из таблиц {tables}."
        if kind.duties:
            yield f"- Обязанности программ: {', '.join(f'`{one}`' for one in kind.duties)}."
        yield ""
