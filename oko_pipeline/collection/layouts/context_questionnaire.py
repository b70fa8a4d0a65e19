"""«Сбор контекстных данных об ОО»: 2021 on one sheet, 2022 on two; answers by the catalogue of context variables.

Names of people, phones, e-mails and addresses are dropped here: only columns that the catalogue knows as impersonal
pass.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from oko_pipeline.catalogue.campaigns import find_campaign
from oko_pipeline.catalogue.context_variables import ContextVariable, find_context_variable
from oko_pipeline.catalogue.keys import school_code_from_login
from oko_pipeline.catalogue.tables import SCHOOL_CONTEXT, SCHOOL_MENTIONS
from oko_pipeline.collection.aggregates import cell_at, typed_rows
from oko_pipeline.collection.cell_findings import shown
from oko_pipeline.collection.headers import HeaderRow, cell_text, folded_text, header_rows, number
from oko_pipeline.collection.identity import path_hints, school_code_in
from oko_pipeline.collection.layout import Cell, Reading, Sheet, SourceContext, Workbook
from oko_pipeline.collection.municipalities import parse_municipality
from oko_pipeline.collection.titles import parse_date
from oko_pipeline.errors import UnreadableFileError
from oko_pipeline.quality import QualityFinding

LEAST_VARIABLES: Final = 4
IDENTITY: Final = {
    "login": r"пользователь|логин.*|код оо в фис око",
    "region": r"(код )?регион\S*|субъект.*",
    "municipality": r"муниципалитет|муниципальн\S+ (район|образовани|округ).*|мсу",
    "school": r"школа|оо|образовательная организация",
    "uploaded": r"дата загрузки",
    "short_name": r"(\d+\W+)?(сокращ[её]нное|краткое) наименование.*",
    "full_name": r"(\d+\W+)?(полное наименование|наименование|название)\W.*|наименование|название|название оо",
    "oge_code": r"(\d+\W+)?код огэ.*",
    "ege_code": r"(\d+\W+)?код егэ.*",
    "index": r"№|№ п/?п",
}
_OPTION: Final = re.compile(r"(?P<number>\d{1,2})\s*[).]\s*(?P<text>\D.*)", re.DOTALL)
_SCHOOL_YEAR: Final = re.compile(r"(20\d\d)\s*[/–-]\s*(20\d\d)")
_YES_NO: Final = {"да": 1.0, "нет": 0.0}


@dataclass(frozen=True, slots=True)
class _Form:
    """A sheet of the questionnaire: header and where identity and answers stand."""

    header: HeaderRow
    identity: dict[str, int]
    variables: list[tuple[int, ContextVariable]]
    unknown: list[int]


@dataclass(slots=True)
class _Answers:
    """What is gathered over all sheets, by login."""

    mentions: dict[str, dict[str, object]] = field(default_factory=dict)
    context: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    uploads: list[str] = field(default_factory=list)


def identity_columns(header: HeaderRow) -> dict[str, int]:
    """Return the columns of a header that say which school a row is about, by the names of `IDENTITY`."""
    texts = HeaderRow(header.sheet, header.row_index, tuple(text.replace("ё", "е") for text in header.texts))
    return {name: column for name, pattern in IDENTITY.items() if (column := texts.column(pattern)) is not None}


def _form(sheet: Sheet) -> _Form | None:
    for header in header_rows(sheet):
        identity = identity_columns(header)
        if "login" not in identity:
            continue
        variables: list[tuple[int, ContextVariable]] = []
        unknown: list[int] = []
        for column, text in enumerate(header.texts):
            if not text or column in identity.values() or any(re.fullmatch(p, text, re.I) for p in IDENTITY.values()):
                continue
            variable = find_context_variable(text)
            if variable is None:
                unknown.append(column)
            else:
                variables.append((column, variable))
        return _Form(header, identity, variables, unknown)
    return None


class ContextQuestionnaire:
    """Reads the questionnaire of schools into `school_context` and `school_mentions`."""

    code: str = "context_questionnaire"
    version: str = "1"
    title_ru: str = "Сбор контекстных данных об ОО"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet has logins and at least four questions of the catalogue."""
        forms = [form for sheet in workbook.sheets if (form := _form(sheet)) is not None]
        return any(len({v.code for _, v in form.variables}) >= LEAST_VARIABLES for form in forms)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read all sheets; answers of a login on several sheets belong together.

        Raises:
            UnreadableFileError: (file.year_unknown) when neither the questions, the upload dates nor the path tell the
                school year.
        """
        reading, answers = Reading(), _Answers()
        forms = [form for sheet in workbook.sheets if (form := _form(sheet)) is not None and form.variables]
        for form in forms:
            _FormReader(form, context, reading, answers).read()
        reading.school_year = _school_year(forms, answers, context)
        for mention in answers.mentions.values():
            mention["rows_count"] = answers.counts[str(mention["source_key"])]
        reading.tables = {
            SCHOOL_CONTEXT.name: typed_rows(SCHOOL_CONTEXT, list(answers.context.values())),
            SCHOOL_MENTIONS.name: typed_rows(SCHOOL_MENTIONS, list(answers.mentions.values())),
        }
        if answers.uploads:
            reading.submitted_at = f"{max(answers.uploads)}T00:00:00+00:00"
        reading.accepted_rows_count = reading.read_rows_count - reading.quarantined_rows_count
        return reading


def _school_year(forms: list[_Form], answers: _Answers, context: SourceContext) -> str:
    for form in forms:
        for text in form.header.texts:
            match = _SCHOOL_YEAR.search(text)
            if match is not None and int(match[2]) == int(match[1]) + 1:
                return f"{match[1]}-{match[2]}"
    if answers.uploads:
        year, month = (int(part) for part in max(answers.uploads).split("-")[:2])
        return f"{year}-{year + 1}" if month >= 8 else f"{year - 1}-{year}"
    year_of_path = path_hints(context.path).year
    if year_of_path is None:
        raise UnreadableFileError(
            "file.year_unknown", "Ни вопросы анкеты, ни даты загрузки, ни путь не называют учебный год."
        )
    campaign = find_campaign(year_of_path)
    return campaign.school_year if campaign else f"{year_of_path - 1}-{year_of_path}"


@dataclass(frozen=True, slots=True)
class _FormReader:
    """Reads the rows of one sheet into the answers; faults go to the reading."""

    form: _Form
    context: SourceContext
    reading: Reading
    answers: _Answers

    def finding(self, rule_id: str, message: str, row: int, column: int | None, **more: str | None) -> None:
        source, sheet = self.context, self.form.header.sheet.name
        self.reading.findings.append(
            QualityFinding(rule_id, message, source.path, source.file_sha256, sheet, row + 1, column, **more)
        )

    def read(self) -> None:
        header = self.form.header
        for column in self.form.unknown:
            self.finding(
                "context.unknown_question",
                f"Вопроса «{header.texts[column][:120]}» нет в каталоге анкеты: ответы не приняты.",
                header.row_index,
                column,
                became="не прочитано",
            )
        seen: dict[str, int] = {}
        for row, cells in enumerate(header.sheet.rows):
            if row > header.row_index and any(cell_text(value) for value in cells):
                self.reading.read_rows_count += 1
                self._read_row(row, cells, seen)

    def _read_row(self, row: int, cells: list[Cell], seen: dict[str, int]) -> None:
        mention = mention_of(cells, self.form.identity)
        if mention is None:
            self.reading.quarantined_rows_count += 1
            self.finding("context.login_unknown", "В строке нет ни логина, ни названия ОО: она отложена.", row, 0)
            return
        key, school_code = str(mention["source_key"]), mention["school_code"]
        answers = self.answers
        answers.counts[key] += 1
        answers.mentions[key] = _merged(answers.mentions.get(key), mention)
        uploaded = parse_date(cell_at(cells, self.form.identity.get("uploaded")))
        if uploaded is not None:
            answers.uploads.append(uploaded.isoformat())
        login_column = self.form.identity["login"]
        if not isinstance(school_code, str):
            self.reading.quarantined_rows_count += 1
            written = shown(cell_at(cells, login_column))
            message = f"«{written}» — не логин ОО: ответы отложены."
            self.finding(
                "context.login_unknown", message, row, login_column, value=written, expected="логин вида edu990404"
            )
            return
        if key in seen:
            message = f"ОО {key} ответила ещё раз (прежняя строка {seen[key] + 1}): приняты последние ответы."
            self.finding("context.repeated_school", message, row, login_column, value=key, school_code=school_code)
        seen[key] = row
        for column, variable in self.form.variables:
            if not variable.is_personal:
                self._read_answer((row, column), variable, cell_at(cells, column), (key, school_code))

    def _read_answer(
        self, place: tuple[int, int], variable: ContextVariable, value: Cell, school: tuple[str, str]
    ) -> None:
        (row, column), (key, school_code) = place, school
        answer = _answer(variable, value)
        if answer is not None:
            if variable.code == "location_type":
                self.answers.mentions[key]["settlement_type"] = answer[0]
            self.answers.context[school_code, variable.code] = {
                "source_row": row + 1,
                "school_code": school_code,
                "variable": variable.code,
                "value_text": answer[0],
                "value_number": answer[1],
            }
        elif cell_text(value):
            self.finding(
                "context.not_a_number",
                f"Ответ на вопрос «{variable.title_ru}» — не число.",
                row,
                column,
                expected="неотрицательное число",
                became="пусто",
                school_code=school_code,
            )


def mention_of(cells: list[Cell], identity: dict[str, int]) -> dict[str, object] | None:
    """Return the school that a row names as a row of `school_mentions`; None for a row without login and name."""
    text = {name: cell_text(cell_at(cells, column)) for name, column in identity.items()}
    school = text.get("school", "")
    login, _, labelled_name = school.partition("|") if "|" in school else ("", "", school)
    name = text.get("short_name") or text.get("full_name") or labelled_name.strip()
    named_login = (text.get("login") or login.strip()).lower()
    # A shifted row may hold anybody's name where the login should be: only a login or a school's name is kept.
    key = named_login if school_code_from_login(named_login) or not name else name
    if not key:
        return None
    key = key if name or school_code_from_login(key) else shown(key)
    municipality = parse_municipality(cell_at(cells, identity.get("municipality")))
    return {
        "source_key": key,
        "school_code": school_code_from_login(key) or school_code_in(school),
        "school_name": name or None,
        "municipality_source": municipality.source,
        "municipality_code": municipality.code,
        "municipality_name": municipality.name,
        "oge_code": text.get("oge_code") or None,
        "ege_code": text.get("ege_code") or None,
        "settlement_type": None,
        "rows_count": 1,
    }


def _merged(old: dict[str, object] | None, new: dict[str, object]) -> dict[str, object]:
    if old is None:
        return new
    # The sheets of one form complete each other: names and codes stand on the first sheet only.
    has_better_name = old["school_name"] is not None and new["oge_code"] is None
    return {
        name: old[name] if value is None or (name == "school_name" and has_better_name) else value
        for name, value in new.items()
    }


def _answer(variable: ContextVariable, value: Cell) -> tuple[str | None, float | None] | None:
    """Return the answer as text and number; None for a blank or, where a number is asked, for anything else."""
    text = cell_text(value)
    if not text:
        return None
    if variable.type == "number":
        amount = number(value)
        return None if amount is None or amount < 0 else (None, amount)
    option = _OPTION.fullmatch(text)
    if option is not None:
        return cell_text(option["text"]), float(option["number"])
    return text, _YES_NO.get(folded_text(text))
