"""Keyed pseudonyms of pupils. The keys are outside the repository and the stores; without them they say nothing.

A key that was changed stays the first of a chain: a pseudonym under it goes through every later key
(`oko_pipeline.key_chain`), in the stores when the key is changed and here at every later reading.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from oko_pipeline.key_chain import MINIMUM_BYTES, rekeyed


@dataclass(frozen=True, slots=True, repr=False)
class Pseudonymiser:
    """Makes pseudonyms with HMAC-SHA256; each key has at least 16 bytes, `later` are the keys it was changed to."""

    key: bytes
    later: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if any(len(key) < MINIMUM_BYTES for key in (self.key, *self.later)):
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
                pupil_id = made[pair] = self._under_later_keys(state.hexdigest()[:32])
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
                person_id = made[parts] = self._under_later_keys(state.hexdigest()[:32])
            ids.append(person_id)
        return ids

    def _under_later_keys(self, pseudonym: str) -> str:
        for key in self.later:
            pseudonym = rekeyed(key, pseudonym)
        return pseudonym
