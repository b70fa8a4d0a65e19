"""Pages and sections of the documentation that are made of the code: `python -m oko_pipeline.orchestration.docs_pages`.

Written by hand are the texts around the markers; what the code itself knows (rules, suites, layouts, campaigns, assets,
settings, tables) is never copied by hand. A test compares the committed files with what is made here.
"""

import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import dagster as dg

from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.rules import rules
from oko_pipeline.collection.registry_of_layouts import LAYOUTS
from oko_pipeline.errors import CatalogueError
from oko_pipeline.orchestration.build import build_defs
from oko_pipeline.orchestration.documents_page import documents_page
from oko_pipeline.orchestration.methods_page import methods_page
from oko_pipeline.orchestration.schedules_page import calendar_table
from oko_pipeline.orchestration.sources_page import sources_page
from oko_pipeline.settings import Settings
from oko_pipeline.storage.dictionary import dictionary_page
from oko_pipeline.validation.suites import ExpectationSpec, suites

_SEVERITIES_RU: Final = {"error": "ошибка", "warning": "предупреждение", "note": "к сведению"}
_RULE_FAMILIES_RU: Final = {
    "file": "Файл целиком",
    "reader": "Файл целиком",
    "cell": "Ячейки",
    "row": "Строки",
    "aggregate": "Сводные выгрузки",
    "scale": "Шкалы",
    "description": "Описания работ",
    "task": "Задания",
    "context": "Анкеты ОО",
    "registry": "Реестр ОО",
    "school": "Реестр ОО",
    "form": "Формы, которые выписывает программа",
    "export": "Выгрузки реестров",
    "record": "Ячейки и строки реестров",
    "link": "Соответствия ОО",
    "survey": "Анкетирование",
    "protocol": "Протоколы диагностических работ",
    "records": "Реестры и бланки",
    "exam": "Экзамены ГИА",
    "harm": "Без вреда: рейтинги, поощрения, показатели учителей",
    "appeal": "Апелляции ГИА",
    "examtable": "Таблицы ЕГЭ по ОО",
    "examscale": "Шкалы ГИА",
    "ris": "Таблицы РИС",
    "admission": "Сочинение и собеседование",
    "work": "Работы участников",
    "year": "Учебный год целиком",
    "privacy": "Персональные данные",
    "cycle": "Цикл управления: ссылки и ответы",
}
_STAGES_RU: Final = {
    "collection": "сбор",
    "validation": "проверка",
    "analysis": "анализ",
    "recommendations": "рекомендации",
    "effectiveness": "эффективность",
    "reporting": "документы",
}
# A default that depends on the machine is told in words of the documentation.
_DEFAULTS: Final = {"pseudonym_key_file": "~/.config/oko/pseudonym.key"}
_TITLE_OR_PATH: Final = "год, предмет, класс — из заголовка листа, иначе из пути"
_LAYOUT_GUIDE: Final[dict[str, tuple[str, str, str]]] = {
    "record_form": (
        "скрытый служебный лист `_oko`; имя файла и листов значения не имеют",
        "форма, версия, ОО, учебный год — из служебного листа",
        "строки реестров, которые ведут люди; форма без ответов — пустой файл, не ошибка",
    ),
    "record_export": (
        "заголовки одного из реестров каталога, в одну или две строки; реестров в книге может быть несколько",
        "ОО — из столбца логина, кода или названия, иначе из пути; год — из столбца, заголовка, иначе из пути",
        "строки реестров; итоги сверяются и не хранятся, о людях остаётся только псевдоним",
    ),
    "raw_2020": (
        "заголовок `user … code … sum … var-1 … a-1-grade`",
        "предмет и класс работы — из пути",
        "работы участников осени 2020 года",
    ),
    "raw_2021": (
        "заголовок «логин школы … код обучающегося … всего баллов … балл за 1»",
        "предмет и класс — из пути; год — из пути, без него 2021",
        "работы участников",
    ),
    "raw_2022": (
        "заголовок «Пользователь … Дата загрузки … Код … 1 (1б) … Итого баллов»",
        "предмет и класс — из пути; кампания — по дате загрузки, иначе из пути",
        "работы участников, дата загрузки ОО",
    ),
    "individual_results": (
        "заголовок «ОО … Код участника … Первичный балл … Отметка»",
        _TITLE_OR_PATH,
        "работы участников с отметкой ВПР",
    ),
    "blank_form": (
        "заголовок «Код участника … Вариант … Порядковый номер класса … Итого баллов»",
        "логин ОО, год, предмет и класс — из пути",
        "работы участников одной ОО; незаполненная форма — пустой файл, не ошибка",
    ),
    "statistics_by_marks": (
        "заголовок «Группы участников … Кол-во участников … 2 … 3 … 4 … 5»",
        _TITLE_OR_PATH,
        "ориентиры: доли отметок; число участников восстановлено по процентам",
    ),
    "journal_comparison": (
        "«Группы участников» и «Понизили», «Подтвердили», «Повысили» — столбцами или строками",
        _TITLE_OR_PATH,
        "ориентиры: соответствие отметок журналу",
    ),
    "score_distribution": (
        "«Группы участников» и столбцы баллов 0, 1, 2 … подряд; либо список с логинами ОО",
        _TITLE_OR_PATH,
        "ориентиры: распределение первичных баллов",
    ),
    "task_completion": (
        "«Группы участников» и столбцы с номерами заданий (1, 2, 3.1 …)",
        _TITLE_OR_PATH,
        "ориентиры: выполнение заданий, в том числе группами участников",
    ),
    "planned_results": (
        "заголовок «Блоки ПООП … Макс балл …», единицы наблюдения столбцами",
        _TITLE_OR_PATH,
        "ориентиры: достижение планируемых результатов",
    ),
    "task_descriptions": (
        "описание: «№ по КИМ … Макс. балл … Код КЭС»; кодификатор: «Код» и текст",
        "предмет и класс — из пути; служит всем годам",
        "максимумы, уровни, умения, коды КЭС и КТ заданий",
    ),
    "gia_protocol": (
        "столбцы «Код ОО», участника, «Первичный балл» и балла, оценки или маски; также с английскими названиями",
        "строка «04 - Химия 2026.06.01» над таблицей, иначе имя файла «04_2026.06.01»; название важнее кода",
        "результаты ЕГЭ, ОГЭ, ГВЭ: баллы заданий, частей, первичный, тестовый, отметка; имена становятся псевдонимами",
    ),
    "gia_appeals": (
        "столбцы «Код ОО», «Состояние апелляции» и текущих баллов (шапка в одну или две строки)",
        "строка экзамена над таблицей или ячейка «Математика(2026.06.02)»",
        "апелляции и перепроверки: удовлетворённые заменяют результат",
    ),
    "gia_school_table": (
        "«Муниципальное образование», «Образовательная организация» и не меньше трёх предметов ЕГЭ",
        "год — из заголовка листа; в книге может быть несколько лет",
        "участники, ниже порога, 80–99, 100 баллов и средние по ОО; итоги, которые не сходятся",
    ),
    "essay_protocol": (
        "заголовок «сочинение» или «изложение», столбцы ОО, участника, критериев и результата",
        "дата — из заголовка, иначе из пути",
        "зачёт или незачёт по критериям",
    ),
    "interview_protocol": (
        "заголовок «собеседование», столбцы ОО, участника, критериев, балла и результата",
        "дата — из заголовка, иначе из пути",
        "балл 0–20 и зачёт",
    ),
    "gia_scales": (
        "заголовок ОГЭ, ЕГЭ или ГВЭ и «Первичный балл» с предметами столбцами или «Предмет … 3 … 4 … 5»",
        "год — из заголовка или пути",
        "шкалы экзаменов года",
    ),
    "ris_tables": (
        "столбцы `HumanTestID`, `PrimaryMark`, `ParticipantFK`, `SchoolCode`, `ScaleMark`",
        "даты экзаменов и коды предметов — из таблиц",
        "результаты экзаменов; таблицы по отдельности соединяются при сборке года",
    ),
    "context_questionnaire": (
        "не меньше четырёх известных вопросов анкеты и логин ОО",
        "год — из заголовка, даты загрузки или пути",
        "названия, муниципалитеты, коды ОГЭ и ЕГЭ, условия работы ОО; люди и контакты отбрасываются",
    ),
    "school_registry": (
        "столбцы логина, названия и муниципалитета и никаких результатов",
        "год — из пути",
        "реестр ОО",
    ),
    "scale_table": (
        "столбцы класса и предмета и границы отметок (или печатные диапазоны)",
        "год — из столбца, заголовка или пути",
        "шкалы перевода баллов в отметки",
    ),
    "benchmark_table": (
        "столбцы уровня, кампании (года), класса, предмета, числа участников и долей",
        "всё — из столбцов",
        "ориентиры региона и страны",
    ),
    "school_links": (
        "заголовок «Ключ в файле … Код ОО … Вид изменения … Подтвердил (должность) … Дата подтверждения»",
        "служит всем годам; сроки — в столбцах «Действует с», «Действует по»",
        "подтверждённые соответствия ОО: переименования, слияния, присоединения, иные написания",
    ),
    "survey_answers": (
        "вопросы анкеты из каталога; «Отметка времени» или «ID», «Время создания»",
        "год — по времени ответов, строке «Учебный год» или пути",
        "ответы на анкеты без свободного текста и контактов",
    ),
    "diagnostic_protocol": (
        "шапка «Процедура … Предмет … Дата проведения», ниже «Код участника … 1 (1б) … Итого баллов»",
        "из шапки; период — по дате проведения",
        "работы диагностики (региональной, муниципальной, школьной) или пробного экзамена и их шкала",
    ),
}


