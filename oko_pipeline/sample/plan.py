"""Which papers are written in which campaign, and in which layout their results arrive."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final


class RawLayout(StrEnum):
    """Layouts of raw dumps."""

    DUMP_2020 = "dump_2020"
    DUMP_2021 = "dump_2021"
    DUMP_2022 = "dump_2022"


Papers = Mapping[int, tuple[str, ...]]

_CORE: Final = ("russian", "mathematics")
_MIDDLE: Final = ("biology", "geography", "history", "social_studies")


@dataclass(frozen=True, slots=True)
class RawCampaign:
    """A campaign whose results arrive as raw dumps: its folder in the inbox, layout, papers, and time of the files."""

    campaign_code: str
    folder: str
    layout: RawLayout
    papers: Papers
    exported_at: datetime


RAW_CAMPAIGNS: Final = (
    RawCampaign(
        "vpr-2020-autumn",
        "vpr/2020",
        RawLayout.DUMP_2020,
        {
            4: (*_CORE, "world_around"),
            5: (*_CORE, "biology", "history"),
            6: (*_CORE, *_MIDDLE),
            7: (*_CORE, *_MIDDLE, "physics", "english", "german"),
            8: (*_CORE, *_MIDDLE, "physics", "chemistry"),
        },
        datetime(2020, 11, 20, 12, tzinfo=UTC),
    ),
    RawCampaign(
        "vpr-2021-spring",
        "vpr/2021",
        RawLayout.DUMP_2021,
        {
            4: (*_CORE, "world_around"),
            5: (*_CORE, "biology", "history"),
            6: (*_CORE, *_MIDDLE),
            7: (*_CORE, *_MIDDLE, "physics", "english", "german"),
            8: (*_CORE, *_MIDDLE, "physics", "chemistry"),
            11: ("physics", "chemistry", "history", "geography"),
        },
        datetime(2021, 6, 15, 12, tzinfo=UTC),
    ),
    RawCampaign(
        "vpr-2022-spring",
        "vpr/2022",
        RawLayout.DUMP_2022,
        {
            4: (*_CORE, "world_around"),
            5: (*_CORE, "biology", "history"),
            6: _CORE,
            7: (*_CORE, "physics"),
            8: _CORE,
            11: ("physics", "history"),
        },
        datetime(2022, 3, 28, 12, tzinfo=UTC),
    ),
    RawCampaign(
        "vpr-2022-autumn",
        "vpr/2022 осень",
        RawLayout.DUMP_2022,
        {4: _CORE, 5: _CORE, 6: _CORE, 7: _CORE, 8: _CORE},
        datetime(2022, 11, 10, 12, tzinfo=UTC),
    ),
    RawCampaign(
        "vpr-2023-spring",
        "vpr/2023",
        RawLayout.DUMP_2022,
        {4: (*_CORE, "world_around"), 5: (*_CORE, "biology", "history"), 6: _CORE, 7: _CORE, 8: _CORE},
        datetime(2023, 6, 1, 12, tzinfo=UTC),
    ),
)

ANALYTICS_CAMPAIGN: Final = "vpr-2026-spring"
ANALYTICS_PAPERS: Final = ((4, "russian"), (4, "mathematics"), (5, "mathematics"))
FORM_PAPER: Final = (6, "mathematics")
ANALYTICS_EXPORTED_AT: Final = datetime(2026, 7, 1, 12, tzinfo=UTC)
CONTEXT_2021_AT: Final = datetime(2021, 2, 25, 12, tzinfo=UTC)
CONTEXT_2022_AT: Final = datetime(2022, 2, 10, 12, tzinfo=UTC)
# Aggregates of this work are exported too: its dump gets no dirt that changes totals, so that they reconcile.
RECONCILED_CAMPAIGN: Final = "vpr-2021-spring"
RECONCILED_PAPER: Final = (4, "mathematics")
RECONCILED_EXPORTED_AT: Final = datetime(2021, 7, 20, 12, tzinfo=UTC)
REFERENCE_EXPORTED_AT: Final = datetime(2021, 2, 10, 12, tzinfo=UTC)
