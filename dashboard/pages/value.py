"""Value: what did the stock cost that lies there, and of what is the cost not known?

Summed per account, place and currency, as the report allows: a missing cost is a row apart, never a zero.
"""

from dashboard.listings import Column, Listing
from dashboard.pages.common import FOUND_BY_WORD, PRODUCT, of, state

PLACES_WORTH = Listing(
    name="places",
    title="By place",
    table="rpt_value_by_location",
    select="""worth.provider, worth.account, worth.location_name, worth.currency_code, worth.products,
    worth.value_at_cost, worth.products_borrowing, worth.products_without_cost""",
    source="""(
    select
        provider,
        account,
        location_key,
        coalesce(max(location_name), max(location_id), 'all together') as location_name,
        currency_code,
        count(*) as products,
        sum(value_at_cost) as value_at_cost,
        count(*) filter (where cost_source = 'item') as products_borrowing,
        count(*) filter (where is_cost_missing) as products_without_cost
    from rpt_value_by_location
    group by provider, account, location_key, currency_code
) as worth""",
    columns=(
        Column("location_name", "Place", "place"),
        Column("value_at_cost", "Value at cost", "money"),
        Column("products", "Products", "number"),
        Column("products_borrowing", "Cost of another system", "number", is_wide=True),
        Column("products_without_cost", "Cost not known", "number"),
    ),
    order="worth.value_at_cost desc nulls last, worth.account, worth.location_name",
    tie="worth.location_key, worth.currency_code",
    filters=of("worth", "location"),
    empty="No stock of its own lies anywhere.",
    note="Currencies stand apart, and systems too: where those mirror each other, a sum would count stock"
    " twice. A product whose cost nobody tells has no value here, and not a value of zero.",
)

PRODUCTS_WORTH = Listing(
    name="products",
    title="By product and place",
    table="rpt_value_by_location",
    select="""worth.item_key, worth.product_key, worth.sku, worth.product_name, worth.provider, worth.account,
    worth.product_id, coalesce(worth.location_name, worth.location_id, 'all together') as location_name,
    worth.unit_of_measure, worth.quantity_on_hand, worth.unit_cost, worth.cost_source, worth.cost_account,
    worth.currency_code, worth.value_at_cost, worth.is_cost_missing""",
    source="rpt_value_by_location as worth",
    columns=(
        PRODUCT,
        Column("quantity_on_hand", "On hand", "number"),
        Column("unit_cost", "One costs", "money", is_wide=True),
        Column("cost_source", "Told by", "system", is_wide=True),
        Column("value_at_cost", "Value at cost", "money"),
    ),
    order="worth.value_at_cost desc nulls last",
    tie="worth.location_value_key",
    filters=of("worth", "location", vendor="product"),
    search=FOUND_BY_WORD,
    choices=(
        state(
            ("", "all"),
            ("missing", "cost not known", "worth.is_cost_missing"),
            ("several", "systems tell costs that differ", "worth.cost_source = 'several'"),
            ("borrowed", "cost of another system", "worth.cost_source = 'item'"),
        ),
    ),
    figures={
        "products and places": "count(*)",
        "of unknown cost": "count(*) filter (where worth.is_cost_missing)",
        "of unknown quantity": "count(*) filter (where worth.quantity_on_hand is null)",
    },
    empty="Nothing is like that.",
)
