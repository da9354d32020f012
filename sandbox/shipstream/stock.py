"""How much of a product lies where, and what of it is advertised (shipstream.md §6.1)."""

import random
from collections.abc import Iterable, Mapping

from sandbox.shipstream.products import Product

PHYSICAL = ("processed", "putaway", "available", "allocated", "reserved", "picked")
"""What is on hand, in parts."""
PARTS = ("expected", *PHYSICAL)
Parts = dict[str, int]
EVERYWHERE = 0
"""In place of a warehouse: the total."""


def no_parts() -> Parts:
    """Nothing at all."""
    return dict.fromkeys(PARTS, 0)


def drawn_parts(rng: random.Random) -> Parts:
    """What lies of a product in one warehouse."""
    draw = rng.random
    return {
        "expected": rng.randint(1, 100) if draw() < 0.2 else 0,
        "processed": rng.randint(1, 40) if draw() < 0.1 else 0,
        "putaway": rng.randint(1, 60) if draw() < 0.1 else 0,
        "available": rng.randint(1, 400) if draw() < 0.9 else 0,
        "allocated": rng.randint(1, 20) if draw() < 0.3 else 0,
        "reserved": rng.randint(1, 12) if draw() < 0.3 else 0,
        "picked": rng.randint(1, 5) if draw() < 0.2 else 0,
    }


def summed(parts: Iterable[Mapping[str, int]]) -> Parts:
    """All of them together."""
    total = no_parts()
    for one in parts:
        for name in PARTS:
            total[name] += one[name]
    return total


def advertised(product: Product, own: int, available: Mapping[int, int], sharers: Mapping[int, int]) -> int:
    """What is offered: the kits that lie there and those that could be made.

    Args:
        own: what of the product itself is available.
        available: what of each component is, at the same level.
        sharers: how many kits want each component. All of it counts for an optimistic kit, an even share for
            a pessimistic one, and for a realistic one what is half way to that.
    """
    if product.virtual == "none" or not product.components:
        return own
    sets = []
    for component, quantity in product.components:
        halves = {
            "optimistic": 2,
            "realistic": 1 + sharers[component],
            "pessimistic": 2 * sharers[component],
        }[product.virtual]
        sets.append(2 * available[component] // (quantity * halves))
    return own + min(sets) * product.yields
