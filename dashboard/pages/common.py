"""What several pages share: columns, and how their filters are put in SQL."""

from dashboard.listings import Choice, Column, Option

PRODUCT = Column("sku", "Product", "product")
ELSEWHERE = Column("available_elsewhere", "Elsewhere", "elsewhere", is_wide=True)
FOUND_BY_WORD = (
    "item_key in (select item_key from item_words where contains(words, strip_accents(lower({word}))))"
)
OF_COLUMN = {
    "provider": "provider",
    "account": "account",
    "location": "location_key",
    "vendor": "vendor_name",
}
ITEM_FILTERS = {
    name: f"item_key in (select item_key from products_of_items where {OF_COLUMN[name]} = ${name})"
    for name in ("provider", "account", "vendor")
}
"""Of items: one of its products is what is asked for."""


def of(rows: str, *filters: str, vendor: str = "") -> dict[str, str]:
    """Conditions on rows: all know provider and account, some have the columns of more filters.

    Rows that have no vendor find it by their product: `vendor="product"`.
    """
    at = f"{rows}." if rows else ""
    conditions = {name: f"{at}{OF_COLUMN[name]} = ${name}" for name in ("provider", "account", *filters)}
    if vendor == "product":
        of_vendor = "select product_key from products_of_items where vendor_name = $vendor"
        conditions["vendor"] = f"{at}product_key in ({of_vendor})"
    return conditions


def state(*options: tuple[str, ...]) -> Choice:
    """Rows to show: values, labels, conditions. The first is what holds when nothing is said."""
    return Choice("state", "Show", tuple(Option(*one) for one in options))
