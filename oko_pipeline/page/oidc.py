"""Sign-in through an OIDC provider: code flow with PKCE. It only tells who somebody is; roles are the page's own.

Whoever the provider names must have an account here under that name (`oko user add … --oidc`).
"""

import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Final, cast

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import parse_authorization_code_response, prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from itsdangerous import BadData, URLSafeTimedSerializer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from oko_pipeline.errors import OkoError
from oko_pipeline.settings import Settings

BACK: Final = "/sign-in/oidc/back"
_SECONDS: Final = 600
_TIMEOUT: Final = 10.0
_ALGORITHMS: Final = ["RS256", "PS256", "ES256"]


class OidcError(OkoError):
    """The provider cannot be reached or what it says cannot be trusted."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and the cookie that it must bring back."""

    url: str
    cookie: str


class OidcDoor:
    """Leads to the provider and back."""

    def __init__(self, settings: Settings, secret: bytes, transport: httpx.BaseTransport | None = None) -> None:
        self._settings = settings
        self._issuer = str(settings.page_oidc_issuer).rstrip("/")
        self._signer = URLSafeTimedSerializer(secret, salt="oko-oidc")
        self._transport = transport
        self._known: dict[str, Any] = {}

    def depart(self, onward: str) -> Departure:
        """Return the provider's address for a sign-in that shall go on to the page `onward`; raises `OidcError`."""
        kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce")}
        kept |= {"verifier": secrets.token_urlsafe(48), "onward": onward}
        url = prepare_grant_uri(
            self._metadata()["authorization_endpoint"],
            self._settings.page_oidc_client_id,
            "code",
            redirect_uri=self._back(),
            scope="openid profile",
            state=kept["state"],
            nonce=kept["nonce"],
            code_challenge=create_s256_code_challenge(kept["verifier"]),
            code_challenge_method="S256",
        )
        return Departure(url, str(self._signer.dumps(kept)))

    def arrive(self, address: str, state: str, cookie: str) -> tuple[str, str]:
        """Return the name that the provider gives, and the page to go on to.

        Args:
            address: the address with which the browser came back.
            state: the `state` of that address.
            cookie: the cookie of `depart`.

        Raises:
            OidcError: when the sign-in was not begun here, is too old, or its token is not for us.
        """
        try:
            kept = self._signer.loads(cookie, max_age=_SECONDS)
        except BadData as error:
            raise OidcError("Вход начат не здесь или слишком давно. Начните его заново.") from error
        if not hmac.compare_digest(kept["state"].encode(), state.encode()):
            raise OidcError("Ответ поставщика входа не на этот запрос. Начните вход заново.")
        try:
            code = parse_authorization_code_response(address, kept["state"])["code"]
        except AuthlibBaseError as error:
            raise OidcError("Поставщик входа не подтвердил вход. Начните его заново.") from error
        return self._name(self._token(code, kept["verifier"]), kept["nonce"]), str(kept["onward"])

    def _token(self, code: str, verifier: str) -> str:
        """Return the id token for a code."""
        settings = self._settings
        told = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back(),
            "code_verifier": verifier,
        }
        secret = settings.page_oidc_client_secret.get_secret_value()
        # What a provider that names no ways must take (OpenID Connect Discovery, section 3).
        ways = self._metadata().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" in ways:
            own: httpx.Auth = httpx.BasicAuth(settings.page_oidc_client_id, secret)
        else:
            own = httpx.Auth()
            told |= {"client_id": settings.page_oidc_client_id, "client_secret": secret}
        try:
            with self._client() as client:
                answer = client.post(self._metadata()["token_endpoint"], data=told, auth=own)
                answer.raise_for_status()
                return str(answer.json().get("id_token", ""))
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            raise OidcError("Поставщик входа не подтвердил вход. Начните его заново.") from error

    def _name(self, token: str, nonce: str) -> str:
        client_id = self._settings.page_oidc_client_id
        rules = jwt.JWTClaimsRegistry(
            leeway=30,
            iss={"essential": True, "value": str(self._metadata()["issuer"])},
            aud={"essential": True, "value": client_id},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            keys = KeySet.import_key_set(cast("KeySetSerialization", self._get(self._metadata()["jwks_uri"])))
            claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
            rules.validate(claims)
        except (JoseError, ValueError, KeyError) as error:
            raise OidcError("Подпись или срок ответа поставщика входа неверны.") from error
        name = claims.get(self._settings.page_oidc_claim)
        if not isinstance(name, str) or not name:
            raise OidcError(f"Поставщик входа не назвал поле «{self._settings.page_oidc_claim}».")
        return name

    def _metadata(self) -> dict[str, Any]:
        if not self._known:
            found = self._get(f"{self._issuer}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != self._issuer:
                raise OidcError("Поставщик входа называет другой адрес, чем в настройке OKO_PAGE_OIDC_ISSUER.")
            self._known = found
        return self._known

    def _get(self, url: str) -> dict[str, Any]:
        try:
            with self._client() as client:
                answer = client.get(url)
                answer.raise_for_status()
                found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise OidcError("Поставщик входа не отвечает. Войдите с паролем или попробуйте позже.") from error
        return found

    def _client(self) -> httpx.Client:
        return httpx.Client(transport=self._transport, timeout=_TIMEOUT)

    def _back(self) -> str:
        return f"{(self._settings.page_url or '').rstrip('/')}{BACK}"
