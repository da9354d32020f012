"""Every switch of every sandbox: the values under which the warehouse must come to equal the truth.

A switch that is a bool or a choice of words has all its values tried, unless some are told apart here;
numbers are told here. What cannot end well, such as a revoked token, is left out with the test that has it.
"""

from collections.abc import Callable, Mapping, Sequence
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from sandbox.rooms import ROOMS
from tests.pairs import all_pairs

VALUES: dict[str, dict[str, Sequence[Any]]] = {
    "sellercloud": {
        "token_requests": [None, 3],
        "token_seconds": [3600.0, 60.0],
        "timezone": ["America/New_York", "Australia/Lord_Howe", "UTC"],
        "total_results": ["told"],
    },
    "square": {
        "page_rows": [None, 7],
        "expire_next_cursors": [0, 2],
        "read_lag_seconds": [0.0, 120.0],
    },
    "ventmere_s2": {
        "login_path": ["/login"],
        "token_member": ["accessToken", "token"],
        "token_requests": [None, 1],
        "user_organizations": [1, 3],
        "overview": ["whole"],
    },
    "shipstream": {
        "naive_literal_hours": [0.0, -5.0],
        "count_skew": [0, -1],
        "warehouse_ref": ["object", "id"],
    },
    "augno": {
        "account_header_required": [False, True],
        "page_rows": [None, 40],
        "refuse_next_cursors": [0, 2],
        "cursor_seconds": [None],
        "requests_per_second": [None],
    },
}

ELSEWHERE: dict[str, dict[str, str]] = {
    "sellercloud": {
        "login": "tests/pipelines/test_doctor.py",
        "total_skew": "tests/pipelines/test_sellercloud_reading.py",
        "null_items_page": "tests/pipelines/test_sellercloud_reading.py",
        "throttle_retry_after": "tests/pipelines/test_sellercloud_reading.py",
        "throttle_after": "tests/pipelines/test_sellercloud_reading.py",
        "throttle_seconds": "tests/pipelines/test_sellercloud_reading.py",
        "throttle_status": "tests/pipelines/test_sellercloud_reading.py",
        "warehouses_permission": "tests/pipelines/test_doctor.py",
    },
    "square": {
        "token_state": "tests/pipelines/test_doctor.py",
        "missing_scopes": "tests/pipelines/test_doctor.py",
        "cursor_ttl_seconds": "tests/pipelines/test_moving_data.py",
        "requests_per_second": "tests/sandbox/test_square_api.py",
        "retry_after": "tests/sandbox/test_square_api.py",
    },
    "ventmere_s2": {
        "token_state": "tests/pipelines/test_doctor.py",
        "token_seconds": "tests/sandbox/test_ventmere_s2_api.py",
        "foreign_organization_status": "tests/pipelines/test_doctor.py",
        "older_duplicate_first": "tests/pipelines/test_moving_data.py",
    },
    "shipstream": {
        "token_days": "tests/pipelines/test_doctor.py",
        "token_audience": "tests/pipelines/test_doctor.py",
        "token_state": "tests/pipelines/test_doctor.py",
        "token_requests": "tests/sandbox/test_shipstream_api.py",
        "echoed_version": "tests/pipelines/test_doctor.py",
        "cursor_by_product_id": "tests/pipelines/test_totals.py",
    },
    "augno": {
        "key_state": "tests/pipelines/test_doctor.py",
        "items_read": "tests/pipelines/test_doctor.py",
        "wrong_account_status": "tests/pipelines/test_doctor.py",
        "refuse_all": "tests/pipelines/test_doctor.py",
        "old_versions": "tests/sandbox/test_augno_api.py",
    },
}
"""Switches whose other values cannot end with the truth, and where they are tried."""


def switch_values(provider: str) -> Mapping[str, Sequence[Any]]:
    """The values to try, per switch."""
    told = VALUES.get(provider, {})
    kinds = get_type_hints(ROOMS[provider].switches)
    return {
        name: told[name] if name in told else _all(kind)
        for name, kind in kinds.items()
        if name not in ELSEWHERE.get(provider, {}) and not _is_hook(kind)
    }


def is_blind(switches: Any) -> bool:
    """Whether a provider's filters read times in another zone: every run reads whole then, and says so."""
    hours = getattr(switches, "naive_literal_hours", 0)
    return bool(hours and getattr(switches, "literal_zone_ignored", False))


def _all(kind: Any) -> Sequence[Any]:
    if kind is bool:
        return [False, True]
    if get_origin(kind) is Literal:
        return get_args(kind)
    raise AssertionError(f"a switch of type {kind} has no values in tests/switch_values.py")


def _is_hook(kind: Any) -> bool:
    choices = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    return any(get_origin(choice) is Callable for choice in choices)


ROWS = [
    pytest.param(provider, row, id=f"{provider}-{number}")
    for provider in ROOMS
    for number, row in enumerate(all_pairs(switch_values(provider)))
]
"""Every two values of different switches of a provider, together at least once; for `parametrize`."""
FIRST_ROWS = [row for row in ROWS if str(row.id).endswith("-0")]
"""One of each provider, for what is dear."""
