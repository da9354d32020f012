"""From a provider's page to raw rows: keys, clock and hash beside the record's own bytes.

A page is read in columns, a few lists made in C; one in which any record is odd is read record by record.
A record that cannot be read (no object, no usable key) costs itself only: it travels with its page as a
Record with a `fault`, is counted and named, and the others are read.

Pages of moving data bring keys twice. What is a repeat and what a later version is found when all have come,
by the keys, clocks and hashes of those keys alone (`versions_of`): payloads go to the disk as they come.
"""

import hashlib
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate, groupby
from typing import Any, Generic, NamedTuple, Self, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from sources._shared.settings import Resource
from sources._shared.verdict import Reason

ROWS_PER_TABLE = 20_000
"""Rows gathered before a table is made: a table costs some milliseconds, a row microseconds."""
BYTES_PER_TABLE = 2**25
"""Bytes of payloads after which a table is made all the same."""

EARLIEST, LATEST = 1900, 2200
"""The years of clocks that can be true. Outside of them a time is a provider's way of saying "never", or a
mistake, and many readers of the warehouse cannot even show it."""

Keys = tuple[str, ...]
S = TypeVar("S")

INSTANT = pa.timestamp("us", tz="UTC")
NUL = "\x00"
"""What no key has in it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST_TICK, _END_OF_TICKS = (
    (datetime(y, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND for y in (EARLIEST, LATEST + 1)
)


class Record(NamedTuple):
    """One record as the provider sent it."""

    keys: Keys
    """The values of the resource's key columns; '' where the provider left one out. Of a record that cannot
    be read, () where its key is not known."""
    updated_at: datetime | None
    """The provider's clock for the record, as an instant."""
    payload: bytes
    """The record's JSON text, byte for byte."""
    content: bytes | None = None
    """What counts as a change, where that is not the payload."""
    fault: str = ""
    """Why it cannot be read; '' where it can."""


class Columns(msgspec.Struct, frozen=True):
    """The records of a page, all of which could be read, in columns."""

    keys: list[list[str]]
    """A list for each key column."""
    clocks: list[int | None]
    """Microseconds since 1970."""
    payloads: list[bytes]
    contents: dict[int, bytes] = {}
    """What counts as a change, where that is not the payload, by place."""

    def __len__(self) -> int:
        return len(self.payloads)

    def __iter__(self) -> Iterator[Record]:
        keys = zip(*self.keys, strict=True)
        for number, (key, ticks, payload) in enumerate(zip(keys, self.clocks, self.payloads, strict=True)):
            clock = None if ticks is None else _EPOCH + ticks * _MICROSECOND
            yield Record(key, clock, payload, self.contents.get(number))

    @classmethod
    def of(cls, records: Sequence[Record], width: int) -> Self:
        """Records that were read one by one.

        Args:
            width: how many key columns there are.
        """
        keys = [list(column) for column in zip(*(record.keys for record in records), strict=True)]
        return cls(
            keys or [[] for _ in range(width)],
            [ticks(record.updated_at) for record in records],
            [record.payload for record in records],
            {n: one.content for n, one in enumerate(records) if one.content is not None},
        )


Records = Sequence[Record] | Columns
"""A page's records, in order."""


@dataclass(frozen=True)
class Page:
    """One answer of a provider."""

    records: Records
    answered_at: datetime | None = None
    """The server's clock when it answered (HTTP Date)."""
    promised: int | None = None
    """How many records the provider says there are in all; the last page's word counts."""
    told: Mapping[Reason, str] = field(default_factory=dict)
    """What speaks against taking the read for all there is, a sentence each."""
    position: Any = None
    """Where the read goes on after this page, of JSON's kinds; None where it cannot be taken up here."""
    included: Mapping[str, Records] = field(default_factory=dict)
    """Records of other resources that came along, by resource."""


class KeyFields(Generic[S]):
    """Reads the keys and clocks of a record, and no more of it. A field whose value cannot be used is None.

    Args:
        shape: a msgspec struct of those fields, each of them Any.
    """

    def __init__(self, shape: type[S]) -> None:
        self._shape = shape
        self._decode = msgspec.json.Decoder(shape).decode

    def __call__(self, raw: msgspec.Raw) -> S:
        """The fields.

        Raises:
            msgspec.MsgspecError: it is not an object.
        """
        try:
            return self._decode(raw)
        except msgspec.ValidationError:
            return msgspec.convert(_usable(raw, dict[str, msgspec.Raw]), self._shape)


def _usable(raw: msgspec.Raw, kind: Any = Any) -> Any:
    """A value without those of its members that are nothing here, such as the number 1e400."""
    try:
        found = msgspec.json.decode(raw, type=kind)
        if kind is Any:
            return found
    except msgspec.ValidationError:
        if kind is not Any:
            raise
        if not bytes(raw).lstrip().startswith(b"{"):
            return None
        found = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    return {name: _usable(member) for name, member in found.items()}


