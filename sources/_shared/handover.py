"""How the rows of one read get to the destination.

To ours (pipelines/dlt_internals.py) as one Parquet file, which dlt links into its package as it is. dlt's
destination state, which travels in the package, tells what the rows are: all there is of an account, which
are repeats, and which are later versions of keys that came before. Any other destination of dlt gets Arrow
tables with the newest version of each key, and is told by the merge key that they are all there is.
"""

import tempfile
import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import dlt
import pyarrow as pa
import pyarrow.parquet as pq

from sources._shared.records import INSTANT
from sources._shared.rows import Versions

ROWS_FORMAT: Literal["parquet"] = "parquet"
"""How rows travel to the warehouse; dlt's own format for DuckDB is 14 times slower on ours."""

VALIDITY = ("_dlt_valid_from", "_dlt_valid_to")
"""Columns that dlt expects in the file. The destination fills them."""


@dataclass(frozen=True)
class Told:
    """What the destination is told of a table's rows."""

    whole: str | None = None
    """The account of which they are all there is, so that other current rows of it are gone."""
    dropped: Sequence[int] = ()
    """The numbers of rows that are not loaded."""
    rounds: Sequence[Sequence[int]] = ()
    """The numbers of rows that are second versions of their keys, of those that are third ones, and so on."""


def told_of(state: Mapping[str, Any], table: str) -> Told:
    """What a package's destination state tells of a table."""
    return Told(**state.get("tables", {}).get(table, {}))


class ReadRows:
    """The rows of one read in a file, until all have come.

    Args:
        folder: where the file is made for our destination; it is not removed. None for any other
            destination: then it is temporary.
    """

    def __init__(self, schema: pa.Schema, folder: Path | None, resource: str) -> None:
        self._schema, self._resource = schema, resource
        self._path = None if folder is None else folder / f"{resource}.{ROWS_FORMAT}"
        if self._path is None:
            self._file: Any = tempfile.TemporaryFile()  # noqa: SIM115  closed by __exit__
        else:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)  # an older package may be linked to it
            self._file = self._path.open("wb")
        self._whole_schema = schema
        for name in VALIDITY:
            self._whole_schema = self._whole_schema.append(pa.field(name, INSTANT))
        told_apart = ("updated_at", "payload", "row_hash")
        self._writer = pq.ParquetWriter(
            self._file,
            self._whole_schema,
            compression="lz4",
            use_dictionary=[name for name in schema.names if name not in told_apart],
            write_statistics=False,
        )
        self._close = weakref.finalize(self, _close, self._writer, self._file)
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def add(self, tables: Iterable[pa.Table]) -> None:
        """Keeps rows, numbered as they come."""
        for table in tables:
            nulls = pa.nulls(table.num_rows, INSTANT)
            for name in VALIDITY:
                table = table.append_column(name, nulls)
            self._writer.write_table(table.cast(self._whole_schema), row_group_size=max(1, table.num_rows))
            self._count += table.num_rows

    def handed_over(self, account: str, versions: Versions, *, is_whole: bool = False) -> Iterator[Any]:
        """What to give to dlt, when all rows have come.

        Args:
            is_whole: whether they are all there is of the account. Said with the last rows, so that a read
                which breaks off before never retires anything.
        """
        self._writer.close()
        empty = self._schema.empty_table()
        if self._path is None:
            yield empty  # makes dlt create the raw table
            yield from self._without({*versions.dropped, *versions.replaced})
            if is_whole:
                yield dlt.mark.with_hints(empty, dlt.mark.make_hints(merge_key=["account"]))
        else:
            self._file.close()
            told = Told(account if is_whole else None, versions.dropped, versions.rounds)
            dlt.current.destination_state().setdefault("tables", {})[self._resource] = asdict(told)
            yield dlt.mark.with_file_import(str(self._path), ROWS_FORMAT, self._count, empty)

    def _without(self, numbers: Collection[int]) -> Iterator[pa.Table]:
        self._file.seek(0)
        stored = pq.ParquetFile(self._file)
        first = 0
        for group in range(stored.num_row_groups):
            table = stored.read_row_group(group, columns=self._schema.names).cast(self._schema)
            last = first + table.num_rows
            if numbers:
                table = table.filter(pa.array([n not in numbers for n in range(first, last)], pa.bool_()))
            yield table
            first = last


def _close(writer: pq.ParquetWriter, file: Any) -> None:
    writer.close()
    file.close()
