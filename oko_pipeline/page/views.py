"""How pages are drawn: templates, filters of Russian typography, refusals that a person can read."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache, partial
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.records import choice_lists
from oko_pipeline.catalogue.wording import DASH, counted, decimal
from oko_pipeline.errors import OkoError
from oko_pipeline.page.access import ADVISED, ANALYSTS, ENGINEERS, KEEPERS, SIGNED_IN, TERRITORY
from oko_pipeline.page.accounts import ROLES_RU
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.downloads import Download

_SEVERITIES: Final = {"error": "ошибка", "warning": "предупреждение", "note": "к сведению"}
_STATES: Final = {"draft": "черновик", "accepted": "принят", "superseded": "изменён после принятия"}
_OF_A_FILE: Final = "annotated_workbook"
_PART_OF_SHA: Final = re.compile(r" \([0-9a-f]{8}\)$")
_MENU: Final = (
    ("/documents", "Документы", frozenset(ROLES_RU)),
    ("/schools", "ОО", SIGNED_IN),
    ("/recommendations", "Рекомендации", ADVISED),
    ("/uploads", "Отправить файлы", SIGNED_IN),
    ("/outdated", "Прежние выпуски", KEEPERS),
    ("/checks", "Проверки", TERRITORY),
    ("/audit", "Журнал", ENGINEERS),
)


class PageError(OkoError):
    """A request that is answered by a page which says what is wrong."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def not_found() -> PageError:
    """Return the refusal of what is not there or not for this viewer: the two are not told apart."""
    return PageError(404, "Такой страницы нет, или она не для вашей учётной записи.")


def show(desk: Desk, asked: Asked, template: str, status: int = 200, **context: Any) -> Response:
    """Return a page drawn from a template."""
    viewer = asked.viewer
    context |= {
        "viewer": viewer,
        "role_ru": ROLES_RU[viewer.role],
        "menu": [(path, title) for path, title, roles in _MENU if viewer.role in roles],
        "here": asked.request.url.path,
        "is_analyst": viewer.role in ANALYSTS,
        "is_territory": viewer.role in TERRITORY,
        "dagster_url": _dagster(desk) if viewer.role in TERRITORY else None,
        "has_oidc": desk.oidc is not None,
        "time_zone": desk.settings.time_zone,
    }
    return HTMLResponse(_templates(desk.settings.time_zone).get_template(f"{template}.html").render(context), status)


def draw(desk: Desk, template: str, **context: Any) -> Markup:
    """Return a part of a page, which is the same for all who may see it."""
    return Markup(_templates(desk.settings.time_zone).get_template(f"{template}.html").render(context))  # noqa: S704 (drawn with escaping)


def send(download: Download) -> Response:
    """Return a file that is saved, never shown: its name stands in both forms of the header."""
    plain = download.name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    names = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(download.name, safe='')}"
    return Response(download.content, media_type=download.media_type, headers={"content-disposition": names})


def away(path: str) -> Response:
    """Return the redirect after a form."""
    return RedirectResponse(path, 303)


def address(*parts: str, **query: str) -> str:
    """Return an address of the page; ids are quoted whole."""
    path = "/" + "/".join(map(_quoted, parts))
    if not query:
        return path
    told = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{told}" if told else path


def _dagster(desk: Desk) -> str | None:
    url = desk.settings.page_dagster_url
    return None if url is None or not url.startswith(("http://", "https://")) else url.rstrip("/")


def _moment(zone: ZoneInfo, value: str | None) -> str:
    """Return a time of a table by the territory's clock: «22.11.2026, 12:38»; a date: «22.11.2026»; or a dash."""
    if not value:
        return DASH
    if len(value) <= 10:
        return ".".join(reversed(value.split("-")))
    return datetime.fromisoformat(value).astimezone(zone).strftime("%d.%m.%Y, %H:%M")


def _day(zone: ZoneInfo, value: str | None) -> str:
    return _moment(zone, value).partition(",")[0]


def _number_sign(text: str) -> str:
    """Return a text whose numbers stay beside their sign: «СОШ № 1»."""
    return text.replace("№ ", "№\u00a0")


def about(row: Mapping[Any, Any]) -> str:
    """Return what tells documents of one kind and unit apart: the campaign, the subject matter, or the file's name."""
    if row["kind"] == _OF_A_FILE:
        return _PART_OF_SHA.sub("", PurePosixPath(row["path"]).stem)
    campaign = "" if row["campaign_code"] is None else campaigns()[row["campaign_code"]].title_ru
    topic = "" if row["topic"] is None else choice_lists()["directions"].get(row["topic"], row["topic"])
    return ", ".join(part for part in (campaign, topic) if part)


def column_ru(table_name: str, column_name: str | None) -> str:
    """Return what a number of a table is: the description of its column, or the table's title."""
    table = all_tables().get(table_name)
    if table is None:
        return table_name
    known = {column.name: column.description_ru for column in table.columns}
    return known.get(column_name or "", table.title_ru)


@lru_cache(16_384)
def _quoted(part: str) -> str:
    return quote(part, safe=":")


def _total(count: int, *forms: str) -> str:
    return counted(count, (forms[0], forms[1], forms[2]))


@cache
def _templates(time_zone: str) -> Environment:
    zone = ZoneInfo(time_zone)
    environment = Environment(
        loader=PackageLoader("oko_pipeline.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": partial(_moment, zone),
        "day": partial(_day, zone),
        "number_sign": _number_sign,
        "total": _total,
        "percent": lambda share: decimal(float(share) * 100, 0),
        "state": lambda code: _STATES.get(code, code),
        "severity": lambda code: _SEVERITIES.get(code, code),
    }
    environment.globals |= {"address": address, "dash": DASH, "about": about, "column_ru": column_ru}
    return environment


def told(labels: Mapping[str, str], code: Any) -> str:
    """Return the label of a code; the code itself where there is none, a dash where it is empty."""
    return DASH if code is None else labels.get(str(code), str(code))
