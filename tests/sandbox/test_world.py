"""Everything odd that the provider notes list (square.md §9, ventmere_s2.md §9) is in the smallest world."""

import re
import struct
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from sandbox import SIZES, Sandbox
from sandbox.clock import Clock
from sandbox.world import World
from tests.sandbox.asking import CATALOG_TYPES, WHOLE_CATALOG, count_key, counts, overview, scan

SEEDS = (7, 1, 42)


@pytest.fixture(params=SEEDS, scope="module")
def world(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(request.param) as running:
        yield running


@pytest.fixture(scope="module")
def shop_counts(world: Sandbox) -> list[dict[str, Any]]:
    """Counts in the order they are served."""
    headers = {"Authorization": f"Bearer {world.settings('square')['access_token']}"}
    with httpx.Client(base_url=world.base_url("square"), headers=headers) as client:
        return counts(client, limit=100)


@pytest.fixture(scope="module")
def objects(world: Sandbox) -> dict[str, dict[str, Any]]:
    return {key: found for (key,), found in world.truth("square", "catalog_objects").items()}


@pytest.fixture(scope="module")
def variations(objects: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [found["item_variation_data"] for found in objects.values() if found["type"] == "ITEM_VARIATION"]


@pytest.fixture(scope="module")
def stock(world: Sandbox) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {world.settings('ventmere_s2')['access_token']}"}
    with httpx.Client(base_url=world.base_url("ventmere_s2"), headers=headers) as client:
        return overview(client)


def has_check_digit(code: str) -> bool:
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(code))) % 10 == 0


# Square


def test_ties_cross_the_border_of_a_page_of_100(shop_counts: list[dict[str, Any]]) -> None:
    assert len(shop_counts) > 200
    borders = [shop_counts[place - 1 : place + 1] for place in range(100, len(shop_counts), 100)]
    assert any(last["calculated_at"] == first["calculated_at"] for last, first in borders)


def test_calculated_at_is_spelt_in_every_way(shop_counts: list[dict[str, Any]]) -> None:
    ways = Counter(re.sub(r"\d", "9", count["calculated_at"][19:]) for count in shop_counts)
    assert set(ways) == {".999Z", "Z", ".999999Z", "+99:99"}
    assert ways["Z"] >= 2


def test_counts_come_newest_first_whatever_their_spelling(
    world: Sandbox, shop_counts: list[dict[str, Any]]
) -> None:
    counted_at = world.world.data["square"].counted_at
    moments = [counted_at[count_key(count)] for count in shop_counts]
    assert moments == sorted(moments, reverse=True)


def test_quantities_are_text_of_every_kind(shop_counts: list[dict[str, Any]]) -> None:
    quantities = [count["quantity"] for count in shop_counts]
    assert all(re.fullmatch(r"-?\d+(\.\d{1,5})?", quantity) for quantity in quantities)
    assert {"1.0", "0.33333", "12.5"} <= set(quantities)
    assert any(quantity.startswith("-") for quantity in quantities)


def test_states_are_those_of_the_notes_and_one_that_nobody_knows(shop_counts: list[dict[str, Any]]) -> None:
    states = Counter(count["state"] for count in shop_counts)
    assert states["SOMETHING_NEW"] == 1
    assert {"IN_STOCK", "WASTE", "RETURNED_BY_CUSTOMER", "RECEIVED_FROM_VENDOR"} <= set(states)
    assert {"RESERVED_FOR_SALE", "IN_TRANSIT", "ORDERED_FROM_VENDOR"} & set(states)
    assert not {"NONE", "SOLD", "UNLINKED_RETURN"} & set(states)


def test_two_counts_are_of_items(
    shop_counts: list[dict[str, Any]], objects: dict[str, dict[str, Any]]
) -> None:
    for count in shop_counts:
        assert objects[count["catalog_object_id"]]["type"] == count["catalog_object_type"]
    assert Counter(count["catalog_object_type"] for count in shop_counts)["ITEM"] == 2


def test_some_counts_are_of_a_deleted_variation(
    shop_counts: list[dict[str, Any]], objects: dict[str, dict[str, Any]]
) -> None:
    assert any(objects[count["catalog_object_id"]]["is_deleted"] for count in shop_counts)