def pages(root: Path) -> dict[Path, str]:
    """Return the content of every file with generated parts, by path.

    Args:
        root: the checkout, whose hand-written texts around the markers are kept.

    Raises:
        CatalogueError: for a page that lacks a marker, or a layout without its line in the guide.
    """
    sections: dict[str, dict[str, Callable[[], str]]] = {
        "docs/prepare_files.md": {"campaigns": _campaigns},
        "docs/layouts.md": {"layouts": _layouts},
        "docs/quality.md": {"rules": _rules, "suites": _suites},
        "docs/schedules.md": {"calendar": calendar_table},
        "docs/rerun.md": {"assets": _assets, "checks": _checks, "automation": _automation},
    }
    made = {
        root / ".env.example": settings_example(),
        root / "docs" / "data_dictionary.md": dictionary_page(),
        root / "docs" / "method_catalogue.md": methods_page(),
        root / "docs" / "sources.md": sources_page(),
        root / "docs" / "documents.md": documents_page(),
    }
    for name, makers in sections.items():
        text = (root / name).read_text("utf-8")
        for section, make in makers.items():
            text = _replaced(text, section, make(), name)
        made[root / name] = text
    return made


def settings_example() -> str:
    """Return `.env.example`: every setting with its description and default, commented out."""
    lines = [
        "# Настройки oko_pipeline. Без этого файла действуют значения по умолчанию — они и показаны ниже.",
        "# Чтобы изменить настройку: скопируйте файл в .env рядом с ним и уберите «# » перед нужной строкой.",
        "# Файл создан программой (make docs); в репозиторий .env не кладут.",
    ]
    for name, item in Settings.model_fields.items():
        default = _DEFAULTS.get(name) or _default_text(item.get_default(call_default_factory=True))
        lines += ["", f"# {item.description}", f"# OKO_{name.upper()}={default}"]
    return "\n".join(lines) + "\n"


