"""What happens to an Augno account: one change, or a day."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sandbox.augno.data import AugnoData
from sandbox.augno.items import ItemKey
from sandbox.day import Day

STORM: Mapping[str, Sequence[Any]] = {
    "page_rows": (10, 40),
    "page_urls": ("relative", "absolute"),
    "missing_page_urls": ("null", "absent", "empty"),
    "cursor_seconds": (None, 60.0),
    "refuse_next_cursors": (1, 2, 4),
    "bad_cursor_status": (400, 404, 422),
    "deleted_status": (404, 410),
    "error_dialect": ("classic", "apikit"),
    "sparse_errors": (False, True),
    "padded_values": (False, True),
}
"""What switches may say in a storm."""


def stock(data: AugnoData) -> list[ItemKey]:
    """The keys of the stock that can be changed, in order: of the items in the list."""
    return sorted((item.id,) for item in data.live())


def change(data: AugnoData, key: ItemKey) -> None:
    """Puts a thousand more on hand, now. Only this item's inventory shows it: no clock moves."""
    (item,) = key
    data.move_stock(item, on_hand=1000)


def remove(data: AugnoData, key: ItemKey) -> Callable[[], None]:
    """Deletes an item; it comes back where it stood in the list, with the stock it had."""
    (item,) = key
    data.delete_item(item)

    def bring_back() -> None:
        data.restore(item)

    return bring_back


def live(data: AugnoData, day: Day) -> None:
    """Issues, receipts, reservations, a shortfall; edits, a new category, a new price; one item deleted, one
    brought back, a new one."""
    in_use = {item.sku for item in data.live()}
    gone = [item for item in data.items.values() if item.deleted_at is not None]
    restorable = [item.id for item in gone if item.sku not in in_use]
    reused = {item.sku for item in gone}
    listed = [item.id for item in data.live()]
    moved = day.rng.sample(listed, max(8, len(listed) // 20))
    set_aside = set(moved)
    step = 1 / (len(moved) + 5)
    for place, item in enumerate(moved):
        day.later(step)
        if place % 4 == 0 or data.items[item].stock.on_hand < 5:
            received = day.rng.choice((24, 144)) if data.is_countable(item) else Decimal("12.5")
            data.move_stock(item, on_hand=received)
        elif place % 4 == 1:
            data.move_stock(item, reserved=day.rng.randint(1, 9))
        elif place % 4 == 2:
            data.move_stock(item, short=day.rng.randint(1, 9))
        else:
            data.move_stock(item, on_hand=-day.rng.randint(1, 4))
    day.later(step)
    renamed, recategorised, repriced, deleted = day.rng.sample(
        [item for item in listed if item not in set_aside and data.items[item].sku not in reused], 4
    )
    data.edit_item(renamed, description=f"{(data.items[renamed].description or 'Named')[:400]} ★")
    day.later(step)
    data.change_category(recategorised)
    day.later(step)
    data.reprice(repriced, Decimal(day.rng.randint(100, 9999)).scaleb(-2) + Decimal("0.001"))
    day.later(step)
    data.delete_item(deleted)
    day.later(step)
    data.restore(day.rng.choice(restorable))
    data.add_item(day.new_article())
