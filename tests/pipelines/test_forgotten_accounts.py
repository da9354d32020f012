"""Accounts that the warehouse knows and the configuration does not have any more."""

import json
from typing import Any

import pytest

from pipelines.registry import PROVIDERS
from tests.conftest import Project

SAYS = "is in the warehouse and not in the configuration any more."


def configured(project: Project) -> dict[str, bool]:
    return dict(project.query("select account, is_configured from raw_stocktake.accounts"))


def raw_rows(project: Project, account: str) -> int:
    tables = [f"{p.dataset}.{r.name}" for p in PROVIDERS.values() for r in p.resources]
    union = " union all ".join(f"select account from {table}" for table in tables)
    return int(project.query(f"select count(*) from ({union}) where account = ?", account)[0][0])


def renamed(project: Project) -> dict[str, dict[str, Any]]:
    return {"square": project.account("square"), "s2": project.account("ventmere_s2")}


def taken_out(project: Project) -> dict[str, dict[str, Any]]:
    return {"square": project.account("square")}


@pytest.mark.parametrize("change", [renamed, taken_out])
def test_a_run_says_what_became_of_an_account_that_is_gone(
    project: Project, after_a_load: None, change: Any
) -> None:
    held = raw_rows(project, "ventmere_s2")
    project.configure(change(project))
    said = " ".join(project.stocktake("load", "--account", "square").stderr.split())
    assert f"ventmere_s2: {SAYS} Its stock is left out of reports about now, and its history is kept." in said
    assert "stocktake reset --account ventmere_s2 --yes" in said
    expected = {"square": True, "ventmere_s2": False, **({"s2": True} if change is renamed else {})}
    assert configured(project) == expected, "whatever accounts the run was about"
    assert raw_rows(project, "ventmere_s2") == held, "history is kept"
    row = next(
        r
        for r in json.loads(project.stocktake("status", "--json").stdout)["resources"]
        if r["account"] == "ventmere_s2"
    )
    assert row["is_configured"] is False
    machines = project.stocktake("load", "--account", "square", "--log-format", "json").stderr
    assert f'"message": "ventmere_s2: {SAYS}' in machines


@pytest.mark.parametrize("gone", ["square", "ventmere_s2"])
def test_an_account_that_only_the_warehouse_has_can_be_forgotten(
    project: Project, after_a_load: None, gone: str
) -> None:
    left = next(provider for provider in project.sandbox.providers if provider != gone)
    project.configure({left: project.account(left)})
    held = raw_rows(project, left)
    assert "Add --yes to do it." in project.stocktake("reset", "--account", gone, exits=2).stderr
    assert raw_rows(project, gone) > 0
    project.stocktake("reset", "--account", gone, "--yes")
    assert (raw_rows(project, gone), raw_rows(project, left)) == (0, held)
    assert configured(project) == {left: True}
    assert not (project.home / "pipelines" / gone).exists()
    assert SAYS not in project.stocktake("load").stderr
    assert gone not in project.stocktake("status").stdout
    assert "is not known" in project.stocktake("reset", "--account", gone, "--yes", exits=2).stderr
    project.configure({one: project.account(one) for one in project.sandbox.providers})
    rows = project.load()
    assert {row["mark_before"] for (account, _), row in rows.items() if account == gone} == {None}
    project.assert_equals_truth()


def test_an_account_that_is_back_counts_again(project: Project, after_a_load: None) -> None:
    accounts = {provider: project.account(provider) for provider in project.sandbox.providers}
    project.configure(taken_out(project))
    project.load()
    project.configure(accounts)
    assert SAYS not in project.stocktake("load").stderr
    assert set(configured(project).values()) == {True}


def test_a_name_that_stood_for_another_provider_is_not_taken(project: Project) -> None:
    project.configure({"shop": project.account("square")})
    project.load()
    project.configure({"shop": project.account("ventmere_s2")})
    held = raw_rows(project, "shop")
    said = " ".join(project.stocktake("load", exits=2).stderr.split())
    assert "accounts.shop: this warehouse holds rows of that name from square" in said
    assert "stocktake reset --account shop --yes" in said
    assert raw_rows(project, "shop") == held
    project.stocktake("reset", "--account", "shop", "--yes")
    assert raw_rows(project, "shop") == 0
    project.load()
    assert project.query("select provider, is_configured from raw_stocktake.accounts") == [
        ("ventmere_s2", True)
    ]
