"""The table into which paper questionnaires are typed; the same reader reads it as exports of form services."""

from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from oko_pipeline.catalogue.questionnaires import Question, Questionnaire
from oko_pipeline.collection.layouts.survey_answers import NUMBER_LABEL, YEAR_LABEL
from oko_pipeline.collection.plain_books import PLAIN_TEXTS

FORM_ROWS: Final = 500
_HEADER_ROW: Final = 3
_LIST_SHEET: Final = "Списки"


def write_survey_form(
    path: Path, questionnaire: Questionnaire, school_year: str, schools: tuple[str, ...] = (), rows: int = FORM_ROWS
) -> None:
    """Write the table of a questionnaire: a row a paper questionnaire, a column a question, lists of answers to choose.

    Args:
        path: the .xlsx to write.
        questionnaire: questions of the catalogue; free text and contacts get no column.
        school_year: the year, which the table itself tells.
        schools: logins and names to choose from, such as «edu990404 МБОУ СОШ № 4»; any text without them.
        rows: how many rows get lists and limits.
    """
    with xlsxwriter.Workbook(str(path), PLAIN_TEXTS) as workbook:
        locked = workbook.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#DDE6F0", "border": 1}
        )
        bold = workbook.add_format({"bold": True})
        open_cell = workbook.add_format({"locked": False, "text_wrap": True})
        wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        guide = workbook.add_worksheet("Инструкция")
        guide.set_column(0, 0, 110, wrapped)
        for row, line in enumerate(_guide(questionnaire)):
            guide.write(row, 0, line, bold if row == 0 else wrapped)
        sheet = workbook.add_worksheet("Анкеты")
        lists = workbook.add_worksheet(_LIST_SHEET)
        sheet.write(0, 0, questionnaire.title_ru, bold)
        sheet.write(1, 0, YEAR_LABEL, bold)
        sheet.write(1, 1, school_year)
        sheet.write(1, 2, f"Версия анкеты {questionnaire.version}")
        asked = [question for question in questionnaire.questions if question.kind not in {"text", "contact"}]
        sheet.set_row(_HEADER_ROW, 90)
        sheet.set_column(0, 0, 12, open_cell)
        sheet.set_column(1, len(asked), 26, open_cell)
        sheet.write(_HEADER_ROW, 0, NUMBER_LABEL, locked)
        used = 0
        for column, question in enumerate(asked, 1):
            sheet.write(_HEADER_ROW, column, f"{column}. {question.text}", locked)
            options = list(schools) if question.kind == "school" else _options(questionnaire, question)
            area = (_HEADER_ROW + 1, column, _HEADER_ROW + rows, column)
            if options:
                for place, option in enumerate(options):
                    lists.write(place, used, option)
                rule = _list_rule(
                    used, len(options), is_open=question.kind in {"multiple", "school"} or question.has_other
                )
                sheet.data_validation(*area, rule)
                used += 1
            elif question.kind == "number":
                sheet.data_validation(*area, _number_rule(question))
        lists.hide()
        sheet.freeze_panes(_HEADER_ROW + 1, 1)
        sheet.protect("", {"format_columns": True, "format_rows": True, "sort": True, "autofilter": True})
        sheet.activate()


def _guide(questionnaire: Questionnaire) -> list[str]:
    return [
        questionnaire.title_ru,
        questionnaire.about_ru,
        *questionnaire.instruction_ru,
        "Одна строка листа «Анкеты» — одна бумажная анкета. Столбец «№ анкеты» — номер, поставленный на бумаге.",
        "Ответ выберите из списка; вместо текста можно вписать номер ответа на шкале (1–5).",
        "Несколько ответов перечислите через точку с запятой. Ответ «Другое» впишите словом «Другое» без пояснений.",
        "Свободный текст, фамилии, телефоны и адреса в таблицу не вносятся.",
        "Заполненный файл положите во входящую папку без изменения заголовков.",
    ]


def _options(questionnaire: Questionnaire, question: Question) -> list[str]:
    if question.answers is None:
        return []
    options = [answer.text for answer in questionnaire.answer_set(question).answers]
    return [*options, "Другое"] if question.has_other else options


def _list_rule(column: int, count: int, *, is_open: bool) -> dict[str, object]:
    letter = xl_col_to_name(column, col_abs=True)
    return {
        "validate": "list",
        "source": f"={_LIST_SHEET}!{letter}$1:{letter}${count}",
        # A number on the scale or several choices are read as well: the list helps, the reader judges.
        "error_type": "information" if is_open else "warning",
        "error_title": "Ответ не из списка",
        "error_message": "Выберите ответ из списка или впишите его номер на шкале.",
    }


def _number_rule(question: Question) -> dict[str, object]:
    return {
        "validate": "decimal",
        "criteria": "between",
        "minimum": -1e9 if question.minimum is None else question.minimum,
        "maximum": 1e9 if question.maximum is None else question.maximum,
        "error_message": "Число вне границ вопроса.",
    }
