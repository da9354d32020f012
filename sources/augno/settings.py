"""Augno as data: what can be asked for, and what an account must be told.

Facts and their sources: the provider note augno.md, which names the pages of docs.augno.com and the published
SDKs behind each of them. Since 2026-08-22 Augno is called OpenMRP.
"""

from sources._shared.settings import Resource, Setting

API_VERSION = "1.0.forge-preview.2"
"""The profile that the seed document shows. A version is required in every request."""

PAGE_LIMIT = 1000
"""The most items a page may have."""

ITEM_PARTS = ("category", "category.unit_group", "category.unit_group.base_unit", "unit_cost", "unit_value")
"""What is filled in on request. The base unit is the one of all four quantities, whose own unit is null."""

QUANTITIES = ("on_hand", "reserved", "available_to_promise", "short")
"""Without being asked for, each of them is null."""

REQUESTS_PER_SECOND = 16
"""Augno allows 20 a second to an address, whatever the number of keys."""

ITEMS = Resource(
    "items",
    key=("item_id",),
    # The list has a filter on created_at only, and created_at never moves.
    reading="snapshot",
    clock="updated_at: moves when the item's record is edited, not when its stock moves",
)
ITEM_INVENTORY = Resource(
    "item_inventory",
    key=("item_id",),
    # One call per item, without a filter and without a clock.
    reading="snapshot",
    clock="none",
)

RESOURCES = (ITEMS, ITEM_INVENTORY)

SETTINGS = (
    Setting(
        "base_url",
        "https://api.augno.com, or https://api.openmrp.ai since the product was renamed.",
        kind="url",
        default="https://api.augno.com",
    ),
    Setting(
        "api_key",
        "Augno > Settings > API keys; it starts with aug_sk_, and its role needs items:read.",
        secret=True,
        required=True,
    ),
    Setting("api_version", "The version to ask for.", default=API_VERSION),
    Setting("account_id", "The account to read, ac_…; needed where the key's user belongs to several."),
    Setting(
        "requests_per_second",
        "How fast to ask; shared by all accounts on one host, because Augno counts by address.",
        kind="number",
        default=str(REQUESTS_PER_SECOND),
    ),
)
