"""Local times without a zone, as .NET writes and reads them (sellercloud.md §4)."""

import re
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

Precision = Literal["milliseconds", "seconds", "minutes"]
US = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")
ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?(?:Z|[+-]\d\d:\d\d)?)?")


def local(moment: datetime, zone: ZoneInfo, precision: Precision) -> datetime:
    """An instant as the server keeps it: its own time without a zone, cut to its precision."""
    naive = moment.astimezone(zone).replace(tzinfo=None, fold=0)
    if precision == "minutes":
        return naive.replace(second=0, microsecond=0)
    return naive.replace(microsecond=0) if precision == "seconds" else naive


def spell(naive: datetime) -> str:
    """A local time as .NET writes it: a fraction only where there is one, without trailing zeros."""
    text = naive.replace(microsecond=0).isoformat()
    return f"{text}.{naive.microsecond:06d}".rstrip("0") if naive.microsecond else text


def read_local(text: str, zone: ZoneInfo) -> datetime | None:
    """A literal as .NET reads it: one with a zone is converted to the server's time; None: it is no date.

    What lies before the first day or after the last one once it is converted is cut to that, as .NET does.
    """
    found = US.fullmatch(text.strip())
    try:
        if found is not None:
            month, day, year, hour, minute, second = (int(part or 0) for part in found.groups())
            return datetime(year, month, day, hour, minute, second)
        if not ISO.fullmatch(text.strip()):
            return None
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        return moment
    try:
        return moment.astimezone(zone).replace(tzinfo=None, fold=0)
    except OverflowError:
        return datetime.min if moment.year == 1 else datetime.max


def ticks(moment: datetime) -> str:
    """An instant with the seven digits of .NET's ticks and Z."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}1Z"
