"""Windows end by the server's clock, wherever ours stands and whatever is asked first."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from sandbox import Sandbox
from sources._shared.mark import Window
from tests.sources.conftest import client_of

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)  # the sandbox's
AFTER = NOW - timedelta(hours=6)
DATED = [
    ("shipstream", "total_levels"),
    ("shipstream", "products"),
    ("shipstream", "warehouse_levels"),
    ("sellercloud", "inventory"),
]


@pytest.mark.parametrize("ours", [timedelta(hours=-3), timedelta(days=-400), timedelta(hours=3), timedelta()])
@pytest.mark.parametrize(("provider", "resource"), DATED, ids=lambda name: name)
def test_a_window_ends_at_the_servers_now(
    five: Sandbox, provider: str, resource: str, ours: timedelta
) -> None:
    five.requests.clear()
    client = client_of(five, provider)
    with time_machine.travel(NOW + ours, tick=True):
        list(getattr(client, resource)(Window(AFTER)))
    client.close()
    asked = [
        value
        for one in five.requests
        for name, value in one.params
        if "updated_at{" in value or name in ("model.lastUpdatedTo", "model.lastAggregateTo")
    ]
    assert asked
    # ShipStream's end is not in the window; Sellercloud is told a local time, the minute after.
    end = 'lt:"2026-01-05T08:00:01Z"' if provider == "shipstream" else "01/05/2026 03:01"
    assert all(end in value for value in asked), asked


def test_a_backfill_ends_where_it_is_told_to(five: Sandbox) -> None:
    five.requests.clear()
    client = client_of(five, "shipstream")
    list(client.total_levels(Window(AFTER, AFTER + timedelta(hours=1))))
    client.close()
    assert any('lt:"2026-01-05T03:00:01Z"' in value for one in five.requests for _, value in one.params)
