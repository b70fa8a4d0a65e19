"""Keyed pseudonyms of pupils. The key is outside the repository and the stores; without it a pseudonym says nothing."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Pseudonymiser:
    """Makes pseudonyms with HMAC-SHA256; `key` has at least 16 bytes."""

    key: bytes

    def __post_init__(self) -> None:
        if len(self.key) < 16:
            raise ValueError("a pseudonym key has at least 16 bytes")

    def pupil_ids(self, school_codes: Iterable[str], grade: int, codes: Iterable[str], campaign_code: str) -> list[str]:
        """Return a pseudonym a pupil: equal school, grade, participant code and campaign give an equal one.

        Args:
            school_codes: school of each pupil.
            grade: the grade in which the pupils are (not the grade of the paper).
            codes: participant code of each pupil, unique within school and grade.
            campaign_code: the campaign; codes are given anew in each, and 2022 had two.
        """
        made: dict[tuple[str, str], str] = {}
        ids: list[str] = []
        for school_code, code in zip(school_codes, codes, strict=True):
            pair = (school_code, code)
            if pair not in made:
                message = f"{school_code}|{grade}|{code}|{campaign_code}".encode()
                made[pair] = hmac.digest(self.key, message, "sha256").hex()[:32]
            ids.append(made[pair])
        return ids
