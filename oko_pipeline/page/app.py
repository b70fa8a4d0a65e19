"""The application: every address through one guard, which knows the viewer, the role, the form's token and the log."""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import quote, urlsplit

from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from oko_pipeline.errors import OkoError
from oko_pipeline.page.accounts import Role
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.downloads import NotThereError
from oko_pipeline.page.gate import Gate
from oko_pipeline.page.rules import RULES, Rule
from oko_pipeline.page.sessions import Viewer
from oko_pipeline.page.uploads import MOST_FILES
from oko_pipeline.page.views import PageError, not_found, show

_THREADS: Final = 12
_MOST_FIELDS: Final = 20
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_LOGGED: Final = ("year", "id", "number", "school", "issue")


def build_app(desk: Desk) -> Starlette:
    """Return the page as an ASGI application. An address without a rule does not exist."""

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        message = {404: str(not_found()), 405: "Так эту страницу не открывают."}.get(status, "Запрос не понят.")
        return await run_in_threadpool(_error_page, desk, request, PageError(status, message))

    routes = [Route(rule.path, _guarded(desk, rule), methods=[rule.method], name=rule.name) for rule in RULES]
    app = Starlette(
        routes=routes,
        lifespan=_with_few_threads,
        middleware=[Middleware(Gate, settings=desk.settings)],
        exception_handlers={HTTPException: refused},
    )
    app.router.redirect_slashes = False
    return app


@asynccontextmanager
async def _with_few_threads(_app: Starlette) -> AsyncIterator[None]:
    # Handlers compute more than they wait: more threads would only take turns at the interpreter.
    current_default_thread_limiter().total_tokens = _THREADS
    yield


def _guarded(desk: Desk, rule: Rule) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if rule.method == "GET":
            return await run_in_threadpool(_answered, desk, rule, Asked(request, Viewer()))
        try:
            if not rule.is_open:
                await run_in_threadpool(_check_known, desk, rule, request)
            asked = await _with_form(request)
        except PageError as error:
            return await run_in_threadpool(_error_page, desk, request, error)
        try:
            return await run_in_threadpool(_answered, desk, rule, asked)
        finally:
            for file in asked.files:
                await file.close()

    return answer


def _check_known(desk: Desk, rule: Rule, request: Request) -> None:
    """Refuse a form before its body is read when its sender may not send it."""
    if desk.sessions.viewer(request.cookies.get(desk.cookie)).role not in rule.roles:
        raise PageError(403, "Эта страница не для вашей учётной записи.")


async def _with_form(request: Request) -> Asked:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _FORMS:
        raise PageError(415, "Ожидалась форма.")
    _check_origin(request)
    form = await request.form(max_files=MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=64 * 1024)
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    if any("\0" in text for field in fields.items() for text in field):
        raise PageError(400, "Недопустимый знак в форме.")
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    return Asked(request, Viewer(), fields, files)


def _check_origin(request: Request) -> None:
    """Refuse forms sent from other sites; a browser tells where a form was sent from."""
    origin = request.headers.get("origin")
    is_foreign = origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()
    if is_foreign or request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
        raise PageError(403, "Форма отправлена с другого сайта.")


def _answered(desk: Desk, rule: Rule, unknown: Asked) -> Response:
    """Return the answer of a route for whoever asks, and log it before anything is sent."""
    request = unknown.request
    viewer = desk.sessions.viewer(request.cookies.get(desk.cookie))
    asked = Asked(request, viewer, unknown.form, unknown.files)
    try:
        response = _refusal(desk, rule, asked) or rule.handler(desk, asked)
    except PageError as error:
        response = _error_page(desk, request, error)
    except NotThereError as error:
        response = _error_page(desk, request, PageError(404, str(error)))
    except OkoError as error:
        response = _error_page(desk, request, PageError(400, str(error)))
    if rule.is_logged:
        account = "" if viewer.account is None else viewer.account.account_id
        about = {name: str(request.path_params[name]) for name in _LOGGED if name in request.path_params}
        about |= {name: request.query_params[name] for name in request.query_params if name in rule.logged_query}
        try:
            desk.audit.write(account, viewer.role.value, rule.name, response.status_code, about)
        except OSError:
            return _error_page(desk, request, PageError(503, "Журнал не пишется: страница закрыта до починки."))
    return response


def _refusal(desk: Desk, rule: Rule, asked: Asked) -> Response | None:
    viewer = asked.viewer
    if viewer.account is None and not (rule.is_open or _is_published(desk, rule)):
        if rule.method == "GET":
            onward = asked.request.url.path
            return RedirectResponse(f"/sign-in?next={quote(onward, safe='/:')}", 303)
        raise PageError(403, "Сначала войдите.")
    if viewer.role not in rule.roles:
        raise PageError(403, "Эта страница не для вашей учётной записи.")
    if rule.method == "POST" and not rule.is_open:
        token = asked.form.get("csrf", "")
        if not hmac.compare_digest(token.encode("utf-8", "replace"), viewer.csrf.encode()):
            raise PageError(403, "Форма устарела: откройте страницу заново и повторите.")
    return None


def _is_published(desk: Desk, rule: Rule) -> bool:
    return desk.settings.page_is_public and Role.PUBLIC in rule.roles and rule.is_publishable


def _error_page(desk: Desk, request: Request, error: PageError) -> Response:
    viewer = desk.sessions.viewer(request.cookies.get(desk.cookie))
    return show(desk, Asked(request, viewer), "error", error.status, message=str(error))
