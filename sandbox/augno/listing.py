"""Which items a request for the list asks for (augno.md §2.2)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeAlias, get_args

from sandbox.augno.answers import invalid
from sandbox.augno.data import AugnoData
from sandbox.augno.items import Item, ItemType
from sandbox.augno.params import choices, moment, values
from sandbox.augno.switches import AugnoSwitches
from sandbox.record import Call

FilteredPlace: TypeAlias = tuple[int, datetime, str]
"""How well an item matches `q`, when it was created, its id."""
OTHERS = ("product_line_ids", "customer_ids")
LISTS = ("include", "types", "category_ids", "attribute_ids", *OTHERS)
SUBASSEMBLIES = ("all", "initial_only")
LONGEST_SEARCH = 500


def _filter_names(switches: AugnoSwitches) -> tuple[str, str]:
    spelling = switches.creation_filters
    if spelling == "by_profile":
        spelling = "starts_at" if switches.profile == "P3" else "start_date"
    return ("start_date", "end_date") if spelling == "start_date" else ("starts_at", "ends_at")


def listing_parameters(switches: AugnoSwitches) -> list[str]:
    """The parameters that the items list knows."""
    many = [spelling for name in LISTS for spelling in (name, f"{name}[]")]
    return ["limit", "cursor", "q", "supplier_id", "subassembly_filter", *many, *_filter_names(switches)]


def find_items(
    call: Call, data: AugnoData, places: Sequence[tuple[datetime, str]], switches: AugnoSwitches
) -> Sequence[tuple[datetime, str] | FilteredPlace]:
    """The places of the items that were asked for, last in the list first. With `q`, the best match of the
    sku heads the list. Nothing here belongs to a product line, a customer or a supplier.

    Raises:
        Refusal: a filter is not good.
    """
    first, last = (moment(call, name) for name in _filter_names(switches))
    types = choices(call, "types", get_args(ItemType))
    categories, attributes = values(call, "category_ids"), values(call, "attribute_ids")
    if call.query.get("subassembly_filter", SUBASSEMBLIES[0]) not in SUBASSEMBLIES:
        raise invalid("subassembly_filter", f"allowed are {', '.join(SUBASSEMBLIES)}.")
    search = call.query.get("q", "").casefold()
    if len(search) > LONGEST_SEARCH:
        raise invalid("q", f"at most {LONGEST_SEARCH} characters are allowed.")
    if any(values(call, name) for name in OTHERS) or "supplier_id" in call.query:
        return []
    if not (first or last or types or categories or attributes or search):
        return places

    def matching() -> Iterator[tuple[datetime, str]]:
        for at, item_id in places:
            item = data.items[item_id]
            if (
                (first is None or at >= first)
                and (last is None or at <= last)
                and (not types or item.type in types)
                and (not categories or item.category in categories)
                and (not attributes or set(attributes) & set(item.attributes))
            ):
                yield at, item_id

    if not search:
        return list(matching())
    ranked = ((_match(data.items[place[1]], search), *place) for place in matching())
    return sorted(place for place in ranked if place[0])


def _match(item: Item, search: str) -> int:
    """Higher is better: the whole sku, its beginning, a part of it, a part of the description; 0: none."""
    sku = item.sku.casefold()
    if sku == search:
        return 4
    if sku.startswith(search):
        return 3
    if search in sku:
        return 2
    return int(search in (item.description or "").casefold())
