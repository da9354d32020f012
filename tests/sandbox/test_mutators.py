"""After every mutator the truth and the answers agree, and only what was to change has changed."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox import Sandbox
from sandbox.square import SquareData
from sandbox.ventmere_s2 import VentmereS2Data
from tests.sandbox.asking import (
    CHANGES,
    SEARCH,
    WHOLE_CATALOG,
    Truth,
    change_key,
    count_key,
    counts,
    differences,
    overview,
    overview_records,
    scan,
)

RESOURCES = {
    "square": ("inventory_counts", "inventory_changes", "catalog_objects", "locations"),
    "ventmere_s2": ("warehouses", "products", "inventory_items"),
}


def truth_of(sandbox: Sandbox) -> Truth:
    return {
        resource: dict(sandbox.truth(provider, resource))
        for provider, resources in RESOURCES.items()
        for resource in resources
    }


@pytest.fixture
def assert_answers_agree(sandbox: Sandbox, square: httpx.Client, s2: httpx.Client) -> Callable[[], None]:
    def check() -> None:
        places = square.get("/v2/locations").json()["locations"]
        objects = scan(square, SEARCH, "objects", **WHOLE_CATALOG)
        answers = {
            "inventory_counts": {count_key(count): count for count in counts(square)},
            "inventory_changes": {change_key(c): c for c in scan(square, CHANGES, "changes")},
            "catalog_objects": {(found["id"],): found for found in objects},
            "locations": {(found["id"],): found for found in places},
            **overview_records(overview(s2)),
        }
        assert answers == truth_of(sandbox)

    return check


@pytest.mark.parametrize("n", [1, 13])
def test_change_changes_exactly_so_many(
    sandbox: Sandbox, assert_answers_agree: Callable[[], None], n: int
) -> None:
    sandbox.clock.advance(hours=1)
    for _ in range(2):
        before = truth_of(sandbox)
        changed = sandbox.change(n)
        found = differences(before, truth_of(sandbox))
        assert found.pop("inventory_counts") == set(changed["square"])
        assert found.pop("inventory_items") == set(changed["ventmere_s2"])
        assert len(found.pop("inventory_changes")) == n
        assert found == {}
        assert len(changed["square"]) == len(changed["ventmere_s2"]) == n
    assert_answers_agree()


def test_every_count_can_be_changed_once(sandbox: Sandbox) -> None:
    """Decimals, negative quantities and counts of items included."""
    before = truth_of(sandbox)["inventory_counts"]
    levels = len(sandbox.world.data["ventmere_s2"].levels)
    for key in sandbox.change(levels)["square"]:
        count = sandbox.truth("square", "inventory_counts")[key]
        held, now = before[key]["quantity"], count["quantity"]
        assert abs(float(now) - float(held) - 1000) < 1e-6
        assert count["catalog_object_type"] == before[key]["catalog_object_type"]


def test_more_than_there_is_cannot_be_changed(sandbox: Sandbox) -> None:
    before = truth_of(sandbox)
    with pytest.raises(ValueError, match="there are only"):
        sandbox.change(len(sandbox.world.data["ventmere_s2"].levels) + 1)
    assert truth_of(sandbox) == before


@pytest.mark.parametrize("days", [1, 3])
def test_a_day_touches_what_it_says(
    sandbox: Sandbox, assert_answers_agree: Callable[[], None], days: int
) -> None:
    for _ in range(days):
        before, start = truth_of(sandbox), sandbox.clock.now()
        touched = {name: keys for day in sandbox.simulate_day().values() for name, keys in day.items()}
        assert (sandbox.clock.now() - start).total_seconds() == 24 * 3600
        found = differences(before, truth_of(sandbox))
        # An item shows the deletion or renaming of what is inside it.
        items = {
            (one["item_variation_data"]["item_id"],)
            for key in touched["catalog_objects"]
            if (one := sandbox.truth("square", "catalog_objects")[key])["type"] == "ITEM_VARIATION"
        }
        assert found.pop("catalog_objects") <= touched["catalog_objects"] | items
        assert found == {name: keys for name, keys in touched.items() if name != "catalog_objects"}
        assert_answers_agree()


def test_a_day_ends_before_the_clock_does(sandbox: Sandbox) -> None:
    sandbox.simulate_day()
    now = sandbox.clock.now().isoformat(timespec="milliseconds")
    stamps = [entry["created_at"] for entry in sandbox.world.data["square"].changes]
    assert stamps == sorted(stamps)
    assert stamps[-1] < now


Mutator = Callable[[SquareData, tuple[str, str, str]], Any]
SQUARE_MUTATORS: dict[str, tuple[Mutator, set[str]]] = {
    "set_count": (lambda s, k: s.set_count(*k[:2], "5555"), {"inventory_counts", "inventory_changes"}),
    "set_count without a recount": (
        lambda s, k: s.set_count(*k[:2], "5555", recount=False),
        {"inventory_counts"},
    ),
    "sale": (
        lambda s, k: s.adjust(*k[:2], "1.5", "IN_STOCK", "SOLD"),
        {"inventory_counts", "inventory_changes"},
    ),
    "waste": (
        lambda s, k: s.adjust(*k[:2], "1", "IN_STOCK", "WASTE"),
        {"inventory_counts", "inventory_changes"},
    ),
    "late": (
        lambda s, k: s.adjust(*k[:2], "1", "NONE", "IN_STOCK", late=True),
        {"inventory_counts", "inventory_changes"},
    ),
    "transfer": (
        lambda s, k: s.transfer(k[0], k[1], next(p for p in s.locations if p != k[1]), "2"),
        {"inventory_counts", "inventory_changes"},
    ),
    "recalculate": (lambda s, k: s.recalculate(k), {"inventory_counts"}),
    "remove_count": (lambda s, k: s.remove_count(k), {"inventory_counts"}),
    "delete variation": (lambda s, k: s.delete_object(k[0]), {"catalog_objects"}),
    "delete item": (lambda s, k: s.delete_object(s.items[0]), {"catalog_objects"}),
    "rename_item": (lambda s, k: s.rename_item(s.items[0], "new"), {"catalog_objects"}),
    "rename_variation": (lambda s, k: s.rename_variation(k[0], "new"), {"catalog_objects"}),
    "close_location": (lambda s, k: s.close_location(next(iter(s.locations))), {"locations"}),
}


@pytest.mark.parametrize("name", SQUARE_MUTATORS)
def test_square_mutators_show_at_once(
    sandbox: Sandbox, assert_answers_agree: Callable[[], None], name: str
) -> None:
    mutate, resources = SQUARE_MUTATORS[name]
    shop = sandbox.world.data["square"]
    key = next(
        key for key, count in shop.counts.items() if key[2] == "IN_STOCK" and count["quantity"] == "12.5"
    )
    sandbox.clock.advance(hours=1)
    before = truth_of(sandbox)
    mutate(shop, key)
    assert set(differences(before, truth_of(sandbox))) == resources
    assert_answers_agree()


def test_a_sale_keeps_exact_decimals_and_makes_one_count(sandbox: Sandbox) -> None:
    shop = sandbox.world.data["square"]
    here, variation = next(iter(shop.locations)), shop.variation_of_good[0]
    shop.set_count(variation, here, "0.33333")
    assert shop.adjust(variation, here, "0.1", "IN_STOCK", "SOLD") == [(variation, here, "IN_STOCK")]
    truth = sandbox.truth("square", "inventory_counts")
    assert truth[variation, here, "IN_STOCK"]["quantity"] == "0.23333"


def test_a_late_sale_happened_long_before_it_was_received(sandbox: Sandbox) -> None:
    shop = sandbox.world.data["square"]
    shop.adjust(shop.variation_of_good[0], next(iter(shop.locations)), "1", "IN_STOCK", "SOLD", late=True)
    (change,) = sandbox.truth("square", "inventory_changes").values()
    assert change["adjustment"]["occurred_at"] == "2026-01-04T12:00:00.000Z"
    assert change["adjustment"]["created_at"] == "2026-01-05T08:00:00.000Z"


def test_renaming_an_item_leaves_its_variations_clocks(sandbox: Sandbox) -> None:
    sandbox.clock.advance(hours=1)
    item = sandbox.world.data["square"].items[0]
    before = sandbox.truth("square", "catalog_objects")[item,]
    sandbox.world.data["square"].rename_item(item, "new")
    after = sandbox.truth("square", "catalog_objects")[item,]
    assert after["item_data"]["variations"] == before["item_data"]["variations"]
    assert after["updated_at"] > before["updated_at"]
    assert after["version"] > before["version"]


S2_MUTATORS: dict[str, tuple[Callable[[VentmereS2Data, tuple[str, str]], Any], set[str]]] = {
    "set_level": (lambda s, k: s.set_level(k, available=777), {"inventory_items"}),
    "set_level without its clock": (
        lambda s, k: s.set_level(k, touch=False, available=777),
        {"inventory_items"},
    ),
    "turn_back_clock": (lambda s, k: s.turn_back_clock(k), {"inventory_items"}),
    "remove_level": (lambda s, k: s.remove_level(k), {"inventory_items"}),
    "remove_warehouse": (lambda s, k: s.remove_warehouse(k[0]), {"inventory_items", "warehouses"}),
    "remove_product": (lambda s, k: s.remove_product(k[1]), {"products"}),
    "rename_product": (lambda s, k: s.rename_product(k[1], "new"), {"products"}),
    "rename_brand": (lambda s, k: s.rename_brand("Sony", "new"), {"products"}),
}


@pytest.mark.parametrize("name", S2_MUTATORS)
def test_s2_mutators_show_at_once(
    sandbox: Sandbox, assert_answers_agree: Callable[[], None], name: str
) -> None:
    mutate, resources = S2_MUTATORS[name]
    store = sandbox.world.data["ventmere_s2"]
    key = next(key for key in store.levels if key[1] in store.products)
    sandbox.clock.advance(hours=1)
    before = truth_of(sandbox)
    mutate(store, key)
    assert set(differences(before, truth_of(sandbox))) == resources
    assert_answers_agree()


def test_s2_clocks_stand_still_or_go_back(sandbox: Sandbox) -> None:
    store = sandbox.world.data["ventmere_s2"]
    still, back = list(store.levels)[:2]
    before = truth_of(sandbox)
    store.set_level(still, touch=False, available=777)
    store.turn_back_clock(back)
    brand = store.rename_brand("Sony", "Sony & Co")
    after = truth_of(sandbox)
    clocks = [
        (before["inventory_items"][key]["level"], after["inventory_items"][key]["level"])
        for key in (still, back)
    ]
    assert clocks[0][0]["updatedAt"] == clocks[0][1]["updatedAt"]
    assert clocks[1][0]["updatedAt"] > clocks[1][1]["updatedAt"]
    for product in brand:
        assert before["products"][product,]["updatedAt"] == after["products"][product,]["updatedAt"]
        assert after["products"][product,]["brand"]["name"] == "Sony & Co"
    assert brand
