"""Sellercloud's times: local, without a zone, in a zone that only the user knows (sellercloud.md §4)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sources._shared.records import believable

LITERAL = "%m/%d/%Y %H:%M"
"""The documented form of a date in a filter. Naive on purpose: a Z would be turned into the server's zone."""
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def local_window(after: datetime, until: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The local times that cover every instant of the window, in whole minutes.

    Where the zone changes its offset in between, an hour is repeated or left out. The window is then as wide
    as both offsets make it: what is read twice costs a request, what is not read is lost.
    """
    offsets = [_offset(after, zone), _offset(until, zone)]
    moment = after
    while (moment := moment + DAY) < until:
        offsets.append(_offset(moment, zone))
    begin = (after.astimezone(UTC) + min(offsets)).replace(tzinfo=None)
    end = (until.astimezone(UTC) + max(offsets)).replace(tzinfo=None)
    # The next minute ends it: nobody says whether the end is included.
    return begin.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0) + MINUTE


def instant_of(value: Any, zone: ZoneInfo) -> datetime | None:
    """The instant of a local time; None for none, for year 1, .NET's way of saying "never", and for anything
    unreadable.

    A time in the hour that is repeated in autumn means its first occurrence; one that spring leaves out means
    the same moment as an hour later.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return believable(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
