"""What happens to an S2 organisation: one change, or a day."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.day import Day
from sandbox.ventmere_s2.data import LevelKey, VentmereS2Data

STORM: Mapping[str, Sequence[Any]] = {
    "token_requests": (None, 1),
    "overview": (
        "whole",
        "truncated",
        "empty",
        "without_warehouses",
        "without_products",
        "without_items",
        "null_items",
    ),
    "duplicate_level": (False, True),
    "older_duplicate_first": (False, True),
    "gzip": (False, True),
}
"""What switches may say in a storm."""


def stock(data: VentmereS2Data) -> list[LevelKey]:
    """The keys of the levels, in order."""
    return sorted(data.levels)


def change(data: VentmereS2Data, key: LevelKey) -> None:
    """Gives one level a thousand more, now."""
    data.set_level(key, available=data.levels[key]["available"] + 1000)


def remove(data: VentmereS2Data, key: LevelKey) -> Callable[[], None]:
    """Lets a level vanish; it comes back with the numbers it had."""
    found = data.levels[key]
    numbers = {name: found[name] for name in ("available", "incoming", "reserved")}
    data.remove_level(key)

    def bring_back() -> None:
        data.set_level(key, **numbers)

    return bring_back


def live(data: VentmereS2Data, day: Day) -> None:
    """Sales, a change without a clock, a clock that goes back, a level gone, a renaming, a new product."""
    levels = stock(data)
    moved = day.rng.sample(levels, max(3, len(levels) // 40))
    for key in moved:
        day.later(1 / len(moved))
        data.set_level(key, available=data.levels[key]["available"] - day.rng.randint(1, 3))
    still, back, gone = day.rng.sample(levels, 3)
    data.set_level(still, touch=False, incoming=data.levels[still]["incoming"] + 60)
    data.turn_back_clock(back)
    data.remove_level(gone)
    product = day.rng.choice(sorted(data.products))
    data.rename_product(product, f"{data.products[product]['name'][:400]} ★")
    data.add_product(day.new_article())
