"""Signing in and out, changing one's password."""

import re
from typing import Final

from starlette.responses import RedirectResponse, Response

from oko_pipeline.page.accounts import Account, AccountError, normal_login
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.views import PageError, away, not_found, show

_ONWARD: Final = re.compile(r"/(?![/\\])[A-Za-z0-9_\-./:%]*")
_WRONG: Final = "Логин или пароль неверны."
_HASHING_SECONDS: Final = 10
_OIDC_COOKIE: Final = "oko-oidc"
_BEFORE_COOKIE: Final = "oko-before"


def sign_in_form(desk: Desk, asked: Asked) -> Response:
    """Show the form of sign-in."""
    if asked.viewer.account is not None:
        return away("/documents")
    return _form(desk, asked, asked.query("next"))


def sign_in(desk: Desk, asked: Asked) -> Response:
    """Begin a session for a login and its password."""
    onward = asked.form.get("next", "")
    if not desk.sessions.is_before_token(asked.request.cookies.get(_BEFORE_COOKIE), asked.form.get("csrf", "")):
        return _form(desk, asked, onward, 403, "Форма устарела, введите логин и пароль ещё раз.")
    login, address = normal_login(asked.form.get("login", "")), _address(asked)
    limits = desk.limits
    counted = ((limits.of_address, address), (limits.of_pair, f"{address} {login}"), (limits.of_login, login))
    wait = max(limit.wait(key) for limit, key in counted)
    if wait:
        response = _form(desk, asked, onward, 429, f"Слишком много попыток. Повторите через {-(-wait // 60)} мин.")
        response.headers["retry-after"] = str(wait)
        return response
    if not limits.hashing.acquire(timeout=_HASHING_SECONDS):
        raise PageError(503, "Сейчас входит слишком много людей. Повторите через минуту.")
    try:
        account = desk.accounts.verify(login, asked.form.get("password", ""))
    finally:
        limits.hashing.release()
    if account is None:
        for limit, key in counted:
            limit.count(key)
        return _form(desk, asked, onward, 401, _WRONG)
    limits.of_pair.forget(f"{address} {login}")
    return _signed_in(desk, asked, account, onward)


def sign_out(desk: Desk, asked: Asked) -> Response:
    """End the session."""
    desk.sessions.end(asked.request.cookies.get(desk.cookie))
    response = away("/sign-in")
    response.delete_cookie(desk.cookie, secure=desk.is_https, httponly=True, samesite="lax")
    return response


def show_account(desk: Desk, asked: Asked) -> Response:
    """Show one's account and the form of a new password."""
    return show(desk, asked, "account", error="", done=False)


def change_password(desk: Desk, asked: Asked) -> Response:
    """Change one's password; all sessions end and a new one begins."""
    own = asked.viewer.account
    if own is None or not own.has_password:
        raise not_found()
    if desk.limits.of_login.wait(own.login):
        raise PageError(429, "Слишком много попыток. Повторите через час.")
    if desk.accounts.verify(own.login, asked.form.get("password", "")) is None:
        desk.limits.of_login.count(own.login)
        return show(desk, asked, "account", 403, error="Нынешний пароль неверен.", done=False)
    if asked.form.get("fresh", "") != asked.form.get("again", ""):
        return show(desk, asked, "account", 400, error="Новый пароль и его повтор различаются.", done=False)
    try:
        desk.accounts.set_password(own.login, asked.form.get("fresh", ""))
    except AccountError as error:
        return show(desk, asked, "account", 400, error=str(error), done=False)
    return _signed_in(desk, asked, own, "/account")


def oidc_depart(desk: Desk, asked: Asked) -> Response:
    """Lead to the provider of sign-in."""
    if desk.oidc is None:
        raise not_found()
    departure = desk.oidc.depart(_local(asked.query("next")))
    response = RedirectResponse(departure.url, 303)
    response.set_cookie(
        _OIDC_COOKIE,
        departure.cookie,
        max_age=600,
        path="/sign-in",
        httponly=True,
        samesite="lax",
        secure=desk.is_https,
    )
    return response


def oidc_arrive(desk: Desk, asked: Asked) -> Response:
    """Begin a session for whom the provider names, when there is an account of that name."""
    if desk.oidc is None:
        raise not_found()
    cookie = asked.request.cookies.get(_OIDC_COOKIE, "")
    name, onward = desk.oidc.arrive(str(asked.request.url), asked.query("state"), cookie)
    account = desk.accounts.find(name)
    if account is None:
        raise PageError(403, "Для вас нет учётной записи. Обратитесь к инженеру данных.")
    response = _signed_in(desk, asked, account, onward)
    response.delete_cookie(_OIDC_COOKIE, path="/sign-in")
    return response


def _signed_in(desk: Desk, asked: Asked, account: Account, onward: str) -> Response:
    desk.sessions.end(asked.request.cookies.get(desk.cookie))
    response = away(_local(onward))
    response.set_cookie(
        desk.cookie, desk.sessions.begin(account), path="/", httponly=True, samesite="lax", secure=desk.is_https
    )
    response.delete_cookie(_BEFORE_COOKIE, path="/sign-in")
    return response


def _form(desk: Desk, asked: Asked, onward: str, status: int = 200, error: str = "") -> Response:
    token, cookie = desk.sessions.before_token(asked.request.cookies.get(_BEFORE_COOKIE))
    login = asked.form.get("login", "")[:64]
    response = show(desk, asked, "sign_in", status, token=token, onward=_local(onward), login=login, error=error)
    response.set_cookie(
        _BEFORE_COOKIE, cookie, max_age=3600, path="/sign-in", httponly=True, samesite="strict", secure=desk.is_https
    )
    return response


def _local(onward: str) -> str:
    """Return an address of this page alone: nobody is led elsewhere after signing in."""
    return onward if _ONWARD.fullmatch(onward) else "/documents"


def _address(asked: Asked) -> str:
    client = asked.request.client
    return "" if client is None else client.host