def _default_text(value: Any) -> str:
    if value is None:
        return ""
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def _replaced(text: str, section: str, content: str, page: str) -> str:
    start, end = f"<!-- создано: {section} -->", f"<!-- конец: {section} -->"
    before, found, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise CatalogueError(f"В странице {page} нет пары меток «{start}» и «{end}».")
    return f"{before}{start}\n\n{content}\n\n{end}{after}"


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def _campaigns() -> str:
    return _table(
        ("Учебный год", "Кампания", "Код", "Даты"),
        (
            (c.school_year, c.title_ru, f"`{c.campaign_code}`", f"{c.starts_on:%d.%m.%Y} – {c.ends_on:%d.%m.%Y}")
            for c in campaigns().values()
        ),
    )


def _layouts() -> str:
    unknown = {layout.code for layout in LAYOUTS} - set(_LAYOUT_GUIDE)
    if unknown:
        raise CatalogueError(f"В справочнике форм нет строк о формах {sorted(unknown)}.")
    return _table(
        ("Форма", "Код", "По чему узнаётся", "Откуда год, предмет, класс", "Что из неё берётся"),
        ((layout.title_ru, f"`{layout.code}`", *_LAYOUT_GUIDE[layout.code]) for layout in LAYOUTS),
    )


def _rules() -> str:
    families: dict[str, list[Sequence[object]]] = {}
    for rule in rules().values():
        family = rule.rule_id.partition(".")[0]
        if family not in _RULE_FAMILIES_RU:
            raise CatalogueError(f"Семейство правил «{family}» не названо по-русски.")
        line = (rule.title_ru, _SEVERITIES_RU[rule.severity], rule.mend_ru, f"`{rule.rule_id}`")
        families.setdefault(_RULE_FAMILIES_RU[family], []).append(line)
    return "\n\n".join(
        f"### {title}\n\n{_table(('Что не так', 'Тяжесть', 'Как исправить', 'Правило'), lines)}"
        for title, lines in families.items()
    )


