"""Everything goes wrong at once, the same way for the same seed, and is over when it is over."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import httpx
import pytest

from sandbox import Fault, Move, Sandbox
from sandbox.rooms import ROOMS
from tests.sandbox.reading import COUNTS, connected, differences, truth_of


@pytest.fixture
def one(provider: str) -> Iterator[Sandbox]:
    """A sandbox of one provider."""
    with Sandbox(providers=[provider]) as served:
        yield served


def weathered(seed: int, **storm: Any) -> tuple[list[str], list[Move], dict[str, Any]]:
    """What sixty questions to Square met, and what moved meanwhile."""
    with (
        Sandbox(providers=["square"]) as sandbox,
        sandbox.storm(seed, **storm) as met,
        connected(sandbox, "square") as client,
    ):
        return [outcome(client, number) for number in range(60)], met.moves, met.switches


def outcome(client: httpx.Client, number: int) -> str:
    try:
        answer = client.post(COUNTS, json={"limit": 1 + number % 7})
    except httpx.TransportError as error:
        return type(error).__name__
    try:
        answer.json()
    except ValueError:
        return f"{answer.status_code} broken"
    return f"{answer.status_code}"


def test_the_same_seed_brings_the_same_storm() -> None:
    first = weathered(1, rate=0.5)
    assert first == weathered(1, rate=0.5)
    assert first != weathered(2, rate=0.5)


def test_all_kinds_of_failures_come_and_good_answers_between() -> None:
    found, moves, _ = weathered(1, rate=0.5)
    assert {"200", "429", "503", "200 broken"} <= set(found)
    assert {"ReadError", "RemoteProtocolError"} & set(found)
    assert 15 < found.count("200") < 45
    assert {move.kind for move in moves} >= {"change", "remove", "advance"}


def test_what_a_question_meets_does_not_depend_on_other_questions() -> None:
    """Requests of several threads arrive in any order."""

    def answered(numbers: list[int]) -> dict[int, str]:
        with (
            Sandbox(providers=["square"]) as sandbox,
            sandbox.storm(3, rate=0.5, moves=0),
            connected(sandbox, "square") as client,
        ):
            return {number: outcome(client, number) for number in numbers}

    assert answered([0, 1, 2, 3, 4, 5, 6]) == answered([6, 5, 4, 3, 2, 1, 0])


@pytest.mark.parametrize("provider", ROOMS)
def test_every_room_has_switches_for_a_storm_and_they_are_set_back(one: Sandbox, provider: str) -> None:
    before = asdict(one.switches[provider])
    for seed in range(10):
        with one.storm(seed) as storm:
            shown = asdict(one.switches[provider])
            assert shown == {**before, **storm.switches[provider]}
        assert asdict(one.switches[provider]) == before
    assert set(ROOMS[provider].storm) <= set(before)


def test_a_second_storm_takes_the_place_of_the_first(sandbox: Sandbox) -> None:
    before = asdict(sandbox.switches["square"])
    sandbox.storm(1)
    sandbox.storm(2)
    sandbox.calm()
    sandbox.calm()
    assert asdict(sandbox.switches["square"]) == before


@pytest.mark.parametrize("provider", ROOMS)
def test_what_is_removed_is_gone_and_comes_back(one: Sandbox, provider: str) -> None:
    before = truth_of(one, provider)
    keys = [one.remove(provider, place) for place in (3, 3, 8)]
    gone = {key for found in differences(before, truth_of(one, provider)).values() for key in found}
    assert set(keys) <= gone
    one.clock.advance(minutes=1)
    assert sorted(one.bring_back(provider) for _ in keys) == sorted(keys)
    after = truth_of(one, provider)
    assert all(after[name].keys() >= before[name].keys() for name in before)
    with pytest.raises(ValueError, match="nothing of"):
        one.bring_back(provider)


def test_data_moves_after_answers_and_is_told_of() -> None:
    seen: list[Move] = []
    with (
        Sandbox(providers=["square"]) as sandbox,
        sandbox.storm(1, rate=0, moves=1, moved=seen.append) as storm,
        connected(sandbox, "square") as client,
    ):
        before = dict(sandbox.truth("square", "inventory_counts"))
        for number in range(20):
            outcome(client, number)
        assert storm.moves == seen
        touched = {move.key for move in seen if move.kind in ("change", "remove")}
        changed = differences({"c": before}, {"c": dict(sandbox.truth("square", "inventory_counts"))})["c"]
        assert changed <= touched


def test_a_storm_is_over_the_providers_that_are_named(square: httpx.Client, sandbox: Sandbox) -> None:
    with sandbox.storm(1, rate=1, providers=["ventmere_s2"]) as storm:
        assert square.get("/v2/locations").status_code == 200
        assert storm.switches.keys() == {"ventmere_s2"}


def test_a_connection_is_torn_in_the_body(sandbox: Sandbox, square: httpx.Client) -> None:
    sandbox.faults["square"].next(Fault("cut"))
    with square.stream("GET", "/v2/locations") as answer:
        assert answer.status_code == 200
        promised = int(answer.headers["content-length"])
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            answer.read()
        assert 0 < answer.num_bytes_downloaded < promised
    assert square.get("/v2/locations").status_code == 200


def test_a_storm_comes_and_goes_over_http(square: httpx.Client, control: httpx.Client) -> None:
    told = control.post("/storm", json={"seed": 1, "rate": 1.0}).json()
    assert told["switches"].keys() == {"square", "ventmere_s2"}

    def is_good() -> bool:
        try:
            return set(square.get("/v2/locations").json()) == {"locations"}
        except (httpx.TransportError, ValueError):
            return False

    assert not is_good()
    assert control.delete("/storm").json() == {}
    assert is_good()


@pytest.mark.parametrize("body", [{"rate": 2}, {"moves": -1}, {"colour": 1}, {"providers": ["nobody"]}])
def test_a_wrong_storm_is_refused(sandbox: Sandbox, control: httpx.Client, body: dict[str, Any]) -> None:
    before = asdict(sandbox.switches["square"])
    assert control.post("/storm", json=body).status_code == 400
    assert asdict(sandbox.switches["square"]) == before
