"""Default templates of the documents of the management cycle."""

from collections.abc import Mapping
from typing import Final

from oko_pipeline.reporting.defaults.writer import Template, Writer


def _quality_letter(writer: Writer) -> None:
    writer.outgoing("Руководителю", "{{ unit_name }}")
    writer.add("{{ title }}", "Title")
    writer.add("Уважаемый руководитель!", "ОКО Титул")
    writer.section("summary", "", level=0)
    writer.add(
        "Просим исправить данные в тех же файлах и прислать их до {{ stamp.answer_by }} Если данные верны, ответьте "
        "письмом и поясните почему. Строки с ошибками не входят в расчёты, пока не исправлены; о предупреждениях "
        "решает тот, кто заполнял файл. Новая версия файла заменит прежнюю целиком.",
        "ОКО Текст",
    )
    writer.add("Что и где исправить, перечислено в приложении.", "ОКО Текст")
    writer.tag("if workbooks")
    writer.add("К письму приложены также книги: в них отмечены ячейки с замечаниями Вашей организации.", "ОКО Ввод")
    writer.section("workbooks", "", level=0)
    writer.tag("endif")
    writer.signature("Руководитель ____________________ / ____________________ /")
    writer.signature("Исполнитель ____________________, тел. ____________________")
    writer.provenance_note()
    writer.add("Приложение. Перечень замечаний", "ОКО Приложение")
    writer.section("findings", "", level=0)


_FOOTER: Final = "{{ title }}. {{ unit_name }}"
TEMPLATES: Final[Mapping[str, Template]] = {
    "quality_letter": Template(_quality_letter, _FOOTER),
}
