"""From a provider's page to raw rows: keys, clock and hash beside the record's own bytes.

dlt's scd2 keeps two current rows when one extract brings a key twice, and pages of moving data bring keys
twice. So a repeat is dropped here, and a second version of a key stands behind all first ones: history keeps
both, in order, and a key has one current row. What this needs to remember is one small entry a key, not the
records.

A record that cannot be read (no object, no usable key) costs itself only: it travels with its page as a
Record with a `fault`, is counted and named, and the others are read.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
import pyarrow as pa

from sources._shared.settings import Resource
from sources._shared.verdict import Reason

ROWS_PER_TABLE = 20_000
"""Rows gathered before a table goes to dlt: its cost per table is some milliseconds, a row's microseconds."""

EARLIEST, LATEST = 1900, 2200
"""The years of clocks that can be true. Outside of them a time is a provider's way of saying "never", or a
mistake, and many readers of the warehouse cannot even show it."""

Keys = tuple[str, ...]
S = TypeVar("S")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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


@dataclass(frozen=True)
class Page:
    """One answer of a provider."""

    records: Sequence[Record]
    answered_at: datetime | None = None
    """The server's clock when it answered (HTTP Date)."""
    promised: int | None = None
    """How many records the provider says there are in all; the last page's word counts."""
    told: Mapping[Reason, str] = field(default_factory=dict)
    """What speaks against taking the read for all there is, a sentence each."""
    position: Any = None
    """Where the read goes on after this page, of JSON's kinds; None where it cannot be taken up here."""
    included: Mapping[str, Sequence[Record]] = field(default_factory=dict)
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


def keys_of(records: Iterable[Record]) -> set[Keys]:
    """The different keys of the records."""
    return {record.keys for record in records if record.keys}


def keyless(records: Iterable[Record]) -> int:
    """How many of the records have no key that is known: each is one of those that the provider promised."""
    return sum(1 for record in records if not record.keys)


def text(value: Any) -> str:
    """A key column's value: '' where the provider left it out.

    Raises:
        msgspec.ValidationError: it is of a kind that keys are not.
    """
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd") if "\x00" in value else value
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
    instant = pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            pa.field("account", pa.string(), nullable=False),
            *(pa.field(column, pa.string(), nullable=False) for column in resource.key),
            pa.field("updated_at", instant),
            pa.field("payload", pa.string(), nullable=False),
            pa.field("row_hash", pa.string(), nullable=False),
            pa.field("asked_at", instant, nullable=False),
        ]
    )


class RowCollector:
    """Turns the pages of one read into Arrow tables in which every key occurs once."""

    def __init__(self, resource: Resource, account: str, asked_at: datetime) -> None:
        self.schema = raw_schema(resource)
        self.account = account
        self.asked_at = asked_at
        self.read = 0
        self.superseded = 0
        self._clock_decides = resource.clock_decides
        self._account_hash = hashlib.blake2b(account.encode(), digest_size=16)
        self._latest: dict[str, bytes] = {}
        self._waiting: list[tuple[Record, bytes]] = []
        self._held_back: list[dict[str, tuple[Record, bytes]]] = []
        self._unreadable: dict[tuple[Keys, bytes], Record] = {}

    @property
    def unreadable(self) -> list[Record]:
        """The records that could not be read, each once, without those that another answer told well."""
        return [one for one in self._unreadable.values() if not one.keys or not self.has_read(one.keys)]

    def has_read(self, keys: Keys) -> bool:
        """Whether a record of that key was read."""
        return "\x00".join(keys) in self._latest

    @property
    def keys(self) -> list[Keys]:
        """The different keys that were read, in the order in which they first came."""
        return [tuple(key.split("\x00")) for key in self._latest]

    @property
    def distinct(self) -> int:
        """How many different keys were read."""
        return len(self._latest)

    def add(self, records: Sequence[Record]) -> None:
        """Takes one page. Where one answer holds a key twice, the record with the later clock stays."""
        self.read += len(records)
        page: dict[str, tuple[Record, bytes]] = {}
        for record in records:
            if record.fault:
                self._unreadable[record.keys, record.payload] = record
                continue
            key = "\x00".join(record.keys)
            row_hash = self._row_hash(key, record)
            rival = page.get(key)
            if rival is not None and rival[1] != row_hash:
                self.superseded += 1
                if self._is_older(record, _ticks(rival[0].updated_at)):
                    continue
            page[key] = (record, row_hash)
        for key, (record, row_hash) in page.items():
            self._place(key, record, row_hash)

    def take(self, *, at_least: int = 1) -> pa.Table | None:
        """The rows gathered so far as a table, or None while there are fewer than asked for."""
        if len(self._waiting) < at_least:
            return None
        rows, self._waiting = self._waiting, []
        return self._table(rows)

    def empty(self) -> pa.Table:
        """A table without rows: it makes dlt create the raw table."""
        return self._table([])

    def take_held_back(self) -> list[pa.Table]:
        """The second and later versions of keys, one table a round, in order."""
        rounds, self._held_back = self._held_back, []
        return [self._table(list(versions.values())) for versions in rounds]

    def _place(self, key: str, record: Record, row_hash: bytes) -> None:
        stamp = _ticks(record.updated_at).to_bytes(8, "big", signed=True)
        latest = self._latest.get(key)
        if latest is None:
            self._waiting.append((record, row_hash))
        else:
            if latest[8:] == row_hash:
                return
            if self._is_older(record, int.from_bytes(latest[:8], "big", signed=True)):
                self.superseded += 1  # a lagging replica's older answer: never the current row
                return
            self._hold_back(key, record, row_hash)
        self._latest[key] = stamp + row_hash

    def _is_older(self, record: Record, ticks: int) -> bool:
        return self._clock_decides and _ticks(record.updated_at) < ticks

    def _hold_back(self, key: str, record: Record, row_hash: bytes) -> None:
        for versions in self._held_back:
            if key not in versions:
                versions[key] = (record, row_hash)
                return
        self._held_back.append({key: (record, row_hash)})

    def _row_hash(self, key: str, record: Record) -> bytes:
        digest = self._account_hash.copy()
        content = record.payload if record.content is None else record.content
        digest.update(f"\x00{key}\x00".encode())
        digest.update(content)
        return digest.digest()

    def _table(self, rows: Sequence[tuple[Record, bytes]]) -> pa.Table:
        records = [record for record, _ in rows]
        keys: Sequence[Any] = list(zip(*(record.keys for record in records), strict=True))
        columns = [
            pa.repeat(pa.scalar(self.account), len(rows)),
            *(keys or [[] for _ in range(len(self.schema) - 5)]),
            [record.updated_at for record in records],
            [record.payload.decode() for record in records],
            [row_hash.hex() for _, row_hash in rows],
            pa.repeat(pa.scalar(self.asked_at, self.schema.field("asked_at").type), len(rows)),
        ]
        return pa.table(
            [
                column if isinstance(column, pa.Array) else pa.array(column, field.type)
                for column, field in zip(columns, self.schema, strict=True)
            ],
            schema=self.schema,
        )


def _ticks(moment: datetime | None) -> int:
    """Microseconds since 1970; a record without a clock is older than every other."""
    return -(2**63) if moment is None else (moment - _EPOCH) // _MICROSECOND
