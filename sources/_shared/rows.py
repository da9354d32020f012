"""From records to raw rows: Arrow tables with a hash beside each record's keys, clock and bytes.

Pages of moving data bring keys twice. What is a repeat and what a later version is found when all have come,
by the keys, clocks and hashes of those keys alone (`versions_of`): payloads go to the disk as they come.
"""

import hashlib
from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, groupby

import pyarrow as pa
import pyarrow.compute as pc

from sources._shared.records import INSTANT, NUL, Columns, Keys, Record, Records
from sources._shared.settings import Resource

ROWS_PER_TABLE = 20_000
"""Rows gathered before a table is made: a table costs some milliseconds, a row microseconds."""
BYTES_PER_TABLE = 2**25
"""Bytes of payloads after which a table is made all the same."""


def raw_schema(resource: Resource) -> pa.Schema:
    """The Arrow schema of a resource's raw table, without the columns that dlt adds."""
    return pa.schema(
        [
            pa.field("account", pa.string(), nullable=False),
            *(pa.field(column, pa.string(), nullable=False) for column in resource.key),
            pa.field("updated_at", INSTANT),
            pa.field("payload", pa.string(), nullable=False),
            pa.field("row_hash", pa.string(), nullable=False),
            pa.field("asked_at", INSTANT, nullable=False),
        ]
    )


@dataclass(frozen=True)
class Came:
    """A row that came, as much of it as tells a repeat from a version."""

    number: int
    page: int
    key: Keys
    ticks: int | None
    row_hash: bytes


@dataclass(frozen=True)
class Versions:
    """What is to be made of the rows of one read, by their numbers. Every other row is the only one of its
    key."""

    dropped: Sequence[int] = ()
    """Repeats, and older answers that came later."""
    rounds: Sequence[Sequence[int]] = ()
    """Second versions of keys, third ones, and so on."""
    replaced: Sequence[int] = ()
    """Those that a later version followed."""
    superseded: int = 0
    """Rows that differed from what was kept and were dropped all the same."""


def versions_of(rows: Iterable[Came], *, clock_decides: bool) -> Versions:
    """Which rows are versions and which are not, of those whose keys came more than once, as they came.

    Where one answer holds a key twice, the row with the later clock stays, and the later one where clocks are
    equal. After that, what equals the version before it is a repeat, and an older answer of a lagging replica
    never is the current row.

    Args:
        clock_decides: whether clocks are compared; otherwise what came later is newer.
    """

    def is_older(row: Came, than: Came) -> bool:
        return clock_decides and _order(row.ticks) < _order(than.ticks)

    dropped: list[int] = []
    rounds: list[list[int]] = []
    replaced: list[int] = []
    superseded = 0
    latest: dict[Keys, tuple[Came, int]] = {}
    for _, page in groupby(rows, key=lambda row: row.page):
        kept: dict[Keys, Came] = {}
        for row in page:
            rival = kept.get(row.key)
            if rival is not None and rival.row_hash != row.row_hash:
                superseded += 1
            if rival is not None and rival.row_hash != row.row_hash and is_older(row, rival):
                dropped.append(row.number)
                continue
            if rival is not None:
                dropped.append(rival.number)
            kept[row.key] = row
        for row in kept.values():
            before, number = latest.get(row.key, (None, -1))
            if before is not None and before.row_hash == row.row_hash:
                dropped.append(row.number)
                continue
            if before is not None and is_older(row, before):
                superseded += 1
                dropped.append(row.number)
                continue
            if before is not None:
                replaced.append(before.number)
                if number == len(rounds):
                    rounds.append([])
                rounds[number].append(row.number)
            latest[row.key] = row, number + 1
    return Versions(dropped, rounds, replaced, superseded)


