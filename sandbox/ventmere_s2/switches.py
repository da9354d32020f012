"""What nobody knows for sure about Ventmere S2, and what can go wrong there (ventmere_s2.md §8, §9)."""

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)  # a misspelt switch is an error
class VentmereS2Switches:
    """One field per switch; the defaults are the likeliest S2."""

    login_path: str = "/login"
    token_member: str = "accessToken"
    token_requests: int | None = None
    """How many requests a token from a login is good for."""
    token_seconds: float = 7 * 24 * 3600.0
    """How long a token from a login is good for, by the sandbox's clock."""
    token_state: Literal["valid", "expired"] = "valid"
    """Of the token that comes without a login; those from a login are good or not by themselves."""
    user_organizations: int = 1
    """How many organisations the user belongs to, 1 to 3; from 2 on, the header is required. Those other
    than `organization_id` have nothing in them."""
    foreign_organization_status: Literal[401, 403] = 401
    overview: Literal[
        "whole",
        "truncated",
        "empty",
        "without_warehouses",
        "without_products",
        "without_items",
        "null_items",
    ] = "whole"
    """`truncated`, `empty` and the rest come with status 200."""
    duplicate_level: bool = False
    """One level comes twice, the second time with an older clock and other numbers."""
    older_duplicate_first: bool = False
    """With `duplicate_level`: the older of the two comes first."""
    gzip: bool = False