def _suites() -> str:
    header = ("Что ожидается", "Останавливает год", "Ожидание")
    parts = [
        f"### {suite.title_ru}\n\n"
        + _table(
            header,
            ((spec.title_ru, _blocking_ru(spec), f"`{suite.table}.{spec.name}`") for spec in suite.expectations),
        )
        for suite in suites().values()
    ]
    return "\n\n".join(parts)


def _blocking_ru(spec: ExpectationSpec) -> str:
    if not spec.blocking:
        return "нет"
    return "да" if spec.allowed_share_option is None else f"да, если больше `OKO_{spec.allowed_share_option.upper()}`"


def _assets() -> str:
    specs = build_defs().resolve_all_asset_specs()
    stages = list(_STAGES_RU)
    ordered = sorted(specs, key=lambda spec: (stages.index(spec.group_name or ""), spec.key.to_user_string()))
    return _table(
        ("Этап", "Ассет", "Что это", "Из чего"),
        (
            (
                _STAGES_RU[spec.group_name or ""],
                f"`{spec.key.to_user_string()}`",
                spec.description,
                ", ".join(f"`{name}`" for name in sorted(dep.asset_key.to_user_string() for dep in spec.deps)) or "—",
            )
            for spec in ordered
        ),
    )


def _checks() -> str:
    found = [
        spec
        for item in build_defs().asset_checks or ()
        if isinstance(item, dg.AssetsDefinition)
        for spec in item.check_specs
    ]
    return _table(
        ("Ассет", "Проверка", "О чём", "Останавливает год"),
        (
            (
                f"`{spec.asset_key.to_user_string()}`",
                f"`{spec.name}`",
                spec.description,
                "при ошибке" if spec.blocking else "нет",
            )
            for spec in sorted(found, key=lambda spec: (spec.asset_key.to_user_string(), spec.name))
        ),
    )


def _automation() -> str:
    defs = build_defs()
    lines: list[Sequence[object]] = [
        ("задание", f"`{job.name}`", job.description) for job in defs.jobs or () if hasattr(job, "description")
    ]
    lines += [("датчик", f"`{sensor.name}`", sensor.description) for sensor in defs.sensors or ()]
    for schedule in defs.schedules or ():
        resolved = defs.resolve_schedule_def(schedule.name)
        lines.append(("расписание", f"`{schedule.name}`", resolved.description))
    return _table(("Вид", "Имя", "Что делает"), lines)


def main(root: Path) -> list[Path]:
    """Write every generated file whose content changed; return those."""
    changed: list[Path] = []
    for path, text in pages(root).items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    # Partitioned asset checks are a preview API (docs/decisions.md); nobody who makes pages need be told.
    warnings.simplefilter("ignore", dg.PreviewWarning)
    for changed_path in main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")):
        sys.stdout.write(f"{changed_path}\n")
