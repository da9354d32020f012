"""Low and out: what do I order, move or recount?"""

from dashboard.listings import Choice, Column, Listing, Option
from dashboard.pages.common import ELSEWHERE, PRODUCT, of, state

IN_OWN_STOCK = Choice(
    "show",
    "Products",
    (
        Option("", "active, with stock of their own", "low.is_additive and low.is_product_active"),
        Option("all", "all, shadows and bundles too"),
    ),
)

REORDER = Listing(
    name="reorder",
    title="At or below reorder point",
    table="rpt_low_stock",
    select="""low.item_key, low.product_key, low.sku, low.product_name, low.provider, low.account,
    low.product_id, coalesce(low.location_name, 'all together') as location_name, low.vendor_name,
    low.unit_of_measure, low.quantity_available, low.reorder_point, low.quantity_short, low.quantity_incoming,
    low.quantity_suggested,
    low.available_elsewhere, low.elsewhere_account, cover.quantity_sold, cover.velocity_source,
    low.is_additive""",
    source="rpt_low_stock as low",
    joins="left join rpt_days_of_cover as cover on low.product_key = cover.product_key",
    columns=(
        PRODUCT,
        Column("quantity_available", "Available", "out"),
        Column("reorder_point", "Reorder at", "number", is_wide=True),
        Column("quantity_short", "Short", "bar"),
        Column("quantity_incoming", "Incoming", "number", is_wide=True),
        Column("quantity_suggested", "Suggested", "number"),
        ELSEWHERE,
        Column("quantity_sold", "Sold lately", "number", is_wide=True),
        Column("vendor_name", "Vendor", is_wide=True),
    ),
    order="low.quantity_short desc",
    tie="low.low_stock_key",
    filters=of("low", "location", "vendor"),
    choices=(
        state(
            ("", "all"),
            ("left", "not out yet", "low.quantity_available > 0"),
            ("out", "out", "low.quantity_available <= 0"),
        ),
        IN_OWN_STOCK,
    ),
    figures={
        "products": "count(distinct low.product_key)",
        "places": "count(*)",
        "of them out": "count(*) filter (where low.quantity_available <= 0)",
        "have stock in another system": "count(*) filter (where low.available_elsewhere > 0)",
    },
    empty="Nothing is at or below its reorder point.",
    advice=(
        "select (select count(*) from dim_products where reorder_point is not null)"
        " + (select count(*) from bridge_product_locations where reorder_point is not null) as total",
        "No system gives a reorder point for any product.",
    ),
    group="vendor_name",
    note="What to order is not suggested where sales are not known, where it was never seen in stock, where"
    " what is on its way cannot be read, and at one of several places, because sales are of all together.",
)


def _stockouts(name: str, title: str, order: str, always: str, empty: str, *more: Column) -> Listing:
    return Listing(
        name=name,
        title=title,
        table="rpt_stockouts",
        select="""spells.item_key, spells.product_key, spells.sku, spells.product_name,
    spells.provider, spells.account, spells.product_id, spells.started_on, spells.last_day_out,
    spells.days_out, spells.days_observed, spells.is_ongoing, spells.is_at_least,
    spells.available_elsewhere, spells.elsewhere_account, cover.quantity_sold, cover.velocity_source""",
        source="rpt_stockouts as spells",
        joins="left join rpt_days_of_cover as cover on spells.product_key = cover.product_key",
        columns=(
            PRODUCT,
            Column("days_out", "Days out", "bar"),
            Column("started_on", "Since", "day"),
            *more,
            Column("days_observed", "Days looked at", "number", is_wide=True),
            ELSEWHERE,
            Column("quantity_sold", "Sold lately", "number", is_wide=True),
        ),
        order=order,
        tie="spells.stockout_key",
        always=f"spells.is_additive and {always}",
        filters=of("spells", vendor="product"),
        choices=(state(("", "all"), ("selling", "that sold lately", "cover.quantity_sold > 0")),),
        figures={
            "spells": "count(*)",
            "have stock in another system": "count(*) filter (where spells.available_elsewhere > 0)",
        },
        empty=empty,
    )


OUT_NOW = _stockouts(
    "out",
    "Out now",
    "cover.quantity_sold desc nulls last, spells.days_out desc",
    "spells.is_ongoing",
    "Nothing is out.",
)
OUT_BEFORE = _stockouts(
    "ended",
    "Ended lately",
    "spells.last_day_out desc, spells.days_out desc",
    "not spells.is_ongoing",
    "No spell without stock has ended since history began.",
    Column("last_day_out", "Last day out", "day"),
)

PROMISED = Listing(
    name="promised",
    title="Promised twice",
    table="rpt_oversell_risk",
    select="""risk.item_key, risk.product_key, risk.sku, risk.product_name, risk.provider,
    risk.account, risk.product_id, risk.quantity_available, risk.quantity_promised, risk.quantity_at_risk,
    risk.quantity_advertised, risk.advertised_by_shadows, risk.advertised_by_kits, risk.quantity_backordered,
    risk.is_oversold, risk.available_elsewhere, risk.elsewhere_account""",
    source="rpt_oversell_risk as risk",
    columns=(
        PRODUCT,
        Column("quantity_available", "Available", "out"),
        Column("quantity_promised", "Promised", "number", is_wide=True),
        Column("quantity_at_risk", "At risk", "bar"),
        Column("quantity_advertised", "By itself", "number", is_wide=True),
        Column("advertised_by_shadows", "By shadows", "number", is_wide=True),
        Column("advertised_by_kits", "By kits", "number", is_wide=True),
        Column("quantity_backordered", "Waited for", "number", is_wide=True),
        ELSEWHERE,
    ),
    order="risk.is_oversold desc, risk.quantity_at_risk desc",
    tie="risk.product_key",
    filters=of("risk", vendor="product"),
    choices=(
        state(
            ("", "all at risk", "risk.quantity_at_risk > 0"),
            ("oversold", "more sold than there is", "risk.is_oversold"),
        ),
    ),
    figures={
        "products": "count(*)",
        "sold beyond what there is": "count(*) filter (where risk.is_oversold)",
    },
    empty="No product is promised beyond what there is, where the channels say what they offer.",
)