class RowCollector:
    """Turns the pages of one read into Arrow tables, and tells which of their rows are versions."""

    def __init__(self, resource: Resource, account: str, asked_at: datetime) -> None:
        self.schema = raw_schema(resource)
        self.account = account
        self.asked_at = asked_at
        self.read = 0
        """How many records came, those included that cannot be read."""
        self.distinct = 0
        """How many different keys were read, when all have come."""
        self.versions = Versions()
        """What is to be made of the rows, when all have come."""
        self._key = list(resource.key)
        self._clock_decides = resource.clock_decides
        self._account_hash = hashlib.blake2b(account.encode(), digest_size=16)
        self._tables: list[pa.Table] = []
        self._index_schema = pa.schema(
            [
                *((name, pa.string()) for name in self._key),
                ("ticks", pa.int64()),
                ("row_hash", pa.binary(16)),
                ("page", pa.int32()),
                ("number", pa.int64()),
            ]
        )
        self._index: list[pa.Table] = []
        """Of each row that came all that versions_of asks for: some eighty bytes."""
        self._page = 0
        self._unreadable: dict[tuple[Keys, bytes], Record] = {}
        self._begin()

    def _begin(self) -> None:
        self._keys: list[list[str]] = [[] for _ in self._key]
        self._clocks: list[int | None] = []
        self._payloads: list[bytes] = []
        self._hashes: list[bytes] = []
        self._pages = array("i")
        self._size = 0

    def add(self, records: Records) -> None:
        """Takes one page."""
        self.read += len(records)
        self._page += 1
        if not isinstance(records, Columns):
            self._unreadable |= {(one.keys, one.payload): one for one in records if one.fault}
            records = Columns.of([one for one in records if not one.fault], len(self._key))
        for column, more in zip(self._keys, records.keys, strict=True):
            column += more
        self._clocks += records.clocks
        self._payloads += records.payloads
        self._hashes += self._hashes_of(records)
        self._pages.extend([self._page] * len(records))
        self._size += sum(map(len, records.payloads))
        if len(self._payloads) >= ROWS_PER_TABLE or self._size >= BYTES_PER_TABLE:
            self._gather()

    def take(self) -> list[pa.Table]:
        """The tables that are complete."""
        tables, self._tables = self._tables, []
        return tables

    def finish(self) -> list[pa.Table]:
        """The last tables, when all pages have come; and what is to be made of all rows."""
        self._gather()
        index = self._indexed().select(self._key)
        counted = index.group_by(self._key, use_threads=False).aggregate([([], "count_all")])
        self.distinct = counted.num_rows
        if self.distinct < index.num_rows:
            repeated = counted.filter(pc.greater(counted["count_all"], 1)).select(self._key)
            self.versions = self._versions_of(repeated)
        return self.take()

    def _versions_of(self, repeated: pa.Table) -> Versions:
        rows = self._indexed().join(repeated, self._key, join_type="left semi", use_threads=False)
        rows = rows.sort_by("number")
        columns = [rows[name].to_pylist() for name in ("number", "page", "ticks", "row_hash")]
        keys = zip(*(rows[name].to_pylist() for name in self._key), strict=True)
        came = (
            Came(number, page, key, ticks, row_hash)
            for key, (number, page, ticks, row_hash) in zip(keys, zip(*columns, strict=True), strict=True)
        )
        return versions_of(came, clock_decides=self._clock_decides)

    @property
    def keys(self) -> list[Keys]:
        """The different keys that were read, in no order."""
        index = self._indexed().group_by(self._key, use_threads=False).aggregate([])
        return list(zip(*(index[name].to_pylist() for name in self._key), strict=True))

    @property
    def unreadable(self) -> list[Record]:
        """The records that could not be read, each once, without those that another answer told well."""
        found = list(self._unreadable.values())
        read = self.those_of({one.keys for one in found if one.keys})
        return [one for one in found if one.keys not in read]

    def came(self, others: Collection[Keys] = ()) -> pa.Table:
        """The keys that were read so far, as often as they came, and others."""
        self._gather()
        return pa.concat_tables([self._indexed().select(self._key), self._as_table(others)])

    def those_of(self, keys: Collection[Keys]) -> set[Keys]:
        """Those of the keys that were read."""
        if not keys:
            return set()
        found = self._as_table(keys).join(self._indexed().select(self._key), self._key, join_type="left semi")
        return set(zip(*(found[name].to_pylist() for name in self._key), strict=True))

    def _as_table(self, keys: Collection[Keys]) -> pa.Table:
        columns = list(zip(*keys, strict=True)) or [()] * len(self._key)
        return pa.table([pa.array(column, pa.string()) for column in columns], names=self._key)

    def _indexed(self) -> pa.Table:
        return pa.concat_tables(self._index or [self._index_schema.empty_table()])

    def _hashes_of(self, records: Columns) -> list[bytes]:
        hashes = []
        start = self._account_hash
        contents: Sequence[bytes] = records.payloads
        if records.contents:
            contents = [records.contents.get(number, payload) for number, payload in enumerate(contents)]
        for key, content in zip(map(NUL.join, zip(*records.keys, strict=True)), contents, strict=True):
            digest = start.copy()
            digest.update(f"{NUL}{key}{NUL}".encode())
            digest.update(content)
            hashes.append(digest.digest())
        return hashes

    def _gather(self) -> None:
        """Makes a table of what has come."""
        count = len(self._payloads)
        if not count:
            return
        keys = [pa.array(column, pa.string()) for column in self._keys]
        ticks = pa.array(self._clocks, pa.int64())
        hashes = b"".join(self._hashes)
        payloads = _text_array(b"".join(self._payloads), accumulate(map(len, self._payloads), initial=0))
        payloads.validate(full=True)
        columns = [
            pa.repeat(pa.scalar(self.account), count),
            *keys,
            ticks.view(INSTANT),
            payloads,
            _text_array(hashes.hex().encode(), range(0, 32 * count + 1, 32)),
            pa.repeat(pa.scalar(self.asked_at, INSTANT), count),
        ]
        self._tables.append(pa.table(columns, schema=self.schema))
        first = sum(table.num_rows for table in self._index)
        self._index.append(
            pa.table(
                [
                    *keys,
                    ticks,
                    pa.Array.from_buffers(pa.binary(16), count, [None, pa.py_buffer(hashes)]),
                    pa.array(self._pages, pa.int32()),
                    pa.array(range(first, first + count), pa.int64()),
                ],
                schema=self._index_schema,
            )
        )
        self._begin()


def _text_array(data: bytes, offsets: Iterable[int]) -> pa.Array:
    """Texts that lie behind one another; pa.array of single ones costs six times as much."""
    ends = array("i", offsets)
    return pa.Array.from_buffers(pa.utf8(), len(ends) - 1, [None, pa.py_buffer(ends), pa.py_buffer(data)])


def _order(moment: int | None) -> int:
    """A record without a clock is older than every other."""
    return -(2**63) if moment is None else moment
