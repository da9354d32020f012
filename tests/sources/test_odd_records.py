"""A record that cannot be read costs that record, at every provider, in every resource."""

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.record import Reply
from sources._shared.errors import BrokenAnswerError
from sources._shared.records import Page
from tests.sources.conftest import client_of, in_list, read

KEYS: dict[tuple[str, str], str] = {
    ("augno", "items"): "id",
    ("sellercloud", "inventory"): "ID",
    ("sellercloud", "warehouses"): "ID",
    ("shipstream", "total_levels"): "product.id",
    ("shipstream", "products"): "id",
    ("shipstream", "warehouse_levels"): "product.id",
    ("shipstream", "warehouses"): "id",
    ("shipstream", "merchants"): "id",
    ("square", "inventory_counts"): "catalog_object_id",
    ("square", "inventory_changes"): "type",
    ("square", "catalog_objects"): "id",
    ("square", "locations"): "id",
    ("ventmere_s2", "warehouses"): "id",
    ("ventmere_s2", "products"): "id",
    ("ventmere_s2", "inventory_items"): "level.productId",
}
"""Where a record of each resource has its key."""


def without(record: dict[str, Any], path: str) -> dict[str, Any]:
    return with_key(record, path, None)


def with_key(record: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    first, _, rest = path.partition(".")
    return {**record, first: with_key(record[first], rest, value) if rest else value}


ODD: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "null": lambda record, path: None,
    "a list": lambda record, path: [record],
    "a text": lambda record, path: json.dumps(record, default=str),
    "no key": without,
    "an empty key": lambda record, path: with_key(record, path, " "),
    "an object as key": lambda record, path: with_key(record, path, {"id": 1}),
    "a fraction as key": lambda record, path: with_key(record, path, Decimal("1.5")),
    "true as key": lambda record, path: with_key(record, path, True),
}


def spoiling(kinds: list[str], path: str) -> Callable[[list[Any]], None]:
    """Spoils as many records as there are kinds, the same ones in every answer that has them."""
    spoilt: list[Any] = []

    def change(records: list[Any]) -> None:
        if not spoilt:
            spoilt.extend(records[: len(kinds)])
        for place, record in enumerate(records):
            if record in spoilt:
                records[place] = ODD[kinds[spoilt.index(record)]](record, path)

    return change


@pytest.fixture
def rewritten(five: Sandbox) -> Iterator[Sandbox]:
    yield five
    five.rewrites.clear()


@pytest.mark.parametrize(("provider", "resource"), KEYS, ids=lambda name: name)
def test_an_odd_record_costs_itself_only(rewritten: Sandbox, provider: str, resource: str) -> None:
    path = KEYS[provider, resource]
    truth = rewritten.truth(provider, resource)
    kinds = list(ODD)
    while kinds:
        now, kinds = kinds[: len(truth) - 1], kinds[len(truth) - 1 :]
        rewritten.rewrites[provider] = in_list(provider, resource, spoiling(now, path))
        pages = read(client_of(rewritten, provider), resource)
        records = [record for page in pages for record in page.records]
        well = {record.keys for record in records if not record.fault}
        odd = {record.payload: record.fault for record in records if record.fault}
        assert len(well) == len(truth) - len(now), "the others are read"
        assert well < truth.keys()
        assert len(odd) == len(now), odd
        assert not [page.told for page in pages if page.told], "nothing is missing"


def stock_of(pages: list[Page]) -> dict[str, str]:
    return {record.keys[0]: record.fault for page in pages for record in page.records}


@pytest.mark.parametrize("body", ["null", "[]", '"sold out"', '{"object": "error"}', "{}"])
def test_an_items_odd_stock_costs_that_item_and_its_key_is_known(rewritten: Sandbox, body: str) -> None:
    items = sorted(rewritten.truth("augno", "items"))
    odd = items[3][0]

    def rewrite(path: str, reply: Reply) -> None:
        if path.endswith(f"/{odd}/inventory"):
            reply.body = body.encode()

    rewritten.rewrites["augno"] = rewrite
    found = stock_of(read(client_of(rewritten, "augno"), "item_inventory", parents=items))
    assert len(found) == len(items)
    assert [key for key, fault in found.items() if fault] == [odd]


HUGE = [
    ("augno", "items", "updated_at"),
    ("sellercloud", "inventory", "LastModifiedDate"),
    ("shipstream", "total_levels", "updated_at"),
    ("square", "inventory_counts", "calculated_at"),
    ("square", "inventory_changes", "transfer"),
    ("ventmere_s2", "inventory_items", "level.updatedAt"),
]


@pytest.mark.parametrize(("provider", "resource", "path"), HUGE)
def test_a_number_that_is_too_large_for_any_type_costs_its_field(
    rewritten: Sandbox, provider: str, resource: str, path: str
) -> None:
    spoil = in_list(
        provider,
        resource,
        lambda records: records.__setitem__(0, with_key(records[0], path, "1e400 as a number")),
    )

    def rewrite(where: str, reply: Reply) -> None:
        spoil(where, reply)
        reply.body = reply.body.replace(b'"1e400 as a number"', b"1e400")

    rewritten.rewrites[provider] = rewrite
    records = [found for page in read(client_of(rewritten, provider), resource) for found in page.records]
    assert {record.keys for record in records} == set(rewritten.truth(provider, resource))
    assert not [record.fault for record in records if record.fault]