def columns_or_records(
    raws: Sequence[msgspec.Raw],
    to_columns: Callable[[Sequence[msgspec.Raw]], Columns],
    to_record: Callable[[msgspec.Raw], Record],
) -> Records:
    """A page's records at once, in columns; where one of them does not go in there, one by one."""
    try:
        return to_columns(raws)
    except msgspec.MsgspecError:
        return records_of(raws, to_record)


def records_of(raws: Iterable[msgspec.Raw], to_record: Callable[[msgspec.Raw], Record]) -> list[Record]:
    """A page's records, in order; one that cannot be read is among them with its fault."""
    records = []
    for raw in raws:
        try:
            records.append(to_record(raw))
        except msgspec.MsgspecError as error:
            records.append(unreadable(bytes(raw), error))
    return records


def unreadable(payload: bytes, error: msgspec.MsgspecError, keys: Keys = ()) -> Record:
    """A record that cannot be read, and why.

    Args:
        keys: where they are known all the same.
    """
    kinds = {b"n": "it is null", b"[": "it is a list", b"{": str(error)}
    return Record(keys, None, payload, fault=kinds.get(payload.lstrip()[:1], "it is not an object"))


def keys_of(records: Records) -> set[Keys]:
    """The different keys of the records."""
    if isinstance(records, Columns):
        return set(zip(*records.keys, strict=True))
    return {record.keys for record in records if record.keys}


def keyless(records: Records) -> int:
    """How many of the records have no key that is known: each is one of those that the provider promised."""
    return 0 if isinstance(records, Columns) else sum(1 for record in records if not record.keys)


def prefixed(records: Records, prefix: Keys) -> Records:
    """The same records, with these values before their keys."""
    if not prefix:
        return records
    if isinstance(records, Columns):
        return msgspec.structs.replace(
            records, keys=[*([value] * len(records) for value in prefix), *records.keys]
        )
    return [record._replace(keys=(*prefix, *record.keys)) if record.keys else record for record in records]


def identities(values: list[str]) -> list[str]:
    """Keys that records cannot do without, which have to be texts.

    Raises:
        msgspec.ValidationError: one of them wants a closer look.
    """
    if not all(map(str.strip, values)):
        raise msgspec.ValidationError("one has no key")
    return texts(values)


def texts(values: list[str]) -> list[str]:
    """Values of a key column, which have to be texts.

    Raises:
        msgspec.ValidationError: one of them wants a closer look.
    """
    if NUL in "".join(values):
        raise msgspec.ValidationError("one has a NUL in it")
    return values


def instants(values: list[str | None]) -> list[int | None]:
    """RFC 3339 instants in microseconds since 1970. What Arrow does not read is read one by one."""
    try:
        found = pa.array(values, pa.string()).cast(INSTANT).cast(pa.int64())
    except pa.ArrowInvalid:
        return [ticks(instant(value)) for value in values]
    bounds = pc.min_max(found).as_py().values()
    if any(one is not None and not _FIRST_TICK <= one < _END_OF_TICKS for one in bounds):
        return [ticks(instant(value)) for value in values]
    return found.to_pylist()  # type: ignore[no-any-return]


def text(value: Any) -> str:
    """A key column's value: '' where the provider left it out.

    Raises:
        msgspec.ValidationError: it is of a kind that keys are not.
    """
    if isinstance(value, str):
        return value.replace(NUL, "\ufffd") if NUL in value else value
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise msgspec.ValidationError("its key is neither text nor a whole number")


def identity(value: Any) -> str:
    """A key that a record cannot do without: records without one would all become one row.

    Raises:
        msgspec.ValidationError: there is none, or none that can be used.
    """
    found = text(value)
    if not found or found.isspace():
        raise msgspec.ValidationError("it has no key")
    return found


def instant(value: Any) -> datetime | None:
    """An RFC 3339 instant; None for anything else. No offset means UTC; digits past microseconds are cut."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return believable(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def believable(moment: datetime) -> datetime | None:
    """The moment in UTC; None where its year lies outside of those that a clock can show."""
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:  # in UTC it lies before year 1 or after 9999
        return None
    return moment if EARLIEST <= moment.year <= LATEST else None


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
        counted = self._indexed().select(self._key).group_by(self._key).aggregate([([], "count_all")])
        self.distinct = counted.num_rows
        repeated = counted.filter(pc.field("count_all") > 1).select(self._key)
        if repeated.num_rows:
            self.versions = self._versions_of(repeated)
        return self.take()

    def _versions_of(self, repeated: pa.Table) -> Versions:
        rows = self._indexed().join(repeated, self._key, join_type="left semi").sort_by("number")
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
        index = self._indexed().select(self._key).group_by(self._key).aggregate([])
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
        return pa.concat_tables([self._index_schema.empty_table(), *self._index])

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
            ticks.cast(INSTANT),
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


def ticks(moment: datetime | None) -> int | None:
    """Microseconds since 1970."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def _order(moment: int | None) -> int:
    """A record without a clock is older than every other."""
    return -(2**63) if moment is None else moment
