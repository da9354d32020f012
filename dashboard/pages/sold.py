"""Sell-through: which share of what could be sold was sold?"""

from dashboard.listings import Column, Listing
from dashboard.pages.common import FOUND_BY_WORD, PRODUCT, of, state

SOLD = Listing(
    name="sold",
    title="Sell-through",
    table="rpt_sell_through",
    select="""item_key, product_key, sku, product_name, provider, account, product_id, vendor_name,
    unit_of_measure, sell_through, quantity_sold, quantity_on_hand, sales_source, covered_days, window_days,
    as_of_day""",
    source="rpt_sell_through",
    columns=(
        PRODUCT,
        Column("sell_through", "Sold of it", "share"),
        Column("quantity_sold", "Sold", "number"),
        Column("quantity_on_hand", "On hand", "number"),
        Column("covered_days", "In days", "number", is_wide=True),
        Column("sales_source", "Told by", "system", is_wide=True),
        Column("vendor_name", "Vendor", is_wide=True),
    ),
    order="sell_through desc nulls last, quantity_sold desc nulls last",
    tie="product_key",
    filters=of("", "vendor"),
    search=FOUND_BY_WORD,
    choices=(
        state(
            ("", "all"),
            ("most", "half of it or more", "sell_through >= 0.5"),
            ("little", "less than a tenth", "sell_through > 0 and sell_through < 0.1"),
            ("nothing", "nothing sold", "sell_through = 0"),
            ("unknown", "not known", "sell_through is null"),
        ),
    ),
    figures={
        "products": "count(*)",
        "sold half of it or more": "count(*) filter (where sell_through >= 0.5)",
        "sold nothing": "count(*) filter (where sell_through = 0)",
        "not known": "count(*) filter (where sell_through is null)",
    },
    empty="No product is like that.",
)
