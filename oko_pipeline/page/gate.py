"""What stands before every route: known hosts, bounded bodies, security headers. Plain ASGI: no body is copied."""

from typing import Final
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oko_pipeline.settings import Settings

_CONTENT: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", _CONTENT.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000")
_SMALL_BODY: Final = 64 * 1024
_MULTIPART: Final = 1 << 20
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")


class _TooLargeError(Exception):
    """A body is over its limit."""


class Gate:
    """Refuses what no route shall see and adds headers to every answer."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        own = urlsplit(settings.page_url or "")
        self._hosts = frozenset((*_LOOPBACK, own.hostname or "localhost"))
        self._headers = [*_HEADERS, _STRICT_TRANSPORT] if own.scheme == "https" else list(_HEADERS)
        self._upload_bytes = (settings.page_upload_mb << 20) + _MULTIPART

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal is_started
            if message["type"] == "http.response.start":
                is_started = True
                named = {name for name, _ in message["headers"]}
                added = [*self._headers, (b"cache-control", b"private, no-store")]
                message["headers"] = [*message["headers"], *((n, v) for n, v in added if n not in named)]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        try:
            await self._app(scope, _bounded(receive, self._most_bytes(scope)), send_with_headers)
        except _TooLargeError:
            if is_started:
                raise
            await _too_large()(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = scope["headers"]
        host = next((value for name, value in headers if name == b"host"), b"").decode("latin-1").lower()
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if name not in self._hosts or sum(key == b"host" for key, _ in headers) != 1:
            return PlainTextResponse("Неизвестный адрес сайта.", 400)
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            # No name holds this sign, and databases refuse it each in its own way.
            return PlainTextResponse("Недопустимый знак в адресе.", 400)
        length = next((value for key, value in headers if key == b"content-length"), b"0")
        if not length.isdigit() or int(length) > self._most_bytes(scope):
            return _too_large()
        return None

    def _most_bytes(self, scope: Scope) -> int:
        return self._upload_bytes if scope["path"] == "/uploads" else _SMALL_BODY


def _bounded(receive: Receive, most: int) -> Receive:
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise _TooLargeError
        return message

    return bounded


def _too_large() -> PlainTextResponse:
    return PlainTextResponse("Отправлено слишком много.", 413, headers={"connection": "close"})
