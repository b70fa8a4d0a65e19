"""Local accounts: who may sign in, in which role, for which school or municipality. Passwords are argon2 hashes.

An account is named after a post («методист», «edu990404»), never after a person: its number alone goes to the log.
"""

import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy.exc import IntegrityError

from oko_pipeline.errors import OkoError
from oko_pipeline.page.store import ACCOUNTS, SESSIONS, PageStore

SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 256
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}")
_UNIT: Final = re.compile(r"[A-Za-z0-9_]{1,40}")
_COMMON: Final = ("password", "пароль", "qwerty", "йцукен", "123456", "111111")


class Role(StrEnum):
    """What an account is for; `PUBLIC` is also whoever has not signed in, where the published set is open."""

    ENGINEER = "engineer"
    ANALYST = "analyst"
    MUNICIPALITY = "municipality"
    SCHOOL = "school"
    PUBLIC = "public"


ROLES_RU: Final = {
    Role.ENGINEER: "инженер данных",
    Role.ANALYST: "аналитик",
    Role.MUNICIPALITY: "муниципалитет",
    Role.SCHOOL: "ОО",
    Role.PUBLIC: "открытые документы",
}
_OF_UNIT: Final = frozenset({Role.MUNICIPALITY, Role.SCHOOL})


class AccountError(OkoError):
    """An account cannot be made or changed as asked."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account; `unit_code` is the school or municipality whose documents it sees, `email` that of its office."""

    account_id: str
    login: str
    role: Role
    unit_code: str | None
    has_password: bool
    email: str | None = None


class AccountBook:
    """The accounts of an installation."""

    def __init__(self, store: PageStore, hasher: PasswordHasher | None = None) -> None:
        self._store = store
        self._hasher = hasher or PasswordHasher()
        # An unknown login costs as much time as a wrong password: nobody learns which logins exist.
        self._decoy = self._hasher.hash(secrets.token_urlsafe(16))

    def all(self) -> list[Account]:
        """Return all accounts by login."""
        with self._store.engine.connect() as connection:
            rows = connection.execute(sa.select(ACCOUNTS).order_by(ACCOUNTS.c.login)).mappings().all()
        return [_account(row) for row in rows]

    def find(self, login: str) -> Account | None:
        """Return the account of a login, or None."""
        row = self._row(login)
        return None if row is None else _account(row)

    def add(self, login: str, role: Role, unit_code: str | None, password: str | None) -> Account:
        """Make an account; without a password it signs in through OIDC alone.

        Raises:
            AccountError: when the login is taken or malformed, the role lacks its unit, or the password is weak.
        """
        login = _checked_login(login)
        if (unit_code is not None) != (role in _OF_UNIT):
            needs = "нужен код" if role in _OF_UNIT else "код не нужен"
            raise AccountError(f"Роль «{ROLES_RU[role]}»: {needs} ОО или муниципалитета (--unit).")
        if unit_code is not None and _UNIT.fullmatch(unit_code) is None:
            raise AccountError(f"Код «{unit_code}»: ожидались латинские буквы, цифры и знак «_».")
        made = {
            "account_id": f"a{secrets.token_hex(4)}",
            "login": login,
            "role": role.value,
            "unit_code": unit_code,
            "password_hash": None if password is None else self._hasher.hash(checked_password(password, login)),
            "changed_at": _now(),
        }
        try:
            with self._store.engine.begin() as connection:
                connection.execute(sa.insert(ACCOUNTS).values(made))
        except IntegrityError as error:
            raise AccountError(f"Учётная запись «{login}» уже есть.") from error
        return _account(made)

    def remove(self, login: str) -> None:
        """Remove an account and end its sessions; raises `AccountError` when there is none."""
        account = self._existing(login)
        with self._store.engine.begin() as connection:
            connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.account_id == account.account_id))
            connection.execute(sa.delete(ACCOUNTS).where(ACCOUNTS.c.account_id == account.account_id))

    def set_password(self, login: str, password: str) -> None:
        """Change the password and end all sessions of the account; raises `AccountError`."""
        account = self._existing(login)
        hashed = self._hasher.hash(checked_password(password, account.login))
        with self._store.engine.begin() as connection:
            connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.account_id == account.account_id))
            connection.execute(
                sa.update(ACCOUNTS)
                .where(ACCOUNTS.c.account_id == account.account_id)
                .values(password_hash=hashed, changed_at=_now())
            )

    def set_email(self, login: str, email: str | None) -> None:
        """Set the address to which notices for the account go, or take it away; raises `AccountError`."""
        account = self._existing(login)
        if email is not None and (len(email) > 120 or _EMAIL.fullmatch(email) is None):
            raise AccountError(f"Адрес почты «{email}» не похож на адрес. Пример: school1@oko.example")
        with self._store.engine.begin() as connection:
            change = sa.update(ACCOUNTS).where(ACCOUNTS.c.account_id == account.account_id).values(email=email)
            connection.execute(change)

    def verify(self, login: str, password: str) -> Account | None:
        """Return the account when the password is its own, else None; takes the same time in all cases."""
        row = self._row(login)
        kept = None if row is None else row["password_hash"]
        try:
            self._hasher.verify(kept or self._decoy, password[:LONGEST_PASSWORD])
        except (Argon2Error, InvalidHashError):
            return None
        return None if row is None or kept is None else _account(row)

    def _existing(self, login: str) -> Account:
        account = self.find(login)
        if account is None:
            raise AccountError(f"Учётной записи «{login}» нет.")
        return account

    def _row(self, login: str) -> Any:
        query = sa.select(ACCOUNTS).where(ACCOUNTS.c.login == normal_login(login))
        with self._store.engine.connect() as connection:
            return connection.execute(query).mappings().one_or_none()


def normal_login(login: str) -> str:
    """Return a login as it is kept: without spaces around, in small letters, in one Unicode form."""
    return unicodedata.normalize("NFKC", login).strip().lower()[:100]


def checked_password(password: str, login: str) -> str:
    """Return a password that may be set; raises `AccountError` telling what is wrong with it."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountError(f"Пароль: от {SHORTEST_PASSWORD} до {LONGEST_PASSWORD} знаков.")
    low = password.lower()
    if login in low or len(set(password)) < 5 or any(low.startswith(word) for word in _COMMON):
        raise AccountError("Пароль слишком прост: в нём логин, частое слово или повторы.")
    return password


def _checked_login(login: str) -> str:
    normal = normal_login(login)
    if _LOGIN.fullmatch(normal) is None:
        raise AccountError(f"Логин «{login}»: от 2 до 64 латинских букв, цифр и знаков «._@-».")
    return normal


def _account(row: Mapping[Any, Any]) -> Account:
    return Account(
        row["account_id"],
        row["login"],
        Role(row["role"]),
        row["unit_code"],
        row["password_hash"] is not None,
        row.get("email"),
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
