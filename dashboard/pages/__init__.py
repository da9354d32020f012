"""The pages: a file for what each asks of the published tables.

Nothing here adds up what is not additive: shadows, kits made of other products and bundles are left out by
default, and the stock of several systems stands side by side, never in a total of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.listings import Listing
from dashboard.pages.cover import COVER
from dashboard.pages.disagreements import APART, CODES, PAIRS
from dashboard.pages.freshness import DRIFT, RESOURCES, RUNS
from dashboard.pages.kits import KITS, KITS_BY_PLACE, PARTS
from dashboard.pages.low import OUT_BEFORE, OUT_NOW, PROMISED, REORDER
from dashboard.pages.sold import SOLD
from dashboard.pages.stock import STOCK_OF_PLACES, STOCK_OF_PRODUCTS, stock_of_items
from dashboard.pages.value import PLACES_WORTH, PRODUCTS_WORTH
from pipelines.release import Release


@dataclass(frozen=True)
class Page:
    """A page with tabs, of which one is shown."""

    path: str
    title: str
    question: str
    tabs: tuple[Listing, ...]

    def tab(self, params: Mapping[str, str]) -> Listing:
        """The listing that is asked for: by name, else the one the filters are about."""
        named = next((one for one in self.tabs if one.name == params.get("tab")), None)
        if named is not None:
            return named
        wanted = next((one for one in ("location", "account") if params.get(one)), None)
        by_filter = {"location": "places", "account": "products"}.get(wanted or "", "")
        return next(
            (one for one in self.tabs if self.path == "/stock" and one.name == by_filter), self.tabs[0]
        )


def pages(release: Release) -> tuple[Page, ...]:
    """Every page but Today and the item's own."""
    return (
        Page(
            "/stock",
            "Stock",
            "How much of it is where, in every system?",
            (stock_of_items(release), STOCK_OF_PRODUCTS, STOCK_OF_PLACES),
        ),
        Page(
            "/low",
            "Low and out",
            "What do I order, move or recount?",
            (REORDER, OUT_NOW, OUT_BEFORE, PROMISED),
        ),
        Page("/cover", "Cover", "When will it run out?", (COVER,)),
        Page("/sold", "Sell-through", "Which share of what could be sold was sold?", (SOLD,)),
        Page(
            "/value",
            "Value",
            "What did the stock cost that lies there, and of what is the cost not known?",
            (PLACES_WORTH, PRODUCTS_WORTH),
        ),
        Page("/kits", "Kits", "How many can be made, and which part stops me?", (KITS, KITS_BY_PLACE, PARTS)),
        Page("/disagreements", "Disagreements", "Who says what, since when?", (APART, PAIRS, CODES)),
        Page("/freshness", "Freshness", "How sure are we?", (RESOURCES, RUNS, DRIFT)),
    )
