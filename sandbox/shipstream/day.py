"""What happens to a 3PL on ShipStream: one change, or a day."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.day import Day
from sandbox.shipstream.data import ShipStreamData

STORM: Mapping[str, Sequence[Any]] = {
    "token_requests": (None, 8, 20),
    "next_link": ("relative", "absolute", "query_only"),
    "next_at_end": ("null", "absent", "empty", "present"),
    "next_carries_all": (True, False),
    "warehouse_level_cursor": ("row", "product"),
    "envelope": ("has_more", "hasMore"),
    "count_skew": (1, -1),
    "repeated_included": (False, True),
    "failure_body": ("json", "empty"),
}
"""What switches may say in a storm."""


def stock(data: ShipStreamData) -> list[tuple[str, ...]]:
    """The keys of the totals that can be changed alone, in order: no components, nothing backordered, nothing
    that never had stock."""
    return [
        data.total_key(product)
        for product in sorted(data.products)
        if data.was_stocked(product) and not data.kits_of.get(product) and not data.backordered.get(product)
    ]


def change(data: ShipStreamData, key: tuple[str, ...]) -> None:
    """Makes a thousand more available, in the product's first warehouse, now."""
    product = int(key[1])
    data.move(product, min(data.parts[product]), available=1000)


def remove(data: ShipStreamData, key: tuple[str, ...]) -> Callable[[], None]:
    """Deletes a product with its levels; it comes back as it was, counted anew."""
    product = int(key[1])
    found, parts = data.products[product], data.parts[product]
    data.delete_product(product)

    def bring_back() -> None:
        data.restore_product(found, parts)

    return bring_back


def live(data: ShipStreamData, day: Day) -> None:
    """Sales, of components and with backorders too; deliveries, each in one second; a recount that changes
    nothing; a renaming, a new price, one product disabled and one enabled again; a new product."""
    in_stock = [product for product in sorted(data.products) if data.was_stocked(product)]
    sold = day.rng.sample(in_stock, max(4, len(in_stock) // 30))
    # Only down for components, so that a kit does not end the day where it began.
    plain = [one for one in in_stock if one not in sold and not data.kits_of.get(one)]
    delivered = day.rng.sample(plain, max(6, len(plain) // 40))
    step = 1 / (len(sold) + 6)
    for product in sold:
        day.later(step)
        warehouse = min(data.parts[product], key=lambda place: -data.parts[product][place]["available"])
        data.sell(product, warehouse, day.rng.randint(1, 5))
    for batch in (delivered[::2], delivered[1::2]):
        day.later(step)
        data.commit_delivery(batch, day.rng.choice((1, 2, 5)), 24)
    day.later(step)
    product = day.rng.choice([one for one in plain if one not in delivered])
    data.move(product, min(data.parts[product]))
    day.later(step)
    product = day.rng.choice(in_stock)
    data.rename(product, f"{data.products[product].name[:400]} ★")
    day.later(step)
    off = day.rng.choice([one for one in in_stock if data.products[one].is_enabled])
    data.enable(off, enabled=False)
    on = day.rng.choice([one for one in in_stock if not data.products[one].is_enabled and one != off])
    data.enable(on, enabled=True)
    data.add_product(day.new_article(), 1, 1, 10)
