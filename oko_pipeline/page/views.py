"""How pages are drawn: templates, filters of Russian typography, refusals that a person can read."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from oko_pipeline.catalogue.wording import DASH, counted, decimal
from oko_pipeline.errors import OkoError
from oko_pipeline.page.access import ADVISED, ANALYSTS, ENGINEERS, KEEPERS, SIGNED_IN, TERRITORY
from oko_pipeline.page.accounts import ROLES_RU
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.downloads import Download

_SEVERITIES: Final = {"error": "ошибка", "warning": "предупреждение", "note": "к сведению"}
_STATES: Final = {"draft": "черновик", "accepted": "принят", "superseded": "изменён после принятия"}
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
    }
    return HTMLResponse(_templates().get_template(f"{template}.html").render(context), status)


def draw(template: str, **context: Any) -> Markup:
    """Return a part of a page, which is the same for all who may see it."""
    return Markup(_templates().get_template(f"{template}.html").render(context))  # noqa: S704 (drawn with escaping)


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


def _moment(value: str | None) -> str:
    """Return a time of a table: «22.11.2026, 12:38 UTC», or a date: «22.11.2026»; a dash where there is none."""
    if not value:
        return DASH
    day = ".".join(reversed(value[:10].split("-")))
    return f"{day}, {value[11:16]} UTC" if len(value) > 10 else day


@lru_cache(16_384)
def _quoted(part: str) -> str:
    return quote(part, safe=":")


def _total(count: int, *forms: str) -> str:
    return counted(count, (forms[0], forms[1], forms[2]))


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("oko_pipeline.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": _moment,
        "total": _total,
        "percent": lambda share: decimal(float(share) * 100, 0),
        "state": lambda code: _STATES.get(code, code),
        "severity": lambda code: _SEVERITIES.get(code, code),
    }
    environment.globals |= {"address": address, "dash": DASH}
    return environment


def told(labels: Mapping[str, str], code: Any) -> str:
    """Return the label of a code; the code itself where there is none, a dash where it is empty."""
    return DASH if code is None else labels.get(str(code), str(code))
