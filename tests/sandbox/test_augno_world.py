"""What an Augno account holds: everything odd that augno.md §9 lists, and a truth that is what is served."""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import Sandbox
from sandbox.augno import AugnoData
from tests.sandbox.asking import differences
from tests.sandbox.test_augno_switches import FOUR, ITEMS, WHOLE, connect, ids, inventory, numbers, scan

ROOT = Path(__file__).resolve().parents[2]
RESOURCES = ("items", "item_inventory")
SEEDS = (7, 1, 42)


@pytest.fixture(params=SEEDS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(request.param, providers=("augno",)) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with connect(sandbox) as client:
        yield client


@pytest.fixture
def plant(sandbox: Sandbox) -> AugnoData:
    return sandbox.world.data["augno"]


@pytest.fixture
def items(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.truth("augno", "items").values())


@pytest.fixture
def stock(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.truth("augno", "item_inventory").values())


def truth_of(sandbox: Sandbox) -> dict[str, dict[tuple[str, ...], Any]]:
    return {name: dict(sandbox.truth("augno", name)) for name in RESOURCES}


def without_ids(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {member: said for member, said in part.items() if member != "id"} if name in FOUR else part
        for name, part in answer.items()
    }


def test_the_truth_is_what_is_served(sandbox: Sandbox, client: httpx.Client) -> None:
    for limit in (1000, 13):
        listed = scan(client, include=WHOLE, limit=limit)
        assert {(row["id"],): row for row in listed} == sandbox.truth("augno", "items")
    truth = sandbox.truth("augno", "item_inventory")
    assert {(item,) for item in ids(listed)} == set(truth)
    for (item,), expected in truth.items():
        assert without_ids(inventory(client, item)) == without_ids(expected)
    sandbox.switches["augno"].fresh_quantity_ids = False
    assert {(item,): inventory(client, item) for item in ids(listed)} == truth
    alone = client.get(f"{ITEMS}/{listed[3]['id']}", params={"include": WHOLE}).json()
    assert alone == listed[3]
    with pytest.raises(KeyError):
        sandbox.truth("augno", "units")


def test_the_list_is_newest_first_and_its_ties_cross_pages(client: httpx.Client) -> None:
    listed = scan(client, limit=10)
    order = [(row["created_at"].replace("Z", ".000Z")[:24], row["id"]) for row in listed]
    assert order == sorted(order, reverse=True)
    bulk, times = Counter(row["created_at"] for row in listed).most_common(1)[0]
    assert times >= 0.4 * len(listed)
    assert re.fullmatch(r".*\.\d{3}Z", bulk), "to the millisecond"
    borders = [listed[place - 1 : place + 1] for place in range(10, len(listed), 10)]
    assert sum(last["created_at"] == first["created_at"] == bulk for last, first in borders) >= 3


def test_items_are_of_three_types_and_many_categories(items: list[dict[str, Any]]) -> None:
    kinds = Counter(row["type"] for row in items)
    assert 0.55 < kinds["product"] / len(items) < 0.65
    assert 0.2 < kinds["material"] / len(items) < 0.3
    assert 0.1 < kinds["part"] / len(items) < 0.2
    categories = {row["category"]["id"]: row["category"] for row in items if row["category"]}
    assert len(categories) >= 10
    assert len({category["unit_group"]["id"] for category in categories.values()}) == 6
    units = {category["unit_group"]["base_unit"]["abbreviation"] for category in categories.values()}
    assert {"ea", "pr", "kg", "g", "lb", "m"} == units
    assert 0 < sum(row["category"] is None for row in items) < len(items) / 10


def test_ids_are_of_two_lengths(items: list[dict[str, Any]], stock: list[dict[str, Any]]) -> None:
    assert {len(row["id"]) for row in items} == {15, 29}
    assert all(re.fullmatch("it_[a-z0-9]+", row["id"]) for row in items)
    assert all(re.fullmatch("qy_[a-z0-9]{26}", answer[name]["id"]) for answer in stock for name in FOUR)


def test_items_have_odd_parts(items: list[dict[str, Any]]) -> None:
    descriptions = [row["description"] for row in items]
    assert 0.05 < descriptions.count(None) / len(items) < 0.15
    assert any("\n" in text and '"' in text for text in descriptions if text)
    assert {row["unit_cost"] is None for row in items} == {True, False}
    assert {row["unit_value"] is None for row in items} == {True, False}
    assert all(row["updated_at"][:19] >= row["created_at"][:19] for row in items)
    assert {len(row["created_at"]) for row in items} == {20, 24}, "with milliseconds and without"


def test_skus_are_of_every_kind_and_unique(items: list[dict[str, Any]], plant: AugnoData) -> None:
    skus = [row["sku"] for row in items]
    assert len(set(skus)) == len(skus)
    for part in ("/", " ", "Ä"):
        assert any(part in sku for sku in skus), part
    assert any(re.fullmatch(r"0\d+", sku) for sku in skus)
    folded = Counter(sku.casefold() for sku in skus)
    assert folded.most_common(1)[0][1] == 2, "two that differ in case alone"
    gone = {item.sku for item in plant.items.values() if item.deleted_at is not None}
    assert gone & set(skus) == {"USED-AGAIN"}


def test_goods_keep_their_skus(sandbox: Sandbox, items: list[dict[str, Any]]) -> None:
    skus = {row["sku"].casefold() for row in items}
    shared = [good for good in sandbox.world.goods if good.sku and good.sku.casefold() in skus]
    assert len(shared) > 0.4 * len(sandbox.world.goods)


def test_some_times_were_never_set(client: httpx.Client) -> None:
    never = '"0001-01-01T00:00:00Z"'
    listed = scan(client, include=WHOLE)
    assert not any(row[name].startswith("0001") for row in listed for name in ("created_at", "updated_at"))
    found = [row for row in listed if never in json.dumps(row)]
    assert 0 < len(found) < len(listed) / 2
    for part in ("unit_cost", "category"):
        assert any(never in json.dumps(row[part]) for row in found), part


def test_attributes_are_a_list_in_a_record(client: httpx.Client) -> None:
    listed = [row["attributes"] for row in scan(client, include="attributes")]
    assert {found["object"] for found in listed} == {"list"}
    assert {bool(found["data"]) for found in listed} == {True, False}
    assert all(found["page_info"]["has_next_page"] is False for found in listed)


def test_stock_is_of_every_kind(stock: list[dict[str, Any]]) -> None:
    found = [numbers(answer) for answer in stock]
    assert 0.6 < sum(each["on_hand"] > 0 for each in found) / len(found) < 0.8
    assert 0.15 < sum(not any(each.values()) for each in found) / len(found) < 0.25
    short = [each for each in found if each["short"] > 0]
    assert 0.05 < len(short) / len(found) < 0.15
    assert all(each["available_to_promise"] < 0 for each in short)
    assert any(each["on_hand"] > 10**12 for each in found)


def test_promise_is_on_hand_less_reserved_less_short(stock: list[dict[str, Any]]) -> None:
    for answer in stock:
        each = numbers(answer)
        assert each["available_to_promise"] == each["on_hand"] - each["reserved"] - each["short"]


def test_values_are_spelt_in_every_way(stock: list[dict[str, Any]]) -> None:
    values = [answer[name]["value"] for answer in stock for name in FOUR]
    assert all(re.fullmatch(r"-?\d+(\.\d+)?", value) for value in values)
    digits = {len(value.partition(".")[2]) for value in values}
    assert {0, 30} <= digits
    assert len(digits & set(range(1, 7))) >= 4
    assert {"0", "0." + 30 * "0"} <= set(values)
    assert any(value.startswith("-") for value in values)
    for answer in stock:
        if "." in answer["on_hand"]["value"].removesuffix("." + 30 * "0"):
            assert answer["on_hand"]["display_value"].split()[1] in ("kg", "g", "lb", "m")


def test_display_values_are_for_people(stock: list[dict[str, Any]]) -> None:
    for answer in stock:
        for name in FOUR:
            shown, unit = answer[name]["display_value"].split(" ")
            assert Decimal(shown.replace(",", "")) == Decimal(answer[name]["value"])
            assert unit in ("ea", "pr", "kg", "g", "lb", "m")
    shown = [answer["on_hand"]["display_value"] for answer in stock]
    assert any(re.fullmatch(r"\d,\d{3} \w+", text) for text in shown)


def test_what_is_no_goods_is_not_listed_but_answers(client: httpx.Client, plant: AugnoData) -> None:
    hidden = [item.id for item in plant.items.values() if not item.is_listed]
    assert len(hidden) == 2
    assert not set(hidden) & set(ids(scan(client)))
    assert not any(numbers(inventory(client, hidden[0])).values())


# What happens to it

MUTATORS: dict[str, tuple[Callable[[AugnoData, str], Any], set[str]]] = {
    "set_stock": (lambda plant, item: plant.set_stock(item, on_hand=7, short="1.5"), {"item_inventory"}),
    "move_stock": (lambda plant, item: plant.move_stock(item, reserved=Decimal("0.5")), {"item_inventory"}),
    "edit_item": (lambda plant, item: plant.edit_item(item, sku="NEW SKU"), {"items"}),
    "change_category": (lambda plant, item: plant.change_category(item), {"items", "item_inventory"}),
    "reprice": (lambda plant, item: plant.reprice(item, "98765.4321"), {"items"}),
    "reprice what had no price": (lambda plant, item: plant.reprice(item, "3", "burn_rate"), set()),
    "delete_item": (lambda plant, item: plant.delete_item(item), {"items", "item_inventory"}),
}


@pytest.mark.parametrize("name", MUTATORS)
def test_mutators_touch_what_they_say(
    sandbox: Sandbox, client: httpx.Client, plant: AugnoData, name: str
) -> None:
    mutate, resources = MUTATORS[name]
    item = ids(scan(client, types="product"))[0]
    sandbox.clock.advance(hours=1)
    before = truth_of(sandbox)
    touched = mutate(plant, item)
    moved = differences(before, truth_of(sandbox))
    assert set(moved) == resources
    assert set(touched) >= resources
    assert all(moved[resource] == {(item,)} for resource in moved)
    test_the_truth_is_what_is_served(sandbox, client)


def test_deleting_and_restoring(sandbox: Sandbox, client: httpx.Client, plant: AugnoData) -> None:
    whole = ids(scan(client))
    stock_before = sandbox.truth("augno", "item_inventory")
    plant.delete_item(whole[5])
    assert ids(scan(client)) == [item for item in whole if item != whole[5]]
    assert client.get(f"{ITEMS}/{whole[5]}/inventory").status_code == 404
    plant.restore(whole[5])
    assert ids(scan(client)) == whole
    assert sandbox.truth("augno", "item_inventory") == stock_before


def test_a_sku_is_free_after_a_delete_and_then_cannot_be_restored(plant: AugnoData) -> None:
    first, second = plant.live()[:2]
    with pytest.raises(ValueError, match="in use"):
        plant.edit_item(second.id, sku=first.sku)
    plant.delete_item(first.id)
    plant.edit_item(second.id, sku=first.sku)
    with pytest.raises(ValueError, match="in use"):
        plant.restore(first.id)


def test_a_new_category_moves_the_unit_and_no_number(
    sandbox: Sandbox, client: httpx.Client, plant: AugnoData
) -> None:
    item = ids(scan(client))[0]
    before = inventory(client, item)
    plant.change_category(item)
    after = inventory(client, item)
    assert numbers(after) == numbers(before)
    units = [answer["on_hand"]["display_value"].split()[1] for answer in (before, after)]
    assert units[0] != units[1]


def test_item_clocks_move_with_edits_and_not_with_stock_or_prices(
    sandbox: Sandbox, client: httpx.Client, plant: AugnoData
) -> None:
    stocked, priced, edited, moved = scan(client, include="unit_value", types="product")[:4]
    sandbox.clock.advance(hours=1)
    plant.set_stock(stocked["id"], on_hand=5)
    plant.reprice(priced["id"], "1.25", "unit_value")
    plant.edit_item(edited["id"], description="new")
    plant.change_category(moved["id"])
    after = {row["id"]: row for row in scan(client, include="unit_value")}
    for row in (stocked, priced):
        assert after[row["id"]]["updated_at"] == row["updated_at"]
    assert after[priced["id"]]["unit_value"]["updated_at"] == "2026-01-05T09:00:00Z"
    assert after[edited["id"]]["updated_at"] == "2026-01-05T09:00:00Z"
    assert after[moved["id"]]["updated_at"] == "2026-01-05T09:00:00Z"


def test_change_puts_a_thousand_more_on_hand_and_touches_nothing_else(
    sandbox: Sandbox, client: httpx.Client
) -> None:
    sandbox.clock.advance(hours=1)
    before = truth_of(sandbox)
    changed = sandbox.change(5)["augno"]
    after = truth_of(sandbox)
    assert differences(before, after) == {"item_inventory": set(changed)}
    assert len(set(changed)) == 5
    for key in changed:
        was, now = (numbers(truth["item_inventory"][key]) for truth in (before, after))
        assert now == {**was, **{name: was[name] + 1000 for name in ("on_hand", "available_to_promise")}}
    test_the_truth_is_what_is_served(sandbox, client)


def test_moving_stock_loses_no_digit(client: httpx.Client, plant: AugnoData) -> None:
    item = ids(scan(client))[0]
    plant.set_stock(item, on_hand="1234567890123." + 29 * "0" + "1", reserved="0", short="0")
    plant.move_stock(item, on_hand=1000)
    answer = inventory(client, item)
    assert answer["on_hand"]["value"] == "1234567891123." + 29 * "0" + "1"
    assert answer["available_to_promise"] == {**answer["on_hand"], "id": answer["available_to_promise"]["id"]}


def test_a_day_touches_exactly_the_keys_it_says(sandbox: Sandbox, client: httpx.Client) -> None:
    for _ in range(6):
        before = truth_of(sandbox)
        touched = sandbox.simulate_day()["augno"]
        after = truth_of(sandbox)
        assert differences(before, after) == touched
        assert touched["items"] and touched["item_inventory"]
        gone = before["items"].keys() - after["items"].keys()
        new = after["items"].keys() - before["items"].keys()
        assert len(gone) == 1
        assert len(new) == 2, "one that is new and one that was brought back"
    test_the_truth_is_what_is_served(sandbox, client)


def fingerprint(seed: int) -> str:
    """A hash over the answers, before and after a day; and what the day touched."""
    digest = hashlib.sha256()
    with Sandbox(seed, providers=("augno",)) as sandbox, connect(sandbox) as client:
        sandbox.switches["augno"].padded_values = True
        for _ in range(2):
            answers = [client.get(ITEMS, params={"limit": 40, "include": WHOLE})]
            listed = answers[0].json()
            answers.append(client.get(listed["page_info"]["next_page_url"]))
            asked = {"include": ",".join(FOUR)}
            answers += [client.get(f"{ITEMS}/{item}/inventory", params=asked) for item in ids(listed["data"])]
            for answer in answers:
                assert answer.status_code == 200
                digest.update(answer.headers["date"].encode() + answer.content)
            day = sandbox.simulate_day()["augno"]
            digest.update(repr([(name, sorted(keys)) for name, keys in day.items()]).encode())
            digest.update(repr(sandbox.change(4)).encode())
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert fingerprint(7) == fingerprint(7) != fingerprint(8)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_pythons_hash_seed_makes_no_difference(hash_seed: str) -> None:
    code = "from tests.sandbox.test_augno_world import fingerprint; print(fingerprint(7))"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == fingerprint(7)


def test_sizes_grow_and_the_largest_is_built_and_paged_in_seconds() -> None:
    sizes = []
    for size in ("S", "M", "L"):
        start = time.monotonic()
        with Sandbox(size=size, providers=("augno",)) as sandbox, connect(sandbox) as client:
            assert time.monotonic() - start < 10, "a second on an idle machine"
            sizes.append(len(scan(client, include=WHOLE, limit=1000)))
    assert all(larger > 5 * smaller for smaller, larger in pairwise(sizes))
    assert sizes[2] > 15_000