CLOCKS = {
    ("augno", "items"): "updated_at",
    ("sellercloud", "inventory"): "LastModifiedDate",
    ("shipstream", "total_levels"): "updated_at",
    ("shipstream", "warehouse_levels"): "updated_at",
    ("shipstream", "products"): "updated_at",
    ("square", "inventory_counts"): "calculated_at",
    ("square", "catalog_objects"): "updated_at",
    ("ventmere_s2", "products"): "updatedAt",
    ("ventmere_s2", "inventory_items"): "level.updatedAt",
}
NEVER = [
    "9999-12-31T23:59:59",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1899-12-31T23:59:59.999999Z",
    "2201-01-01T00:00:00Z",
    "2026-01-05T08:00:00+99:99",
    "infinity",
]


@pytest.mark.parametrize(("provider", "resource"), CLOCKS, ids=lambda name: name)
def test_a_time_that_cannot_be_is_no_clock(rewritten: Sandbox, provider: str, resource: str) -> None:
    path = CLOCKS[provider, resource]

    def tell(records: list[Any]) -> None:
        for number, record in enumerate(records):
            told = with_key(record, path, NEVER[number % len(NEVER)])
            records[number] = {**told, "LastAggregateDate": None} if "LastAggregateDate" in told else told

    rewritten.rewrites[provider] = in_list(provider, resource, tell)
    pages = read(client_of(rewritten, provider), resource)
    assert {record.updated_at for page in pages for record in page.records} == {None}


HALVES = {
    "half an emoji, escaped": rb"\ud83d",
    "the other half": rb"\uDE00",
    "half an emoji, as bytes": b"\xed\xa0\xbd",
    "Latin-1": b"\xe9",
}


@pytest.mark.parametrize(("provider", "resource"), KEYS, ids=lambda name: name)
def test_what_is_no_text_is_the_replacement_character(
    rewritten: Sandbox, provider: str, resource: str
) -> None:
    path = KEYS[provider, resource]

    def spoil(records: list[Any]) -> None:
        for number, kind in enumerate(list(HALVES)[: len(records)]):
            records[number] = with_key(records[number], path, f"cup{number} {kind}")

    spoilt = in_list(provider, resource, spoil)

    def rewrite(where: str, reply: Reply) -> None:
        spoilt(where, reply)
        for kind, half in HALVES.items():
            reply.body = reply.body.replace(f" {kind}".encode(), half)

    rewritten.rewrites[provider] = rewrite
    records = [one for page in read(client_of(rewritten, provider), resource) for one in page.records]
    odd = [one for one in records if any("\ufffd" in key for key in one.keys)]
    read_so = {
        cup
        for one in odd
        for cup in re.findall("cup[0-9]\ufffd", json.dumps(json.loads(one.payload), ensure_ascii=False))
    }
    assert read_so == {
        f"cup{number}\ufffd" for number in range(min(len(HALVES), len(rewritten.truth(provider, resource))))
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("provider", ["augno", "sellercloud", "shipstream", "square", "ventmere_s2"])
def test_a_byte_order_mark_is_no_fault(rewritten: Sandbox, provider: str, encoding: str) -> None:
    def rewrite(path: str, reply: Reply) -> None:
        reply.body = reply.body.decode().encode(encoding)

    rewritten.rewrites[provider] = rewrite
    resource = {"augno": "items", "square": "locations"}.get(provider, "warehouses")
    pages = read(client_of(rewritten, provider), resource)
    keys = {record.keys for page in pages for record in page.records}
    assert keys == set(rewritten.truth(provider, resource))


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 05 Jan 99999 08:00:00 GMT",
        "Mon, 05 Jan 9999 08:00:00 GMT",
        "Mon, 05 Jan 99999999999999999999 08:00:00 GMT",
        "Mon, 05 Jan 2026 08:00:00 +9999",
        "yesterday",
        "",
    ],
)
def test_a_date_header_that_cannot_be_is_no_date(rewritten: Sandbox, date: str) -> None:
    rewritten.rewrites["square"] = lambda path, reply: reply.headers.update(Date=date)
    client = client_of(rewritten, "square")
    assert [page.answered_at for page in read(client, "locations")] == [None]
    assert client.api.server_clock is None


def test_a_snapshot_without_its_list_is_broken_and_never_empty(rewritten: Sandbox, impatient: None) -> None:
    rewritten.rewrites["ventmere_s2"] = lambda path, reply: setattr(reply, "body", b'{"items": null}')
    with pytest.raises(BrokenAnswerError, match="is not what was promised"):
        read(client_of(rewritten, "ventmere_s2"), "warehouses")
