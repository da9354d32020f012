"""Square's room: scopes, cursors that die, pages by position or by key, what shows late."""

from typing import Any

import httpx
import pytest

from sandbox import Sandbox
from sandbox.square import SquareSwitches
from tests.sandbox.reading import CHANGES, COUNTS, SEARCH, count_key, counts, scan, square_error

PROVIDER = "square"


def page(client: httpx.Client, **body: Any) -> dict[str, Any]:
    return client.post(COUNTS, json=body).json()


def test_page_rows_caps_any_limit(switches: SquareSwitches, square: httpx.Client) -> None:
    switches.page_rows = 20
    assert [len(page(square, limit=limit)["counts"]) for limit in (1000, 5)] == [20, 5]


def moved_between_pages(sandbox: Sandbox, square: httpx.Client) -> tuple[list[Any], list[Any]]:
    """Two pages of ten, between which the oldest count jumps to the head."""
    first = page(square, limit=10)
    *_, oldest = counts(square, limit=1000)
    sandbox.world.data["square"].recalculate(count_key(oldest))
    second = page(square, limit=10, cursor=first["cursor"])
    return [count_key(c) for c in first["counts"]], [count_key(c) for c in second["counts"]]


def test_positional_paging_repeats_a_row_when_data_moves(sandbox: Sandbox, square: httpx.Client) -> None:
    first, second = moved_between_pages(sandbox, square)
    assert set(first) & set(second) == {first[-1]}


def test_keyed_paging_repeats_nothing(
    sandbox: Sandbox, switches: SquareSwitches, square: httpx.Client
) -> None:
    switches.paging = "keyed"
    before = [count_key(count) for count in counts(square, limit=1000)]
    first, second = moved_between_pages(sandbox, square)
    assert first + second == before[:20]


@pytest.mark.parametrize("inclusive", [False, True])
def test_updated_after_inclusive(
    sandbox: Sandbox, switches: SquareSwitches, square: httpx.Client, inclusive: bool
) -> None:
    sandbox.clock.advance(hours=1)
    changed = sandbox.change(3)["square"]
    switches.updated_after_inclusive = inclusive
    body = {"updated_after": sandbox.clock.now().isoformat()}
    assert {count_key(count) for count in counts(square, **body)} == set(changed if inclusive else [])
    assert len(scan(square, CHANGES, "changes", **body)) == (3 if inclusive else 0)


def test_updated_after_takes_any_offset(sandbox: Sandbox, square: httpx.Client) -> None:
    sandbox.clock.advance(hours=1)
    sandbox.change(3)
    assert len(counts(square, updated_after="2026-01-05T10:59:59.999999999+02:00")) == 3
    assert len(counts(square, updated_after="2026-01-05T09:00:00Z")) == 0


def test_cursors_die_after_their_time(
    sandbox: Sandbox, switches: SquareSwitches, square: httpx.Client
) -> None:
    cursor = page(square)["cursor"]
    sandbox.clock.advance(seconds=299)
    assert page(square, cursor=cursor)["counts"]
    sandbox.clock.advance(seconds=1)
    assert square_error(square.post(COUNTS, json={"cursor": cursor})) == (400, "INVALID_CURSOR")
    switches.cursor_ttl_seconds = 0
    fresh = page(square)["cursor"]
    assert square_error(square.post(COUNTS, json={"cursor": fresh})) == (400, "INVALID_CURSOR")


def test_expire_next_cursors(switches: SquareSwitches, square: httpx.Client) -> None:
    cursor = page(square)["cursor"]
    switches.expire_next_cursors = 2
    answers = [square.post(COUNTS, json={"cursor": cursor}).status_code for _ in range(3)]
    assert answers == [400, 400, 200]


def test_check_same_body(switches: SquareSwitches, square: httpx.Client) -> None:
    cursor = page(square, limit=10)["cursor"]
    alone = {"cursor": cursor}
    assert square_error(square.post(COUNTS, json=alone)) == (400, "INVALID_CURSOR")
    switches.check_same_body = False
    assert square.post(COUNTS, json=alone).status_code == 200
    assert square_error(square.post(CHANGES, json=alone)) == (400, "INVALID_CURSOR")


def test_a_damaged_cursor_is_refused(square: httpx.Client) -> None:
    for cursor in ("x", page(square)["cursor"][:-9], "W10="):
        assert square_error(square.post(COUNTS, json={"cursor": cursor})) == (400, "INVALID_CURSOR")


@pytest.mark.parametrize("paging", ["positional", "keyed"])
def test_empty_second_page_loses_nothing_to_who_follows_the_cursor(
    sandbox: Sandbox, switches: SquareSwitches, square: httpx.Client, paging: str
) -> None:
    switches.empty_second_page, switches.paging = True, paging
    assert len(counts(square)) == len(sandbox.truth("square", "inventory_counts"))
    sent = [asked.rows for asked in sandbox.requests]
    assert sent[:3] == [100, 0, 100]


@pytest.mark.parametrize("missing", [False, True])
def test_missing_key_when_empty(switches: SquareSwitches, square: httpx.Client, missing: bool) -> None:
    switches.missing_key_when_empty = missing
    assert page(square, location_ids=["NOWHERE"]) == ({} if missing else {"counts": []})


