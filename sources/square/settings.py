"""Square as data: what can be asked for, and what an account must be told.

Facts and their sources: docs/providers.md names the pages; the numbers here follow Square's OpenAPI file of
2025-08-20 and the changelog of 2026-07-15.
"""

from sources._shared.settings import Resource, Setting

API_VERSION = "2026-07-15"
"""Pinned, because the shape of inventory changes depends on it. From this version on, moves between
locations are in the changes feed; before, they were TRANSFER rows that cannot be asked for."""

PAGE_LIMIT = 1000
"""The most rows a page may have. Always sent: Square's own default is disputed (100 or 1000)."""

CATALOG_TYPES = ("ITEM", "ITEM_VARIATION", "CATEGORY", "MEASUREMENT_UNIT")
"""Variations are asked for by themselves: a change of one need not move its item's updated_at."""

INVENTORY_COUNTS = Resource(
    "inventory_counts",
    key=("catalog_object_id", "location_id", "state"),
    reading="incremental",
    clock="calculated_at: when Square received the change, not when it happened",
)
INVENTORY_CHANGES = Resource(
    "inventory_changes",
    key=("change_type", "change_id"),
    # Rows are added, and since 2026-07-15 edited, never taken away.
    reading="append_only",
    # occurred_at is the till's clock and may lie a day back; updated_after compares receipt times.
    clock="created_at: when Square received it",
)
CATALOG_OBJECTS = Resource(
    "catalog_objects",
    key=("object_id",),
    reading="incremental",
    clock="updated_at: moves on every edit, and on deletion",
    soft_delete="is_deleted",
)
LOCATIONS = Resource(
    "locations",
    key=("location_id",),
    # GET /v2/locations knows no filter, no paging and no updated_at.
    reading="snapshot",
    clock="none",
)

RESOURCES = (INVENTORY_COUNTS, INVENTORY_CHANGES, CATALOG_OBJECTS, LOCATIONS)

SETTINGS = (
    Setting(
        "base_url",
        "https://connect.squareup.com, or https://connect.squareupsandbox.com for Square's sandbox.",
        kind="url",
        default="https://connect.squareup.com",
    ),
    Setting(
        "access_token",
        "Square Developer Console > your application > Credentials. It needs INVENTORY_READ, ITEMS_READ and"
        " MERCHANT_PROFILE_READ.",
        secret=True,
        required=True,
    ),
    Setting("api_version", "The Square-Version to ask for.", default=API_VERSION),
    Setting("location_ids", "Read stock of these locations only; all where it is left out.", kind="list"),
)
