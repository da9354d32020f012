"""The user's file of matches: which products are one item where codes do not say it."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from pipelines.errors import ConfigurationError, words_of
from pipelines.registry import PROVIDERS

FILE = "item_matches.csv"


class Match(NamedTuple):
    """A product, and the user's own code for the item that it is; without one it stands alone."""

    provider: str
    account: str
    product_id: str
    item_code: str


def read_matches(folder: Path, written: str | None) -> Sequence[Match]:
    """The file's lines; none where there is no file and none is asked for.

    Args:
        written: its path as the user wrote it, if so.

    Raises:
        ConfigurationError: a line cannot be used.
    """
    path = folder / Path(written or FILE).expanduser()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # Excel begins with a byte order mark
            return list(_matches(path, csv.reader(file)))
    except FileNotFoundError:
        if written is None:
            return ()
        raise ConfigurationError(f"stocktake.item_matches: there is no file {path}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
    except csv.Error as error:
        raise ConfigurationError(f"{path} is not CSV: {error}.") from None
    except OSError as error:
        raise ConfigurationError(words_of(error)) from None


def write_matches(connection: duckdb.DuckDBPyConnection, matches: Sequence[Match]) -> None:
    """Puts them beside the raw tables, where the models read them; writes nothing where they are there.

    Every command that opens the warehouse calls this, and DuckDB takes long to insert one by one.
    """
    rows = [(*match[:3], match.item_code or None) for match in matches]
    if set(connection.execute("from raw_stocktake.item_matches").fetchall()) == set(rows):
        return
    connection.execute("delete from raw_stocktake.item_matches")
    if rows:
        connection.executemany("insert into raw_stocktake.item_matches values (?, ?, ?, ?)", rows)


def _matches(path: Path, lines: Any) -> Iterator[Match]:
    head = [name.strip() for name in next(lines, [])]
    if sorted(head) != sorted(Match._fields):
        raise ConfigurationError(
            f"{path}: the first line names the columns {', '.join(Match._fields)}, and here it is"
            f" {', '.join(head) or 'empty'}."
        )
    seen: dict[tuple[str, ...], int] = {}
    for cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{path}, line {lines.line_num}"
        if len(cells) != len(head):
            raise ConfigurationError(f"{where} has {len(cells)} values for {len(head)} columns.")
        match = Match(**{name: cell.strip() for name, cell in zip(head, cells, strict=True)})
        if match.provider not in PROVIDERS:
            raise ConfigurationError(f"{where}: {match.provider!r} is none of {', '.join(PROVIDERS)}.")
        if not match.account or not match.product_id:
            raise ConfigurationError(f"{where}: account and product_id are needed.")
        first = seen.setdefault(match[:3], lines.line_num)
        if first != lines.line_num:
            raise ConfigurationError(f"{where}: {match.product_id} is in line {first} too. Keep one.")
        yield match
