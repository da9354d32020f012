"""The least that a first load can cost in Python: httpx, msgspec, pyarrow and DuckDB, and nothing kept.

No versions, no watermark, no second try, no log. `python -m benchmarks.by_hand PROVIDER URL DATABASE`.
"""

import sys
from collections.abc import Iterator

import duckdb
import httpx
import msgspec
import pyarrow as pa

ROWS_AT_ONCE = 20_000


class Product(msgspec.Struct, gc=False):
    """What is taken out of a product, beside its bytes."""

    ID: str
    LastModifiedDate: str
    LastAggregateDate: str


class Products(msgspec.Struct):
    """A page of Sellercloud."""

    Items: list[msgspec.Raw]
    TotalResults: int


class Count(msgspec.Struct, gc=False):
    """A count has no more than this."""

    catalog_object_id: str
    location_id: str
    state: str
    quantity: str
    calculated_at: str


class Counts(msgspec.Struct):
    """A page of Square."""

    counts: list[Count]
    cursor: str | None = None


def sellercloud(client: httpx.Client) -> Iterator[list[tuple[str, ...]]]:
    """Pages of rows: keys, clocks and the payload."""
    read, look, number = msgspec.json.Decoder(Products).decode, msgspec.json.Decoder(Product).decode, 0
    while True:
        number += 1
        page = read(client.get(f"/rest/api/inventory?model.pageNumber={number}&model.pageSize=50").content)
        found = [(look(raw), raw) for raw in page.Items]
        yield [
            (one.ID, one.LastModifiedDate, one.LastAggregateDate, bytes(raw).decode()) for one, raw in found
        ]
        if number * 50 >= page.TotalResults:
            return


def square(client: httpx.Client) -> Iterator[list[tuple[str, ...]]]:
    """Pages of rows: all there is of a count."""
    read, cursor = msgspec.json.Decoder(Counts).decode, None
    while True:
        body = {"limit": 1000, **({"cursor": cursor} if cursor else {})}
        page = read(client.post("/v2/inventory/counts/batch-retrieve", json=body).content)
        yield [
            (one.catalog_object_id, one.location_id, one.state, one.quantity, one.calculated_at)
            for one in page.counts
        ]
        cursor = page.cursor
        if not cursor:
            return


def load(provider: str, url: str, path: str) -> None:
    """Reads everything into one table."""
    rows: list[tuple[str, ...]] = []
    with httpx.Client(base_url=url, timeout=60) as client, duckdb.connect(path) as connection:
        width = {"sellercloud": 4, "square": 5}[provider]
        connection.execute(f"create table rows ({', '.join(f'column{n} varchar' for n in range(width))})")
        for page in {"sellercloud": sellercloud, "square": square}[provider](client):
            rows += page
            if len(rows) >= ROWS_AT_ONCE:
                _insert(connection, rows)
                rows = []
        _insert(connection, rows)


def _insert(connection: duckdb.DuckDBPyConnection, rows: list[tuple[str, ...]]) -> None:
    if rows:
        columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
        found = pa.table(columns, names=[f"column{n}" for n in range(len(columns))])  # noqa: F841 - DuckDB sees it
        connection.execute("insert into rows select * from found")


if __name__ == "__main__":
    load(*sys.argv[1:])
