"""Disagreements: who says what, since when?"""

from dashboard.listings import Bars, Choice, Column, Limit, Listing, Option
from dashboard.pages.common import ITEM_FILTERS, PRODUCT, of, state

MEASURE = Choice(
    "measure",
    "Measure",
    (
        Option("", "available", "measure = 'available'"),
        Option("on_hand", "on hand", "measure = 'on_hand'"),
    ),
)
AGREED = "The systems that were asked within a day of each other agree on every item they share."
NOTHING_SHARED = (
    "select count(*) as total from dim_items where system_count > 1",
    "No item is known to two systems, so there is nothing to compare.",
)
SINCE = Limit("since", "Since", "disagrees_since >= $since", "date")

APART = Listing(
    name="items",
    title="By item",
    table="rpt_reconciliation",
    select="""item_key, sku, name, measure, sides.quantities, left_account, left_quantity, right_account,
    right_quantity, apart, disagrees_since, known_through, is_new""",
    source="apart_items as apart_items",
    joins="""left join lateral (
    select
        list_distinct(flatten(list([
            struct_pack(account := pairs.left_account, quantity := pairs.left_quantity),
            struct_pack(account := pairs.right_account, quantity := pairs.right_quantity)
        ]))) as quantities
    from rpt_reconciliation as pairs
    where pairs.item_key = apart_items.item_key and pairs.measure = apart_items.measure
) as sides on true""",
    columns=(
        Column("sku", "Item", "product"),
        Column("quantities", "From least to most", "dots", is_wide=True, is_sortable=False),
        Column("left_quantity", "Furthest apart", "sides", is_sortable=False),
        Column("apart", "Apart", "number"),
        Column("disagrees_since", "Since", "day"),
        Column("known_through", "Known through", "moment", is_wide=True),
    ),
    order="is_new desc, apart desc",
    tie="item_key, measure",
    filters=ITEM_FILTERS,
    choices=(
        MEASURE,
        state(("", "all"), ("new", "new on the last day", "is_new")),
    ),
    limits=(Limit("least", "Apart by at least", "apart >= cast($least as decimal(38, 10))"), SINCE),
    figures={
        "items": "count(*)",
        "new on the last day": "count(*) filter (where is_new)",
    },
    bars=Bars("disagrees_since", "count(*)", "Items that began to disagree"),
    empty=AGREED,
    advice=NOTHING_SHARED,
)

PAIRS = Listing(
    name="pairs",
    title="By pair of systems",
    table="rpt_reconciliation",
    select="""item_key, sku, name, measure, left_account, left_quantity, right_account, right_quantity,
    difference, disagrees_since, match_rule, left_known_through, right_known_through""",
    source="rpt_reconciliation",
    columns=(
        Column("sku", "Item", "product"),
        Column("left_quantity", "The two", "sides", is_sortable=False),
        Column("difference", "Difference", "number"),
        Column("disagrees_since", "Since", "day"),
        Column("match_rule", "Matched by", is_wide=True),
        Column("left_known_through", "First known through", "moment", is_wide=True),
        Column("right_known_through", "Second known through", "moment", is_wide=True),
    ),
    order="abs(difference) desc",
    tie="reconciliation_key",
    filters={
        "provider": "(left_provider = $provider or right_provider = $provider)",
        "account": "(left_account = $account or right_account = $account)",
    },
    choices=(MEASURE,),
    limits=(Limit("least", "Apart by at least", "abs(difference) >= cast($least as decimal(38, 10))"), SINCE),
    empty=AGREED,
    advice=NOTHING_SHARED,
)

CODES = Listing(
    name="codes",
    title="Codes that match nothing",
    table="rpt_ambiguous_codes",
    select="""item_key, product_key, sku, product_name, provider, account, product_id, code_type, code,
    products_in_account, gtin""",
    source="rpt_ambiguous_codes",
    columns=(
        PRODUCT,
        Column("code_type", "Kind"),
        Column("code", "Code"),
        Column("products_in_account", "Products that share it", "number"),
    ),
    order="code_type, code, account",
    tie="product_key",
    filters=of("", vendor="product"),
    empty="No code stands for two products of one account.",
)
