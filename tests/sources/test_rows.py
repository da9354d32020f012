"""Rows: which versions go where, and what the hash is made of."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources._shared.journal import Journal
from sources._shared.records import (
    Columns,
    Page,
    Record,
    columns_or_records,
    identities,
    identity,
    instant,
    instants,
    keys_of,
    prefixed,
    records_of,
    texts,
    ticks,
)
from sources._shared.rows import RowCollector
from sources._shared.settings import Resource
from sources.sellercloud.client import SellercloudClient
from sources.square.client import _count_columns, _count_record

FIELDS = (
    "catalog_object_id", "location_id", "state", "quantity", "calculated_at",
    "ID", "LastModifiedDate", "LastAggregateDate",
)  # fmt: skip
THINGS = Resource("things", key=("thing_id",), reading="incremental", clock="updated_at")
ASKED_AT = datetime(2026, 1, 5, tzinfo=UTC)


def record(key: str, minutes: int | None, text: str, content: str | None = None) -> Record:
    clock = None if minutes is None else ASKED_AT + timedelta(minutes=minutes)
    payload = f"{text} {minutes}".encode()  # a clock stands in its record
    return Record((key,), clock, payload, None if content is None else content.encode() + payload)


class Plainly:
    """What is to be made of pages, record by record, as one would say it: the columns have to agree."""

    def __init__(self, clock_decides: bool) -> None:
        self.clock_decides = clock_decides
        self.history: dict[str, list[Record]] = {}
        self.superseded = 0

    def is_older(self, one: Record, other: Record) -> bool:
        if not self.clock_decides or other.updated_at is None:
            return False
        return one.updated_at is None or one.updated_at < other.updated_at

    def add(self, page: list[Record]) -> None:
        kept: dict[str, Record] = {}
        for found in page:
            rival = kept.get(found.keys[0], found)
            if content(rival) != content(found):
                self.superseded += 1
                if self.is_older(found, rival):
                    continue
            kept[found.keys[0]] = found
        for key, found in kept.items():
            versions = self.history.setdefault(key, [])
            if versions and content(versions[-1]) == content(found):
                continue
            if versions and self.is_older(found, versions[-1]):
                self.superseded += 1
                continue
            versions.append(found)


def content(record: Record) -> bytes:
    return record.payload if record.content is None else record.content


def loaded(collector: RowCollector) -> dict[str, list[tuple[datetime | None, str]]]:
    """Every key's versions, in order, as the destination makes them."""
    rows = [row for table in collector.finish() for row in table.to_pylist()]
    versions = collector.versions
    later = [number for numbers in versions.rounds for number in numbers]
    assert len({*versions.dropped, *later}) == len(versions.dropped) + len(later)
    first = [number for number in range(len(rows)) if number not in {*versions.dropped, *later}]
    history: dict[str, list[tuple[datetime | None, str]]] = {}
    last: dict[str, int] = {}
    for number, numbers in enumerate([first, *versions.rounds]):
        for row in (rows[one] for one in numbers):
            assert len(history.setdefault(row["thing_id"], [])) == number
            history[row["thing_id"]].append((row["updated_at"], row["payload"]))
        last |= {rows[one]["thing_id"]: one for one in numbers}
    assert {*range(len(rows))} - {*versions.dropped, *versions.replaced} == {*last.values()}
    return history


RECORDS = st.builds(
    record,
    st.sampled_from("abc"),
    st.none() | st.integers(0, 3),
    st.sampled_from("xyz"),
    st.none() | st.just("="),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.lists(RECORDS, max_size=5), max_size=6), st.booleans(), st.integers(1, 12), st.booleans())
def test_columns_find_the_versions_that_a_plain_reading_finds(
    pages: list[list[Record]], clock_decides: bool, at_once: int, in_columns: bool
) -> None:
    plain = Plainly(clock_decides)
    collector = RowCollector(replace(THINGS, clock_decides=clock_decides), "store", ASKED_AT)
    with patch("sources._shared.rows.ROWS_PER_TABLE", at_once):
        for page in pages:
            plain.add(page)
            collector.add(Columns.of(page, 1) if in_columns else page)
    expected = {
        key: [(one.updated_at, one.payload.decode()) for one in versions]
        for key, versions in plain.history.items()
    }
    assert loaded(collector) == expected
    assert collector.versions.superseded == plain.superseded
    assert collector.read == sum(map(len, pages))
    assert collector.distinct == len(expected)
    assert (
        set(collector.keys)
        == collector.those_of({("a",), ("b",), ("c",), ("d",)})
        == {(key,) for key in expected}
    )


def test_every_version_of_a_key_is_kept_in_order() -> None:
    collector = RowCollector(THINGS, "store", ASKED_AT)
    for number in range(3):
        collector.add([record("a", number, f"version {number}")])
    assert [payload for _, payload in loaded(collector)["a"]] == ["version 0 0", "version 1 1", "version 2 2"]


