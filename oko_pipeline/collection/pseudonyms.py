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
        # A copy of the keyed state costs half of keying anew for every pupil.
        keyed = hmac.new(self.key, digestmod="sha256")
        made: dict[tuple[str, str], str] = {}
        ids: list[str] = []
        for pair in zip(school_codes, codes, strict=True):
            pupil_id = made.get(pair)
            if pupil_id is None:
                state = keyed.copy()
                state.update(f"{pair[0]}|{grade}|{pair[1]}|{campaign_code}".encode())
                pupil_id = made[pair] = state.hexdigest()[:32]
            ids.append(pupil_id)
        return ids

    def person_ids(self, kind: str, identities: Iterable[tuple[str, ...] | None]) -> list[str | None]:
        """Return a pseudonym a person; None where nobody is named.

        Args:
            kind: what the people are, such as `pupil` or `staff`: equal names of different kinds get different ones.
            identities: normalised name, document, birth date, code … of each person, in the same order for all files.
        """
        keyed = hmac.new(self.key, digestmod="sha256")
        made: dict[tuple[str, ...], str] = {}
        ids: list[str | None] = []
        for parts in identities:
            if parts is None:
                ids.append(None)
                continue
            person_id = made.get(parts)
            if person_id is None:
                state = keyed.copy()
                state.update("\x1f".join(("person", kind, *parts)).encode())
                person_id = made[parts] = state.hexdigest()[:32]
            ids.append(person_id)
        return ids
