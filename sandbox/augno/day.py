"""What happens to an Augno account: one change, or a day."""

from decimal import Decimal

from sandbox.augno.data import AugnoData, Touched
from sandbox.augno.items import ItemKey
from sandbox.day import Day


def stock(data: AugnoData) -> list[ItemKey]:
    """The keys of the stock that can be changed, in order: of the items in the list."""
    return sorted((item.id,) for item in data.live())


def change(data: AugnoData, key: ItemKey) -> None:
    """Puts a thousand more on hand, now. Only this item's inventory shows it: no clock moves."""
    (item,) = key
    data.set_stock(item, on_hand=data.items[item].stock.on_hand + 1000)


def live(data: AugnoData, day: Day) -> None:
    """Issues, receipts, reservations, a shortfall; edits, a new category, a new price; one item deleted, one
    brought back, a new one."""

    def note(touched: Touched) -> None:
        for resource, keys in touched.items():
            day.add(resource, *keys)

    gone = [item.id for item in data.items.values() if item.deleted_at is not None]
    listed = [item.id for item in data.live()]
    moved = day.rng.sample(listed, max(8, len(listed) // 20))
    step = 1 / (len(moved) + 5)
    for place, item in enumerate(moved):
        day.later(step)
        held = data.items[item].stock
        if place % 4 == 0 or held.on_hand < 5:
            note(data.set_stock(item, on_hand=held.on_hand + day.rng.choice((24, 144, Decimal("12.5")))))
        elif place % 4 == 1:
            note(data.set_stock(item, reserved=held.reserved + day.rng.randint(1, 9)))
        elif place % 4 == 2:
            note(data.set_stock(item, short=held.short + day.rng.randint(1, 9)))
        else:
            note(data.set_stock(item, on_hand=held.on_hand - day.rng.randint(1, 4)))
    day.later(step)
    renamed, recategorised, repriced, deleted = day.rng.sample(
        [item for item in listed if item not in moved], 4
    )
    note(data.edit_item(renamed, description=f"{(data.items[renamed].description or 'Named')[:400]} ★"))
    day.later(step)
    note(data.change_category(recategorised))
    day.later(step)
    note(data.reprice(repriced, Decimal(day.rng.randint(100, 9999)).scaleb(-2) + Decimal("0.001")))
    day.later(step)
    note(data.delete_item(deleted))
    day.later(step)
    back = day.rng.choice([item for item in gone if data.items[item].sku != "USED-AGAIN"])
    note(data.restore(back))
    note(data.add_item(day.new_good()))