def test_an_older_answer_that_comes_later_is_not_the_current_row() -> None:
    collector = RowCollector(THINGS, "store", ASKED_AT)
    collector.add([record("a", 5, "new")])
    collector.add([record("a", 4, "old")])
    assert [payload for _, payload in loaded(collector)["a"]] == ["new 5"]
    assert collector.versions.superseded == 1


def test_columns_are_the_records_that_they_are_made_of() -> None:
    records = [record("a", 5, "x"), record("b", None, "y"), record("c", -3, "z", "=")]
    columns = Columns.of(records, 1)
    assert list(columns) == records
    assert keys_of(columns) == keys_of(records)
    assert list(prefixed(columns, ("w",))) == list(prefixed(records, ("w",)))
    journal = Journal()
    journal.open("", ASKED_AT)
    for page in (Page(columns, ASKED_AT), Page(records, ASKED_AT)):
        journal.append(page)
    assert [list(page.records) for page in journal.pages()] == [records, records]


def test_the_hash_tells_accounts_keys_and_contents_apart() -> None:
    hashes = set()
    for account, key, text in [("a", "b", "c"), ("ab", "", "c"), ("a", "bc", ""), ("a", "b", "d")]:
        collector = RowCollector(THINGS, account, ASKED_AT)
        collector.add([record(key, 0, text)])
        (table,) = collector.finish()
        hashes.update(table["row_hash"].to_pylist())
    assert len(hashes) == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-11-16T22:28:01.223Z", datetime(2016, 11, 16, 22, 28, 1, 223000, UTC)),
        ("2016-11-16T22:28:01Z", datetime(2016, 11, 16, 22, 28, 1, 0, UTC)),
        ("2016-11-17T00:28:01.123456789+02:00", datetime(2016, 11, 16, 22, 28, 1, 123456, UTC)),
        ("2016-11-16T22:28:01", datetime(2016, 11, 16, 22, 28, 1, 0, UTC)),
        ("yesterday", None),
        (17, None),
        (None, None),
    ],
)
def test_instants_are_read_whatever_their_spelling(text: object, expected: datetime | None) -> None:
    assert instant(text) == expected


DAYS = (
    "2026-01-02",
    "20260102",
    "2026-001",
    "0001-01-01",
    "9999-12-31",
    "1899-12-31",
    "2200-12-31",
    "2201-01-01",
)
TIMES = (
    "",
    "00:00",
    "23:59:60",
    "24:00:00",
    "12:00:00.1",
    "12:00:00,123",
    "12:00:00.123456",
    "12:00:00.1234567",
)
OFFSETS = ("", "Z", "z", "+0000", "-05:00", "+05:30:15", "+24:00", "+23:59", " Z", "UTC", "-00:00")


@pytest.mark.parametrize("day", [*DAYS, "", "infinity", "epoch", " 2026-01-02"])
def test_a_column_of_instants_says_what_each_of_them_does(day: str) -> None:
    for spelling in product([day], ("T", " ", ""), TIMES, OFFSETS):
        found = "".join(spelling)
        assert instants([found, None]) == [ticks(instant(found)), None]


SELLER = SellercloudClient("https://example.com", "u", "p", "America/New_York")
ODD = st.none() | st.sampled_from(
    ["", " ", "a", "b\x00", "1.50", "7", "2026-01-02T03:04:05Z", 7, 1.5, True, [], {}]
)


@settings(deadline=None)
@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, ODD)), max_size=4))
def test_columns_read_what_records_do(objects: list[dict[str, Any]]) -> None:
    raws = [msgspec.Raw(json.dumps(one).encode()) for one in objects]
    plain = [{name: one.get(name, "a") for name in FIELDS} for one in objects]
    typical = [msgspec.Raw(json.dumps(one).encode()) for one in plain]
    for to_columns, to_record in ((_count_columns, _count_record), (SELLER._in_columns, SELLER._product)):
        for asked in (raws, typical):
            expected = records_of(asked, to_record)
            found = list(columns_or_records(asked, to_columns, to_record))
            assert found == expected


def test_typical_records_are_read_in_columns() -> None:
    count = dict.fromkeys(FIELDS, "7") | {"calculated_at": "2026-01-02T03:04:05Z", "quantity": "7.50"}
    found = _count_columns([msgspec.Raw(json.dumps(count).encode())] * 2)
    assert found.keys == [["7", "7"]] * 3
    assert found.clocks == [ticks(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))] * 2
    assert found.contents[1] == found.payloads[1].replace(b"7.50", b"7.5")


@pytest.mark.parametrize("odd", [[""], ["a", " "], ["a\x00"]])
def test_odd_keys_want_a_closer_look(odd: list[str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        identities(odd)
    assert texts(["", "a"]) == ["", "a"]


def test_a_record_without_a_key_is_refused_rather_than_merged_with_others() -> None:
    with pytest.raises(ValueError, match="it has no key"):
        identity(None)
