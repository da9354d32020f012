"""Sellercloud's local times: no instant of a window is outside, however clocks are changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.sellercloud.local_time import instant_of, local_window

NEW_YORK = ZoneInfo("America/New_York")
ZONES = st.sampled_from(
    ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca", "UTC"]
).map(ZoneInfo)
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)).map(
    lambda naive: naive.replace(tzinfo=UTC)
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@settings(deadline=None)
@given(ZONES, INSTANTS, st.floats(0, 1), st.timedeltas(timedelta(seconds=1), timedelta(days=400)))
def test_no_instant_of_a_window_is_outside(
    zone: ZoneInfo, after: datetime, share: float, length: timedelta
) -> None:
    begin, end = local_window(after, after + length, zone)
    inside = (after + length * share).astimezone(zone).replace(tzinfo=None)
    assert begin <= inside < end


@pytest.mark.parametrize(
    ("after", "until", "begin", "end"),
    [
        ("2026-01-05 13:00:30", "2026-01-05 14:00:00", "2026-01-05 08:00", "2026-01-05 09:01"),
        # 01:50 in summer time is followed by 01:10 in winter time: the window is an hour wider on both ends.
        ("2026-11-01 05:50:00", "2026-11-01 06:10:00", "2026-11-01 00:50", "2026-11-01 02:11"),
        # In spring 01:50 is followed by 03:10.
        ("2026-03-08 06:50:00", "2026-03-08 07:10:00", "2026-03-08 01:50", "2026-03-08 03:11"),
    ],
    ids=["an ordinary hour", "autumn", "spring"],
)
def test_a_window_is_as_wide_as_the_offsets_in_it(after: str, until: str, begin: str, end: str) -> None:
    found = local_window(utc(after), utc(until), NEW_YORK)
    assert [moment.strftime("%Y-%m-%d %H:%M") for moment in found] == [begin, end]


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-01-05T08:00:00", "2026-01-05 13:00:00"),
        ("2026-07-05T08:00:00.123", "2026-07-05 12:00:00.123"),
        ("2026-11-01T01:30:00", "2026-11-01 05:30:00"),
        ("2026-03-08T02:30:00", "2026-03-08 07:30:00"),
        ("2026-01-05T08:00:00Z", "2026-01-05 08:00:00"),
    ],
    ids=["winter", "summer", "twice in autumn: the first", "skipped in spring", "told with a zone"],
)
def test_a_local_time_is_an_instant_of_its_zone(written: str, instant: str) -> None:
    assert instant_of(written, NEW_YORK) == utc(instant)


@pytest.mark.parametrize("never", [None, "", "0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "soon", 12])
def test_never_is_no_instant(never: object) -> None:
    assert instant_of(never, NEW_YORK) is None
