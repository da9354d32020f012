"""What a provider's answer holds: pages of records, with keys and clock beside each record's own bytes.

A page is read in columns, a few lists made in C; one in which any record is odd is read record by record.
A record that cannot be read (no object, no usable key) costs itself only: it travels with its page as a
Record with a `fault`, is counted and named, and the others are read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, Self, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from sources._shared.verdict import Reason

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


def ticks(moment: datetime | None) -> int | None:
    """Microseconds since 1970."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND
