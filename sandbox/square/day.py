"""What happens to a Square seller: one change, or a day."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sandbox.day import Day
from sandbox.square.data import CountKey, SquareData

STORM: Mapping[str, Sequence[Any]] = {
    "page_rows": (40, 100, 250),
    "paging": ("positional", "keyed"),
    "updated_after_inclusive": (False, True),
    "cursor_ttl_seconds": (300.0, 60.0, 0.0),
    "expire_next_cursors": (1, 2, 4),
    "check_same_body": (True, False),
    "empty_second_page": (False, True),
    "missing_key_when_empty": (False, True),
    "errors_on_success": (False, True),
}
"""What switches may say in a storm."""


def stock(data: SquareData) -> list[CountKey]:
    """The keys of what lies in stock, in order."""
    return [key for key in sorted(data.counts) if key[2] == "IN_STOCK"]


def change(data: SquareData, key: CountKey) -> None:
    """Counts one count anew, a thousand more, now; with a row among the changes."""
    variation, location, _ = key
    data.set_count(variation, location, format(Decimal(data.counts[key]["quantity"]) + 1000, "f"))


def remove(data: SquareData, key: CountKey) -> Callable[[], None]:
    """Lets a count vanish without a trace; it comes back counted anew."""
    quantity = data.counts[key]["quantity"]
    data.remove_count(key)
    variation, location, state = key

    def bring_back() -> None:
        data.set_count(variation, location, quantity, state)

    return bring_back


def live(data: SquareData, day: Day) -> None:
    """Sales, receipts, waste, a transfer, a renaming, a new item, a deletion."""
    stocked = stock(data)
    sold = day.rng.sample(stocked, max(3, len(stocked) // 40))
    step = 1 / (len(sold) + 4)
    for variation, location, _ in sold:
        day.later(step)
        data.adjust(variation, location, str(day.rng.randint(1, 3)), "IN_STOCK", "SOLD")
    for variation, location, _ in day.rng.sample(stocked, 3):
        day.later(step)
        data.adjust(variation, location, "24", "NONE", "IN_STOCK", late=True)
    variation, location, _ = day.rng.choice(stocked)
    data.adjust(variation, location, "1", "IN_STOCK", "WASTE")
    variation, source, _ = day.rng.choice(stocked)
    target = next(place for place in data.locations if place != source)
    data.transfer(variation, source, target, "2")
    day.later(step)
    item = day.rng.choice(data.items)
    name = data.objects[item]["item_data"]["name"]
    data.rename_item(item, f"{name[:400]} ★")
    standing = [v for v in data.variation_of_article.values() if not data.objects[v]["is_deleted"]]
    data.delete_object(day.rng.choice(standing))
    data.add_item(day.new_article())