def test_some_counts_are_at_the_inactive_location(world: Sandbox, shop_counts: list[dict[str, Any]]) -> None:
    places = world.truth("square", "locations").values()
    (inactive,) = [place["id"] for place in places if place["status"] == "INACTIVE"]
    assert any(count["location_id"] == inactive for count in shop_counts)
    assert "MOBILE" in {place["type"] for place in places}
    assert all(re.fullmatch("[A-Z2-7]{13}", place["id"]) for place in places)


def test_is_estimated_is_false_or_absent(shop_counts: list[dict[str, Any]]) -> None:
    said = [count["is_estimated"] for count in shop_counts if "is_estimated" in count]
    assert set(said) == {False}
    assert len(said) < len(shop_counts) / 10


def test_skus_are_blank_repeated_and_zero_led(variations: list[dict[str, Any]]) -> None:
    skus = Counter(variation["sku"] for variation in variations)
    assert skus[""] >= 1
    assert skus["SKU-TWICE"] >= 2
    assert any(re.fullmatch(r"0+\d+[A-Z]", sku) for sku in skus)


def test_upcs_are_valid_and_of_12_or_13_digits_and_each_its_own(variations: list[dict[str, Any]]) -> None:
    upcs = [variation["upc"] for variation in variations if "upc" in variation]
    assert {len(upc) for upc in upcs} == {12, 13}
    assert all(map(has_check_digit, upcs))
    assert len(set(upcs)) == len(upcs) < len(variations)
    assert any(upc.startswith("0") for upc in upcs)


def test_names_are_of_every_kind(
    objects: dict[str, dict[str, Any]], variations: list[dict[str, Any]]
) -> None:
    items = [found["item_data"]["name"] for found in objects.values() if found["type"] == "ITEM"]
    names = items + [variation["name"] for variation in variations]
    for part in ('"', ",", "ü", "听", "🎁"):
        assert any(part in name for name in names), part
    assert max(map(len, names)) == 512


def test_the_catalogue_is_of_four_types_two_levels_and_up_to_twelve_variations(
    objects: dict[str, dict[str, Any]], variations: list[dict[str, Any]]
) -> None:
    assert {found["type"] for found in objects.values()} == set(CATALOG_TYPES)
    categories = [found["category_data"] for found in objects.values() if found["type"] == "CATEGORY"]
    assert {category["is_top_level"] for category in categories} == {True, False}
    assert len(categories) >= 5
    assert max(Counter(variation["item_id"] for variation in variations).values()) == 12
    assert all(re.fullmatch("[A-Z2-7]{24}", object_id) for object_id in objects)


# Ventmere S2


def test_some_levels_are_orphans_and_one_id_is_no_uuid(stock: dict[str, Any]) -> None:
    products = {product["id"] for product in stock["products"]}
    orphans = {item["level"]["productId"] for item in stock["items"]} - products
    assert len(orphans) >= 2
    assert sum(len(orphan) == 35 for orphan in orphans) == 1


def test_one_warehouse_has_no_levels(stock: dict[str, Any]) -> None:
    idle = {warehouse["id"] for warehouse in stock["warehouses"]} - {
        item["warehouseId"] for item in stock["items"]
    }
    assert len(idle) == 1
    assert {warehouse["unitSystem"] for warehouse in stock["warehouses"]} == {"METRIC", "IMPERIAL"}


def test_levels_are_of_every_kind(stock: dict[str, Any]) -> None:
    levels = [item["level"] for item in stock["items"]]
    assert any(level["available"] < 0 for level in levels)
    assert any(level["available"] == 0 and level["reserved"] < 0 for level in levels)
    assert all(level["reserved"] <= 0 for level in levels)
    assert {level["incoming"] > 0 for level in levels} == {True, False}
    assert all({type(value) for value in level.values()} == {int, str} for level in levels)


def test_level_times_tie_and_some_have_no_microseconds(stock: dict[str, Any]) -> None:
    times = Counter(item["level"]["updatedAt"] for item in stock["items"])
    assert times.most_common(1)[0][1] > 20
    assert any(at.endswith(".000000Z") for at in times)


