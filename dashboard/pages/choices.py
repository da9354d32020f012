"""What can be chosen on every page."""

import re

from dashboard.reader import Reading


def filters(reading: Reading) -> dict[str, list[tuple[str, str]]]:
    """What each filter offers: value and label. Vendors are many: the first ones by name."""
    accounts = reading.rows("select account, provider from dim_accounts\norder by account")
    places = reading.rows(
        "select location_key, account, coalesce(name, location_id) as name from dim_locations\n"
        "where deleted_at is null\norder by account, name, location_key\nlimit 500"
    )
    vendors = reading.rows(
        "select distinct vendor_name from dim_products\nwhere vendor_name is not null\n"
        "order by vendor_name\nlimit 500"
    )
    return {
        "provider": [
            (name, name.replace("_", " ")) for name in sorted({row["provider"] for row in accounts})
        ],
        "account": [(row["account"], row["account"]) for row in accounts],
        "location": [(row["location_key"], f"{row['name']} · {row['account']}") for row in places],
        "vendor": [(row["vendor_name"], row["vendor_name"]) for row in vendors],
    }


def colours(reading: Reading) -> dict[str, int]:
    """A colour per account, of its system: the same on every page of a release."""
    rows = reading.rows("select account, provider from dim_accounts\norder by provider, account")
    names = list(dict.fromkeys(row["provider"] for row in rows))
    return {row["account"]: names.index(row["provider"]) for row in rows}


def is_identifier(value: str) -> bool:
    """Whether a text can be one of our keys."""
    return re.fullmatch(r"[0-9a-zA-Z_-]{1,64}", value) is not None
