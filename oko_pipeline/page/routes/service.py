"""The page about itself: is it alive, its looks, its first address, its audit log."""

from functools import cache
from importlib.resources import files
from typing import Final

from starlette.responses import PlainTextResponse, Response

from oko_pipeline.page.access import SIGNED_IN, TERRITORY
from oko_pipeline.page.accounts import ROLES_RU
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.views import away, not_found, show

_STATIC: Final = {"page.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
_SHOWN: Final = 300
ACTIONS_RU: Final = {
    "sign_in": "вход",
    "oidc_depart": "вход через поставщика",
    "oidc_arrive": "вход через поставщика",
    "sign_out": "выход",
    "account": "своя учётная запись",
    "password": "смена пароля",
    "documents": "список документов",
    "archive": "скачал набор",
    "document": "документ",
    "download": "скачал документ",
    "pack": "скачал числа документа",
    "issue_file": "скачал прежний выпуск",
    "differences": "отличия выпусков",
    "changed": "что изменилось",
    "outdated": "у кого прежние выпуски",
    "tell": "известил о новых выпусках",
    "accept": "принял документ",
    "document_at": "переход из Dagster",
    "schools": "список ОО",
    "school": "данные ОО",
    "marks": "отметки ОО",
    "checks": "проверки",
    "recommendations": "список рекомендаций",
    "recommendation": "рекомендация",
    "answer": "ответ на рекомендацию",
    "uploads": "отправка файлов",
    "upload": "отправил файлы",
    "sent_file": "итог проверки файла",
    "annotated": "скачал файл с замечаниями",
    "audit": "журнал",
}


def health(desk: Desk, asked: Asked) -> Response:  # noqa: ARG001
    """Tell that the page is alive."""
    return PlainTextResponse("ok")


def static(desk: Desk, asked: Asked) -> Response:  # noqa: ARG001
    """Return one of the files that make the page's looks; raises `PageError` for any other name."""
    name = asked.id("name")
    if name not in _STATIC:
        raise not_found()
    return Response(_content(name), media_type=_STATIC[name], headers={"cache-control": "public, max-age=3600"})


def home(desk: Desk, asked: Asked) -> Response:
    """Lead to the documents, or to the sign-in."""
    is_known = asked.viewer.role in SIGNED_IN or asked.viewer.account is not None
    return away("/documents" if is_known or desk.settings.page_is_public else "/sign-in")


def allowed(desk: Desk, asked: Asked) -> Response:  # noqa: ARG001
    """Tell a proxy whether the viewer may see Dagster's interface: 204, 401 before the sign-in, 403 for other roles."""
    if asked.viewer.account is None:
        return Response(status_code=401)
    return Response(status_code=204 if asked.viewer.role in TERRITORY else 403)


def audit(desk: Desk, asked: Asked) -> Response:
    """Show the last lines of the audit log."""
    logins = {account.account_id: account.login for account in desk.accounts.all()}
    lines = desk.audit.last(_SHOWN)
    return show(desk, asked, "audit", lines=lines, logins=logins, actions=ACTIONS_RU, roles=ROLES_RU)


@cache
def _content(name: str) -> bytes:
    return files("oko_pipeline.page").joinpath("static", name).read_bytes()
