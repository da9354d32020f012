"""An item, its stock and its rates, as the account keeps them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Literal, TypeAlias

ItemKey: TypeAlias = tuple[str]
"""The item's id."""
ItemType = Literal["product", "material", "part"]
RateKind = Literal["unit_value", "unit_cost", "burn_rate"]
DIGITS = 90
"""The server computes in DECIMAL(65,30); Python's own 28 digits would round."""


@dataclass(frozen=True)
class Stock:
    """What is in stock, in the base unit of the item's category. A Decimal keeps how it is spelt."""

    on_hand: Decimal
    reserved: Decimal
    short: Decimal
    moved_at: datetime

    @property
    def available_to_promise(self) -> Decimal:
        """What can still be sold; negative where demand is larger than stock."""
        with localcontext(prec=DIGITS):
            return self.on_hand - self.reserved - self.short


@dataclass(frozen=True)
class Rate:
    """A price or a use per day."""

    id: str
    value: Decimal
    created_at: str
    updated_at: str
    """As they are served: some were never set."""


@dataclass(frozen=True)
class Item:
    """An item. A change makes a new one, so that a kept answer knows when it is old."""

    number: int
    """In order of entry, from 0."""
    id: str
    sku: str
    type: ItemType
    description: str | None
    notes: str | None
    category: str | None
    attributes: tuple[str, ...]
    rates: dict[RateKind, Rate]
    """Those it has."""
    stock: Stock
    created_at: datetime
    updated_at: datetime
    is_listed: bool = True
    """Not so behind a product that is no article: shipping, tax (augno.md §2.2)."""
    deleted_at: datetime | None = None
