"""What nobody knows for sure about ShipStream, and what can go wrong there (shipstream.md §8, §9)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)  # a misspelt switch is an error
class ShipStreamSwitches:
    """One field per switch; the defaults are the likeliest ShipStream."""

    # The token: `settings` makes it anew, under the switches of that moment

    token_days: float | None = 365.0
    """How long a token lives from when it is made, by the sandbox's clock; negative: it has expired; None: it
    never does."""
    token_audience: str | None = None
    """What the token says instead of the address it is good for; such a token is refused."""
    token_state: Literal["valid", "revoked"] = "valid"
    token_requests: int | None = None
    """So many requests more are let in, then the token has expired; counts down."""

    # What is asked

    naive_literal_hours: float = 0.0
    """Time literals without an offset are read so many hours ahead of UTC, such as -5 for a merchant in
    New York."""
    literal_zone_ignored: bool = False
    """Even a literal with Z or an offset is read as one without."""

    echoed_version: str | None = None
    """What answers claim to be in, whatever was asked."""

    # Pages

    next_link: Literal["relative", "absolute", "query_only"] = "relative"
    """A path without a host, a whole address, or `?` and the parameters."""
    next_at_end: Literal["null", "absent", "empty", "present"] = "null"
    """What stands for `next` after the last page; `present`: a link to an empty page."""
    next_carries_all: bool = True
    """Whether `next` repeats every parameter; otherwise only the limit, and the rest falls to its default."""
    cursor_by_product_id: Literal["works", "repeat", "400"] = "works"
    """What a cursor does under `sort=product_id`, of which nobody says that it counts as the id: goes on
    there, starts over, is refused."""
    warehouse_level_cursor: Literal["row", "product"] = "row"
    """What a cursor counts on the warehouse levels; `product`: the rows of the product at the edge of a page
    come again on the next, so that a limit below a product's rows never ends."""
    envelope: Literal["has_more", "hasMore"] = "has_more"
    """How the words around the records are spelt."""
    count_skew: int = 0
    """Added to `meta.count`."""
    after_page: Callable[[int], None] | None = None
    """Called with the page's number after a page of levels was served: data moves while it is read."""
    repeated_included: bool = False
    """The account's first product comes with every page."""

    # Keys and clocks

    product_types: Literal["own", "product"] = "own"
    """Whether packaging, containers, supplies and infill are of types of their own or are `Product` too."""
    warehouse_ref: Literal["object", "id", "absent"] = "object"
    """How a warehouse level tells its warehouse: a reference, a plain `warehouse_id`, or not at all."""
    never_stocked: Literal["null_clock", "clock", "no_row"] = "null_clock"
    """The level of a product that never had stock: with `updated_at` null, with the product's creation as
    its clock, or not there, and with it the product."""
    edit_moves_level: bool = False
    """Whether editing a product moves the clocks of its levels."""
    component_moves_kit: bool = False
    """Whether a movement of components that changes what a kit advertises moves the clock of its level."""
    backorder_moves_level: bool = True
    """Whether a change in what is backordered alone moves the clock of the total."""

    failure_body: Literal["json", "empty"] = "json"
    """Of answers that were told to fail."""