def test_brands_and_codes_are_missing_or_short(stock: dict[str, Any]) -> None:
    products = stock["products"]
    empty = [product["brand"]["id"] for product in products if product["brand"]["name"] == ""]
    assert len(empty) > 2
    assert len(set(empty)) == 1
    codes = [product["gtin"] for product in products]
    assert "" in codes
    assert "871160888" in codes


def test_two_organizations_share_a_name(world: Sandbox, stock: dict[str, Any]) -> None:
    nested = [found["organization"] for found in stock["warehouses"] + stock["products"]]
    organizations = {organization["id"]: organization["name"] for organization in nested}
    assert len(organizations) == 3
    assert len(set(organizations.values())) == 2
    assert {product["organization"]["id"] for product in stock["products"]} == {
        world.apis["ventmere_s2"].organization_id
    }


def test_measures_are_32_bit_floats_of_up_to_eight_digits(stock: dict[str, Any]) -> None:
    names = [name for name in stock["products"][0] if name.endswith(("Mm", "Kg"))]
    measures = [product[name] for product in stock["products"] for name in names]
    for measure in measures:
        (single,) = struct.unpack("f", struct.pack("f", measure))
        assert measure in [float(f"{single:.{digits}g}") for digits in (6, 7, 8)]
    assert any(measure.is_integer() and measure for measure in measures)
    assert sum(product["caseLengthMm"] == 0.0 for product in stock["products"]) > len(stock["products"]) / 3
    assert {product["casePack"] for product in stock["products"]} == {0, 1, 2, 6, 12, 24}


def test_products_have_odd_parts(stock: dict[str, Any]) -> None:
    products = stock["products"]
    assert any(product["unknown"] for product in products)
    assert {bool(product["otherIds"]) for product in products} == {True, False}
    pictures = "".join(product["imageMain"] for product in products)
    for part in ("听雨", "vert", "Grüne"):
        assert part in pictures


# Both


def test_goods_of_both_systems_share_codes(
    world: Sandbox, stock: dict[str, Any], variations: list[dict[str, Any]]
) -> None:
    theirs = {product["gtin"].lstrip("0") for product in stock["products"]}
    shared = [v for v in variations if v.get("upc", "").lstrip("0") in theirs - {""}]
    assert len(shared) > 10
    skus = {product["sku"].casefold() for product in stock["products"]}
    assert sum(v["sku"].casefold() in skus for v in variations if v["sku"]) > 10
    assert {v["sku"] for v in variations} - {product["sku"] for product in stock["products"]}
    upcs = {v["upc"] for v in variations if "upc" in v}
    assert any(product["gtin"][:1] == "0" and product["gtin"][1:] in upcs for product in stock["products"])


def test_one_gtin_is_ambiguous(stock: dict[str, Any]) -> None:
    valid = Counter(
        product["gtin"].lstrip("0")
        for product in stock["products"]
        if len(product["gtin"]) > 11 and has_check_digit(product["gtin"])
    )
    assert [times for times in valid.values() if times > 1] == [2]


def test_sizes_grow_and_the_largest_is_built_and_paged_in_seconds() -> None:
    clock = Clock(datetime(2026, 1, 5, tzinfo=UTC))
    sizes = [len(World(7, size, clock, ["square"]).data["square"].counts) for size in SIZES[:2]]
    start = time.monotonic()
    with Sandbox(size=SIZES[-1]) as sandbox:
        assert time.monotonic() - start < 15, "a few seconds on an idle machine"
        sizes.append(len(sandbox.world.data["square"].counts))
        sandbox.switches["square"].paging = "keyed"
        headers = {"Authorization": f"Bearer {sandbox.settings('square')['access_token']}"}
        with httpx.Client(base_url=sandbox.base_url("square"), headers=headers, timeout=60) as client:
            asked = {"limit": 1000, "states": ["WASTE"]}
            assert len(scan(client, "/v2/inventory/counts/batch-retrieve", "counts", **asked)) > 5000
            assert len(scan(client, "/v2/catalog/search", "objects", **WHOLE_CATALOG, limit=1000)) > 20_000
    assert sizes[2] > 100_000
    assert all(larger > 5 * smaller for smaller, larger in pairwise(sizes))
