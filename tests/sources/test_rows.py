"""Rows: which versions go where, and what the hash is made of."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources._shared.rows import Record, RowCollector, identity, instant
from sources._shared.settings import Resource

THINGS = Resource("things", key=("thing_id",), reading="incremental", clock="updated_at")
ASKED_AT = datetime(2026, 1, 5, tzinfo=UTC)


def record(key: str, minutes: int | None, text: str) -> Record:
    clock = None if minutes is None else ASKED_AT + timedelta(minutes=minutes)
    return Record((key,), clock, f"{text} {minutes}".encode())  # a clock stands in its record


@given(
    st.lists(
        st.lists(
            st.builds(record, st.sampled_from("abc"), st.none() | st.integers(0, 3), st.sampled_from("xyz")),
            max_size=5,
        ),
        max_size=6,
    )
)
def test_no_package_has_a_key_twice_and_the_last_word_is_the_newest(pages: list[list[Record]]) -> None:
    collector = RowCollector(THINGS, "store", ASKED_AT)
    for page in pages:
        collector.add(page)
    tables = [collector.take() or collector.empty(), *collector.take_held_back()]
    last: dict[str, tuple[datetime | None, str]] = {}
    for table in tables:
        rows = table.to_pylist()
        assert len({row["thing_id"] for row in rows}) == len(rows)
        for row in rows:
            last[row["thing_id"]] = (row["updated_at"], row["payload"])
    read = [found for page in pages for found in page]
    assert set(last) == {found.keys[0] for found in read}
    for key, (clock, _) in last.items():
        clocks = [found.updated_at for found in read if found.keys[0] == key]
        known = [found for found in clocks if found is not None]
        assert clock == (max(known) if known else None)
    assert collector.read == len(read)
    assert collector.distinct == len(last)


def test_a_second_version_waits_for_the_next_package() -> None:
    collector = RowCollector(THINGS, "store", ASKED_AT)
    for number in range(3):
        collector.add([record("a", number, f"version {number}")])
    tables = [collector.take(), *collector.take_held_back()]
    assert [table["payload"].to_pylist() for table in tables if table] == [
        ["version 0 0"],
        ["version 1 1"],
        ["version 2 2"],
    ]


def test_an_older_answer_that_comes_later_is_not_the_current_row() -> None:
    collector = RowCollector(THINGS, "store", ASKED_AT)
    collector.add([record("a", 5, "new")])
    collector.add([record("a", 4, "old")])
    assert collector.superseded == 1
    assert collector.take_held_back() == []


def test_the_hash_tells_accounts_keys_and_contents_apart() -> None:
    hashes = set()
    for account, key, text in [("a", "b", "c"), ("ab", "", "c"), ("a", "bc", ""), ("a", "b", "d")]:
        collector = RowCollector(THINGS, account, ASKED_AT)
        collector.add([record(key, 0, text)])
        table = collector.take()
        assert table is not None
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


def test_a_record_without_a_key_is_refused_rather_than_merged_with_others() -> None:
    with pytest.raises(ValueError, match="it has no key"):
        identity(None)