def test_errors_on_success(switches: SquareSwitches, square: httpx.Client) -> None:
    assert "errors" not in page(square)
    switches.errors_on_success = True
    assert page(square)["errors"] == []


def test_read_lag_hides_changes_until_they_are_old_enough(
    sandbox: Sandbox, switches: SquareSwitches, square: httpx.Client
) -> None:
    before = counts(square)
    switches.read_lag_seconds = 2
    key = count_key(before[0])
    sandbox.world.data["square"].set_count(*key[:2], "901")
    sandbox.clock.advance(seconds=1)
    sandbox.world.data["square"].set_count(*key[:2], "902")
    sandbox.world.data["square"].remove_count(count_key(before[1]))
    assert counts(square) == before
    assert list(sandbox.truth("square", "inventory_counts").values()) == before
    sandbox.clock.advance(seconds=1)
    assert counts(square)[0]["quantity"] == "901"
    assert len(counts(square)) == len(before)
    sandbox.clock.advance(seconds=1)
    assert counts(square)[0]["quantity"] == "902"
    assert len(counts(square)) == len(before) - 1


def test_padded_quantities(sandbox: Sandbox, switches: SquareSwitches, square: httpx.Client) -> None:
    plain = counts(square)
    switches.padded_quantities = True
    padded = counts(square)
    assert all("." in count["quantity"] for count in padded)
    assert [float(count["quantity"]) for count in padded] == [float(count["quantity"]) for count in plain]
    assert sandbox.truth("square", "inventory_counts") == {count_key(count): count for count in padded}


@pytest.mark.parametrize("how", ["counts_of_deleted", "counts_at_inactive"])
def test_counts_of_what_is_gone_are_frozen_or_gone(
    sandbox: Sandbox, switches: SquareSwitches, square: httpx.Client, how: str
) -> None:
    def is_gone(count: dict[str, Any]) -> bool:
        if how == "counts_of_deleted":
            return sandbox.world.data["square"].objects[count["catalog_object_id"]]["is_deleted"]
        return sandbox.world.data["square"].locations[count["location_id"]]["status"] == "INACTIVE"

    frozen = counts(square)
    assert any(map(is_gone, frozen))
    setattr(switches, how, "gone")
    assert counts(square) == [count for count in frozen if not is_gone(count)]
    assert len(sandbox.truth("square", "inventory_counts")) == len(counts(square))


def test_after_page_is_called_with_each_pages_number(
    sandbox: Sandbox, switches: SquareSwitches, square: httpx.Client
) -> None:
    numbers: list[int] = []
    switches.after_page = numbers.append
    counts(square, limit=1000)
    counts(square, limit=200)
    assert numbers == [1, 1, 2, 3]


def test_after_page_can_change_what_the_next_page_holds(
    sandbox: Sandbox, switches: SquareSwitches, square: httpx.Client
) -> None:
    switches.after_page = lambda number: sandbox.change(1) and None
    read = counts(square)
    assert len({count_key(count) for count in read}) < len(read)


def test_requests_per_second_and_retry_after(switches: SquareSwitches, square: httpx.Client) -> None:
    switches.requests_per_second = 0.5  # a bucket of one request, refilled in two seconds
    assert square.get("/v2/locations").status_code == 200
    throttled = square.get("/v2/locations")
    assert square_error(throttled) == (429, "RATE_LIMITED")
    assert "retry-after" not in throttled.headers
    switches.retry_after = "3"
    assert square.get("/v2/locations").headers["retry-after"] == "3"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"limit": 0}, "VALUE_TOO_LOW"),
        ({"limit": 1001}, "VALUE_TOO_HIGH"),
        ({"limit": "10"}, "EXPECTED_INTEGER"),
        ({"updated_after": "2026-01-05T09:00:00"}, "INVALID_TIME"),
        ({"location_ids": "X"}, "EXPECTED_ARRAY"),
        ({"begin_time": "2026-01-05T09:00:00Z"}, "UNKNOWN_BODY_PARAMETER"),
        ([], "EXPECTED_JSON_BODY"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_request_is_refused(square: httpx.Client, body: Any, code: str) -> None:
    assert square_error(square.post(COUNTS, json=body)) == (400, code)


def test_counts_are_filtered_as_asked(sandbox: Sandbox, square: httpx.Client) -> None:
    whole = counts(square)
    variation, location, _ = count_key(whole[0])
    asked = {"catalog_object_ids": [variation], "location_ids": [location]}
    assert counts(square, **asked) == [c for c in whole if count_key(c)[:2] == (variation, location)]


def test_begin_time_is_exclusive_and_brings_deleted_objects(sandbox: Sandbox, square: httpx.Client) -> None:
    shop = sandbox.world.data["square"]
    sandbox.clock.advance(hours=1)
    gone = shop.delete_object(shop.variation_of_article[0])
    asked = {"begin_time": "2026-01-05T08:59:59.999Z", "include_deleted_objects": False}
    assert [found["id"] for found in scan(square, SEARCH, "objects", **asked)] == [gone]
    assert scan(square, SEARCH, "objects", begin_time="2026-01-05T09:00:00Z") == []
    assert gone not in {found["id"] for found in scan(square, SEARCH, "objects")}
