"""The seller's locations."""

import random
from typing import Any

ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
CITIES = (
    ("Grant Park", "San Francisco", "CA", "US", "America/Los_Angeles"),
    ("Midtown", "Atlanta", "GA", "US", "America/New_York"),
    ("Old Store", "Denver", "CO", "US", "America/Denver"),
    ("Van", "Chicago", "IL", "US", "America/Chicago"),
    ("Café Nord", "Montréal", "QC", "CA", "America/Toronto"),
)


def make_id(rng: random.Random, length: int) -> str:
    """An id as Square writes it."""
    return "".join(rng.choices(ID_LETTERS, k=length))


def make_locations(rng: random.Random) -> dict[str, dict[str, Any]]:
    """Five locations by id: the third is inactive, the fourth is mobile."""
    locations: dict[str, dict[str, Any]] = {}
    for number, (name, city, region, country, zone) in enumerate(CITIES):
        location: dict[str, Any] = {
            "id": make_id(rng, 13),
            "name": name,
            "address": {
                "address_line_1": f"{100 + number} Main St",
                "locality": city,
                "administrative_district_level_1": region,
                "postal_code": f"94{number}14",
                "country": country,
            },
            "timezone": zone,
            "capabilities": ["CREDIT_CARD_PROCESSING"],
            "status": "INACTIVE" if number == 2 else "ACTIVE",
            "created_at": f"2016-09-{19 + number}T17:33:12Z",
            "merchant_id": "3MYCJG5GVYQ8Q",
            "country": country,
            "language_code": "en-US",
            "currency": "CAD" if country == "CA" else "USD",
            "phone_number": "+1 650-354-7217",
            "business_name": "Jet Fuel Coffee",
            "type": "MOBILE" if number == 3 else "PHYSICAL",
            "mcc": "7299",
        }
        if number == 1:
            location["coordinates"] = {"latitude": 33.7889, "longitude": -84.3841}
            location["description"] = "Midtown Atlanta store"
        locations[location["id"]] = location
    return locations
