"""Many accounts, several of one provider: side by side, each by itself, one pace where one limit counts."""

import re
import subprocess
import sys
from itertools import pairwise

import pytest

from sandbox import Fault
from tests.conftest import COUNTS, Project


@pytest.mark.providers("square")
def test_accounts_of_one_provider_are_kept_apart(project: Project) -> None:
    shops = [f"shop_{number}" for number in range(3)]
    project.configure({shop: project.account("square") for shop in shops})
    rows = project.load()
    assert {account for account, _ in rows} == set(shops)
    for shop in shops:
        project.assert_equals_truth(shop)
    project.live_an_hour(2)
    project.load("--account", "shop_1")
    project.assert_equals_truth("shop_1")
    other = project.current("square", "inventory_counts", "shop_2")
    assert other != project.current("square", "inventory_counts", "shop_1"), "it was not asked"


@pytest.mark.providers("square")
@pytest.mark.parametrize("at_once", [1, 3])
def test_a_setting_bounds_how_many_are_read_side_by_side(project: Project, at_once: int) -> None:
    places = list(project.sandbox.world.data["square"].locations)[:3]
    project.configure(
        {f"shop_{place.lower()}": project.account("square", location_ids=[place]) for place in places},
        accounts_at_once=at_once,
    )
    project.sandbox.switches["square"].page_rows = 20
    project.sandbox.faults["square"].rates[Fault("slow", seconds=0.05)] = 1.0
    project.load()
    asked = [a.body["location_ids"][0] for a in project.sandbox.requests if a.path == COUNTS]
    turns = 1 + sum(one != other for one, other in pairwise(asked))
    if at_once == 1:
        assert turns == 3, "one account after the other"
    else:
        assert turns > 3, "in turns, while the others wait for their answers"


@pytest.mark.providers("square", "ventmere_s2")
def test_a_slow_and_a_broken_account_hold_up_nobody(project: Project, impatient: None) -> None:
    project.configure(
        {
            "broken": project.account("square", base_url="http://127.0.0.1:9"),
            "refused": project.account("square", access_token="mistyped-4711"),
            "good": project.account("square"),
            "slow": project.account("ventmere_s2"),
        },
        accounts_at_once=2,
    )
    project.sandbox.faults["ventmere_s2"].next(Fault("slow", seconds=1.0))
    rows = project.load(exits=3)
    states = {
        account: {row["status"] for (name, _), row in rows.items() if name == account} for account, _ in rows
    }
    assert states == {"broken": {"failed"}, "refused": {"failed"}, "good": {"ok"}, "slow": {"ok"}}
    finished = {account: row["finished_at"] for (account, _), row in rows.items()}
    assert finished["good"] < finished["slow"]
    project.sandbox.requests.clear()
    project.configure({"good": project.account("square")})
    project.load()


@pytest.mark.providers("augno")
def test_accounts_behind_one_address_share_one_pace(project: Project, impatient: None) -> None:
    """Augno counts the requests of an address: two accounts at 40 a second are not to be 80 together."""
    project.sandbox.switches["augno"].requests_per_second = 45
    account = project.account("augno", requests_per_second=40)
    project.configure({"north": account, "south": account})
    rows = project.load()
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert len(project.sandbox.requests) > 200
    assert sum(row["retries"] for row in rows.values()) == 0, "nobody was told to slow down"


@pytest.mark.providers("augno")
def test_a_throttled_call_is_counted(project: Project, impatient: None) -> None:
    project.sandbox.faults["augno"].next(None, 20)
    project.sandbox.faults["augno"].next(Fault("status", 429, retry_after="1"))
    row = project.load()["augno", "item_inventory"]
    assert row["retries"] == 1
    assert row["throttled_seconds"] == 1.0
    project.assert_equals_truth()


@pytest.mark.providers("augno")
def test_an_item_deleted_between_the_list_and_its_call_is_no_failure(project: Project) -> None:
    data = project.sandbox.world.data["augno"]
    doomed = sorted(project.sandbox.truth("augno", "items"))[-1][0]
    project.sandbox.switches["augno"].after_page = lambda number: data.delete_item(doomed) and None
    rows = project.load()
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert (doomed,) in project.current("augno", "items"), "it was listed"
    assert (doomed,) not in project.current("augno", "item_inventory")
    project.sandbox.switches["augno"].after_page = None
    project.load()
    project.assert_equals_truth()


@pytest.mark.providers("augno")
def test_fresh_ids_and_padded_zeros_are_no_changes(project: Project) -> None:
    project.sandbox.switches["augno"].padded_values = True
    project.load()
    before = project.versions("augno", "item_inventory")
    for _ in range(2):
        assert project.load()["augno", "item_inventory"]["rows_new"] == 0
    assert project.versions("augno", "item_inventory") == before


LOOKED_FOR_PANDAS = """
import sys, threading
class Pandas:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            print(threading.current_thread().name, file=sys.stderr)
            raise ImportError
sys.meta_path.insert(0, Pandas())
from pipelines.main import main
main()
"""


@pytest.mark.providers("square", "ventmere_s2")
def test_pandas_is_imported_before_accounts_are_read_side_by_side(project: Project) -> None:
    """Found where pandas is installed: an account's thread met it half imported by another's, and failed."""
    project.configure()
    command = [sys.executable, "-c", LOOKED_FOR_PANDAS, "load", "--log-format", "json"]
    done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=True)
    looked = {line for line in done.stderr.splitlines() if re.match("(MainThread|account)", line)}
    assert looked == {"MainThread"}
