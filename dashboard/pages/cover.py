"""Cover: when will it run out?"""

from dashboard.listings import Choice, Column, Limit, Listing, Option
from dashboard.pages.common import ELSEWHERE, PRODUCT, of, state

SELLS = "cover.quantity_available > 0 and cover.days_of_cover"
BUCKETS = (
    ("out", "out", "cover.quantity_available <= 0 and not cover.is_no_demand"),
    ("7", "under 7 days", f"{SELLS} < 7"),
    ("14", "7 to 14", f"{SELLS} >= 7 and cover.days_of_cover < 14"),
    ("30", "14 to 30", f"{SELLS} >= 14 and cover.days_of_cover < 30"),
    ("60", "30 to 60", f"{SELLS} >= 30 and cover.days_of_cover < 60"),
    ("90", "60 to 90", f"{SELLS} >= 60 and cover.days_of_cover < 90"),
    ("more", "90 and more", f"{SELLS} >= 90"),
    ("none", "no demand", "cover.is_no_demand"),
    (
        "unknown",
        "not known",
        "cover.is_no_demand is null or (not cover.is_no_demand and (cover.quantity_available is null"
        " or (cover.quantity_available > 0 and cover.days_of_cover is null)))",
    ),
)
"""Every product stands in one of them."""

COVER = Listing(
    name="cover",
    title="Days of cover",
    table="rpt_days_of_cover",
    select="""cover.item_key, cover.product_key, cover.sku, cover.product_name, cover.provider,
    cover.account, cover.product_id, cover.vendor_name, cover.unit_of_measure, cover.quantity_available,
    cover.days_of_cover, cover.days_of_cover_all_days, cover.sells_out_on, cover.quantity_sold,
    cover.daily_sales_in_stock, cover.velocity_source, cover.covered_days, cover.days_in_stock,
    cover.days_observed, cover.is_no_demand, classes.abc_class, cover.available_elsewhere,
    cover.elsewhere_account""",
    source="rpt_days_of_cover as cover",
    joins="left join class_by_product as classes on cover.product_key = classes.product_key",
    columns=(
        PRODUCT,
        Column("quantity_available", "Available", "out"),
        Column("days_of_cover", "Days left", "days"),
        Column("sells_out_on", "Out on", "day", is_wide=True),
        Column("days_of_cover_all_days", "By all days", "days", is_wide=True),
        Column("quantity_sold", "Sold lately", "number"),
        Column("velocity_source", "Told by", "system", is_wide=True),
        Column("days_in_stock", "Days in stock", "number", is_wide=True),
        Column("abc_class", "Class", is_wide=True),
        ELSEWHERE,
    ),
    order="case when cover.quantity_available > 0 then cover.days_of_cover end asc nulls last,"
    " cover.quantity_sold desc nulls last",
    tie="cover.product_key",
    filters=of("cover", "vendor"),
    choices=(
        state(("", "all"), *BUCKETS),
        Choice(
            "class",
            "Class",
            (
                Option("", "all"),
                *(
                    Option(one, one, f"classes.abc_class = '{one}'")
                    for one in ("A", "B", "C", "none", "unknown")
                ),
            ),
        ),
    ),
    buckets=tuple(Option(*one) for one in BUCKETS),
    limits=(Limit("days", "Days below", f"{SELLS} < cast($days as decimal(18, 4))"),),
    empty="No product is like that.",
)
