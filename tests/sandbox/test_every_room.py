"""What holds of every provider's room: its answers are its truth, a day tells what it changed, the same seed
gives the same bytes, and no switch is without effect."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import httpx
import pytest

from sandbox import SIZES, Sandbox
from sandbox.articles import Article
from sandbox.clock import Clock
from sandbox.rooms import ROOMS
from sandbox.world import World
from tests.sandbox.reading import (
    TRUSTED,
    Truth,
    connected,
    counts,
    differences,
    items,
    levels,
    served,
    truth_of,
)
from tests.switch_values import ELSEWHERE, switch_values

ROOT = Path(__file__).resolve().parents[2]
RESPELT = {"augno": {"fresh_quantity_ids": False, "padded_values": False}}
"""Switches under which a caller gets another spelling of the truth at every call."""
GOOD = Article(999_999, 999_999, "New", "Regular", "NEW-1", "")


def one_room(provider: str, seed: int = 7, **switches: Any) -> Sandbox:
    sandbox = Sandbox(seed, providers=(provider,))
    for name, value in {**RESPELT.get(provider, {}), **switches}.items():
        setattr(sandbox.switches[provider], name, value)
    return sandbox


@pytest.fixture
def room(provider: str) -> Iterator[Sandbox]:
    with one_room(provider) as sandbox:
        yield sandbox


@pytest.mark.parametrize("seed", [7, 1, 42])
@pytest.mark.parametrize("provider", ROOMS)
def test_a_day_tells_what_is_otherwise_and_the_answers_are_the_truth(provider: str, seed: int) -> None:
    with one_room(provider, seed) as sandbox:
        assert served(sandbox, provider) == truth_of(sandbox, provider)
        for _ in range(3):
            before, start = truth_of(sandbox, provider), sandbox.clock.now()
            told = sandbox.simulate_day()[provider]
            assert (sandbox.clock.now() - start).total_seconds() == 24 * 3600
            found = differences(before, truth_of(sandbox, provider))
            assert found and found == {resource: keys for resource, keys in told.items() if keys}
        assert served(sandbox, provider) == truth_of(sandbox, provider)


TRIED_ELSEWHERE = {
    "sellercloud": "token_requests token_seconds token_dates page_clamp error_body from_inclusive"
    " to_inclusive row_order counters_age",
    "shipstream": "naive_literal_hours literal_zone_ignored component_moves_kit count_skew failure_body",
    "square": "paging updated_after_inclusive check_same_body missing_key_when_empty expire_next_cursors"
    " read_lag_seconds",
    "augno": "header_names account_header_required bad_cursor_status refuse_next_cursors cursor_seconds"
    " error_dialect apikit_parameter_status sparse_errors deleted_status requests_per_second"
    " fresh_quantity_ids padded_values short_includable missing_page_urls",
    "ventmere_s2": "login_path token_member token_requests user_organizations duplicate_level gzip",
}
"""Switches that a plain reading does not meet; the tests of the room try them."""


@pytest.mark.parametrize("provider", ROOMS)
def test_every_value_of_a_switch_changes_what_is_told(provider: str) -> None:
    def heard(**switches: Any) -> bytes:
        digest = hashlib.sha256()
        with one_room(provider, **switches) as sandbox:
            sandbox.simulate_day()
            served(sandbox, provider, digest.update)
        return digest.digest()

    usual = ROOMS[provider].switches()
    plain = heard()
    for name, values in switch_values(provider).items():
        if name not in TRIED_ELSEWHERE[provider].split():
            for value in [one for one in values if one != getattr(usual, name)]:
                assert heard(**{name: value}) != plain, f"{name} = {value} makes no difference"


@pytest.mark.parametrize("provider", ROOMS)
def test_every_switch_is_tried_by_a_test(provider: str) -> None:
    """Those that the test above leaves out are in the tests of the room, or where the list says."""
    text = (Path(__file__).parent / f"test_{provider}_api.py").read_text(encoding="utf-8")
    for name in TRIED_ELSEWHERE[provider].split():
        assert re.search(rf"\b{name}\b", text), name
    for name, file in ELSEWHERE[provider].items():
        assert name in (ROOT / file).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("provider", ROOMS)
def test_switches_are_shown_and_set_over_http_and_misspelt_ones_refused(room: Sandbox, provider: str) -> None:
    switches, kinds = room.switches[provider], get_type_hints(ROOMS[provider].switches)
    with httpx.Client(base_url=f"{room.url}/_sandbox/switches", verify=TRUSTED) as control:
        shown = control.get(f"/{provider}").json()
        hooks = {one.name for one in fields(switches)} - shown.keys()
        assert hooks <= {"after_page", "after_item"}
        assert control.put(f"/{provider}", json=shown).json() == shown
        for name in shown:
            if get_origin(kinds[name]) is Literal:
                last = get_args(kinds[name])[-1]
                assert control.put(f"/{provider}", json={name: last}).json() == {**shown, name: last}
                assert control.put(f"/{provider}", json={name: "sideways"}).status_code == 400
                control.put(f"/{provider}", json=shown)
    with pytest.raises(AttributeError):
        switches.misspelt = 1


@pytest.mark.parametrize("n", [1, 9])
@pytest.mark.parametrize("provider", ROOMS)
def test_change_changes_exactly_so_many_by_a_thousand(room: Sandbox, provider: str, n: int) -> None:
    for _ in range(2):
        room.clock.advance(hours=1)
        before = truth_of(room, provider)
        keys = room.change(n)[provider]
        found = differences(before, truth_of(room, provider))
        resource = next(name for name in found if found[name] == set(keys))
        assert all(len(changed) == n for changed in found.values())
        for key in keys:
            old, new = before[resource][key], room.truth(provider, resource)[key]
            assert 1000 in {round(b - a) for a, b in zip(numbers(old), numbers(new), strict=True)}
    assert served(room, provider) == truth_of(room, provider)
    most = len(room.world.stock(provider))
    with pytest.raises(ValueError, match=f"only {most} to change"):
        room.change(most + 1)


def numbers(value: Any) -> Iterator[float]:
    """Every number of a record, in its order."""
    if isinstance(value, dict):
        for name in sorted(value):
            yield from numbers(value[name])
    elif isinstance(value, str):
        yield from [float(value)] if re.fullmatch(r"-?\d{1,12}(\.\d+)?", value) else []
    elif isinstance(value, int | float):
        yield float(value)


Mutator = Callable[[Any, tuple[str, ...]], Any]
MUTATORS: dict[str, dict[str, tuple[Mutator, set[str]]]] = {
    "square": {
        "count": (lambda s, k: s.set_count(*k[:2], "5555"), {"inventory_counts", "inventory_changes"}),
        "count without a recount": (
            lambda s, k: s.set_count(*k[:2], "5", recount=False),
            {"inventory_counts"},
        ),
        "sale": (
            lambda s, k: s.adjust(*k[:2], "1.5", "IN_STOCK", "SOLD"),
            {"inventory_counts", "inventory_changes"},
        ),
        "late receipt": (
            lambda s, k: s.adjust(*k[:2], "1", "NONE", "IN_STOCK", late=True),
            {"inventory_counts", "inventory_changes"},
        ),
        "transfer": (
            lambda s, k: s.transfer(k[0], k[1], next(p for p in s.locations if p != k[1]), "2"),
            {"inventory_counts", "inventory_changes"},
        ),
        "recalculation": (lambda s, k: s.recalculate(k), {"inventory_counts"}),
        "removal": (lambda s, k: s.remove_count(k), {"inventory_counts"}),
        "deletion": (lambda s, k: s.delete_object(k[0]), {"catalog_objects"}),
        "renamed item": (lambda s, k: s.rename_item(s.items[0], "new"), {"catalog_objects"}),
        "renamed variation": (lambda s, k: s.rename_variation(k[0], "new"), {"catalog_objects"}),
        "closed location": (lambda s, k: s.close_location(next(iter(s.locations))), {"locations"}),
    },
    "ventmere_s2": {
        "level": (lambda s, k: s.set_level(k, available=777), {"inventory_items"}),
        "level without its clock": (
            lambda s, k: s.set_level(k, touch=False, available=777),
            {"inventory_items"},
        ),
        "clock that goes back": (lambda s, k: s.turn_back_clock(k), {"inventory_items"}),
        "removed level": (lambda s, k: s.remove_level(k), {"inventory_items"}),
        "removed product": (lambda s, k: s.remove_product(next(iter(s.products))), {"products"}),
        "renamed product": (lambda s, k: s.rename_product(next(iter(s.products)), "new"), {"products"}),
    },
    "shipstream": {
        "movement": (lambda s, k: s.move(int(k[1]), min(s.parts[int(k[1])]), available=5), set()),
        "sale": (lambda s, k: s.sell(int(k[1]), min(s.parts[int(k[1])]), 1), set()),
        "sale of too many": (lambda s, k: s.sell(int(k[1]), min(s.parts[int(k[1])]), 10**7), set()),
        "backorder": (lambda s, k: s.backorder(int(k[1]), 99), {"total_levels"}),
        "delivery": (lambda s, k: s.commit_delivery([*s.products][:5], 1, 24), set()),
        "renaming": (lambda s, k: s.rename(int(k[1]), "new"), {"products"}),
        "another SKU": (lambda s, k: s.change_sku(int(k[1]), "NEW-SKU"), set()),
        "disabling": (
            lambda s, k: s.enable(int(k[1]), enabled=not s.products[int(k[1])].is_enabled),
            {"products"},
        ),
        "deletion": (lambda s, k: s.delete_product(int(k[1])), set()),
        "new product": (lambda s, k: s.add_product(GOOD, 2, 5, 7), set()),
        "deleted merchant": (lambda s, k: s.delete_merchant(1), {"merchants", "products"}),
        "closed warehouse": (lambda s, k: s.close_warehouse(1), {"warehouses"}),
    },
    "augno": {
        "stock": (lambda s, k: s.set_stock(*k, on_hand=7, short="1.5"), {"item_inventory"}),
        "edit": (lambda s, k: s.edit_item(*k, sku="NEW SKU"), {"items"}),
        "category": (lambda s, k: s.change_category(*k), {"items", "item_inventory"}),
        "deletion": (lambda s, k: s.delete_item(*k), {"items", "item_inventory"}),
        "price": (
            lambda s, k: s.reprice(next(one.id for one in s.live() if "unit_cost" in one.rates), "98765.4"),
            {"items"},
        ),
    },
    "sellercloud": {
        "movement": (lambda s, k: s.move(*k, 10, physical=3), {"inventory", "warehouse_inventory"}),
        "movement of a parent": (lambda s, k: s.move(base(s), 10, physical=30), set()),
        "movement of a part": (lambda s, k: s.move(part(s), 11, physical=900), set()),
        "renaming of a parent": (lambda s, k: s.rename(base(s), "OTHER/1"), set()),
        "renaming of a part": (lambda s, k: s.rename(part(s), "other part"), set()),
        "disabling of a parent": (lambda s, k: s.enable(base(s), enabled=False), set()),
        "deletion": (lambda s, k: s.delete(*k), set()),
        "edit": (lambda s, k: s.edit(*k, ProductName="new"), set()),
        "renamed column": (
            lambda s, k: s.rename_column(13, "Marchés"),
            {"inventory", "warehouse_inventory"},
        ),
        "new product": (lambda s, k: s.add_product(GOOD, 10, 3), {"inventory", "warehouse_inventory"}),
    },
}
"""What can happen to one record, and the resources that show it; none are named where that depends."""


def base(store: Any) -> str:
    """A product with stock of its own and shadows."""
    return next(one for one in store.shadows_of if store.products[one].has_own_stock)


def part(store: Any) -> str:
    """A component with stock of its own."""
    return next(one for one in store.kits_of if one in store.products and store.products[one].has_own_stock)


@pytest.mark.parametrize(
    ("provider", "happens"), [(name, one) for name, happening in MUTATORS.items() for one in happening]
)
def test_whatever_happens_shows_at_once_and_where_it_should(
    room: Sandbox, provider: str, happens: str
) -> None:
    mutate, resources = MUTATORS[provider][happens]
    room.clock.advance(hours=1)
    before: Truth = truth_of(room, provider)
    keys = [key for key in room.world.stock(provider) if key[0] != "1"]
    mutate(room.world.data[provider], keys[len(keys) // 2])
    found = differences(before, truth_of(room, provider))
    assert found and (set(found) == resources or not resources)
    assert served(room, provider) == truth_of(room, provider)


# The same again


def fingerprint(seed: int) -> str:
    """A hash over every provider's answers, before and after a day, and over what the day touched."""
    digest = hashlib.sha256()
    with Sandbox(seed) as sandbox:
        for _ in range(2):
            for provider in sandbox.providers:
                served(sandbox, provider, digest.update)
            touched = [
                (n, sorted(keys)) for day in sandbox.simulate_day().values() for n, keys in day.items()
            ]
            digest.update(repr([touched, sandbox.change(4)]).encode())
    return digest.hexdigest()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_whatever_pythons_own_chance_says() -> None:
    code = "from tests.sandbox.test_every_room import fingerprint; print(fingerprint(7))"
    command, environment = [sys.executable, "-c", code], {**os.environ, "PYTHONHASHSEED": "1"}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == fingerprint(7) != fingerprint(8)


@pytest.mark.parametrize("provider", ROOMS)
def test_sizes_grow(provider: str) -> None:
    clock = Clock(datetime(2026, 1, 5, 8, tzinfo=UTC))
    sizes = [len(World(7, size, clock, [provider]).stock(provider)) for size in SIZES[:2]]
    assert all(larger > 5 * smaller for smaller, larger in pairwise(sizes))


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["square", "augno", "shipstream"])
def test_the_largest_is_paged_to_its_end(provider: str) -> None:
    """A page costs what is on it: nothing is sorted or rendered anew that stood still."""
    with Sandbox(size="L", providers=(provider,)) as sandbox:
        data = sandbox.world.data[provider]
        sandbox.requests.clear()
        with connected(sandbox, provider) as client:
            if provider == "square":
                sandbox.switches["square"].paging = "keyed"
                place = next(iter(data.locations))
                assert len(counts(client, limit=1000, location_ids=[place])) > 20_000
            elif provider == "augno":
                assert len(items(client, limit=1000)) == len(data.live()) > 15_000
            else:
                assert len(levels(client, limit=1000)) == len(data.products) > 15_000
        assert sum(asked.rows for asked in sandbox.requests) > 15_000
        assert len(sandbox.requests) < 40
