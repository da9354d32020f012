"""Fields that appear, disappear or change their type, in answers and in the truth alike."""

import copy

import httpx
import pytest

from sandbox import Sandbox
from sandbox.rooms import ROOMS
from tests.sandbox.reading import overview


def test_answers_and_truth_drift_together_and_back(sandbox: Sandbox, s2: httpx.Client) -> None:
    before = copy.deepcopy(list(sandbox.truth("ventmere_s2", "inventory_items").values()))
    sandbox.drift(
        "ventmere_s2",
        "inventory_items",
        add={"level.onLoan": 1.5, "missing.part": 1},
        drop=["level.incoming"],
        retype={"level.available": "text"},
    )
    drifted = [
        {
            **item,
            "level": {
                **{name: value for name, value in item["level"].items() if name != "incoming"},
                "available": str(item["level"]["available"]),
                "onLoan": 1.5,
            },
        }
        for item in before
    ]
    sandbox.switches["ventmere_s2"].gzip = True

    assert overview(s2)["items"] == drifted
    assert list(sandbox.truth("ventmere_s2", "inventory_items").values()) == drifted
    sandbox.drift("ventmere_s2", "inventory_items")
    assert overview(s2)["items"] == before


def test_over_http_a_drift_is_set_whole_or_not_at_all(sandbox: Sandbox) -> None:
    address = f"{sandbox.url}/_sandbox/drifts/square"
    given = {"drop": ["state"], "retype": {"quantity": "number"}}
    told = httpx.put(f"{address}/inventory_counts", json=given)

    assert told.json() == {"add": {}, "where": {}, **given}
    assert httpx.get(address).json() == {"inventory_counts": told.json()}
    count = next(iter(sandbox.truth("square", "inventory_counts").values()))
    assert "state" not in count
    assert isinstance(count["quantity"], int | float)
    for path, body in (
        ("nothing", {}),
        ("locations", {"retype": {"id": "list"}}),
        ("locations", {"loose": 1}),
    ):
        assert httpx.put(f"{address}/{path}", json=body).status_code == 400
    assert list(sandbox.drifts["square"]) == ["inventory_counts"]


@pytest.mark.parametrize("provider", ROOMS)
def test_every_resource_can_drift(provider: str) -> None:
    with Sandbox(providers=(provider,)) as sandbox:
        for resource in ROOMS[provider].records:
            sandbox.drift(provider, resource, add={"new": resource})
            records = sandbox.truth(provider, resource).values()
            assert all(record["new"] == resource for record in records)
