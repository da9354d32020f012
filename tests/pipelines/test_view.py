"""What people see while a command works and when it is done, without a command."""

import io
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from pipelines.log import Reporter, Work, account_at_work
from pipelines.registry import PROVIDERS
from pipelines.status import status_table
from pipelines.view import in_words, plain, summary_table, typed

NAMES = [resource.name for provider in PROVIDERS.values() for resource in provider.resources]


def reporter(*, terminal: bool) -> tuple[Reporter, io.StringIO]:
    found = Reporter()
    out = io.StringIO()
    found.console = Console(file=out, force_terminal=terminal, width=80, highlight=False, soft_wrap=True)
    return found, out


def row(resource: str, **more: Any) -> dict[str, Any]:
    numbers = {"rows_read": 1234567, "rows_new": 1234567, "rows_retired": 123456, "rows_repaired": 12345}
    asked = {"asked_from": "2026-11-27 19:40:00+00:00", "status": "guarded"}
    return {"resource": resource, **asked, **numbers, **more}


def printed(table: Table) -> str:
    out = io.StringIO()
    Console(file=out, width=80).print(table)
    return out.getvalue()


def assert_no_name_is_cut(said: str) -> None:
    lines = said.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in said
    for name in NAMES:
        assert any(name in line and "1234567" in line and "guarded" in line for line in lines), name


def test_one_table_of_80_columns_cuts_no_name() -> None:
    account = SimpleNamespace(account=SimpleNamespace(name="a_store_with_a_long_name_indeed"))
    account.rows = [row(name) for name in NAMES]
    assert_no_name_is_cut(printed(summary_table([account])))  # type: ignore[list-item]


def test_the_status_fits_80_columns_and_cuts_no_name() -> None:
    instants = {
        "asked_through": "2026-11-27 19:40:00+00:00",
        "newest_updated_at": "2021-03-01 08:00:00+00:00",
    }
    numbers = {"lag_seconds": 170_000, "rows": 1234567, "rows_repaired": 1234567, "is_configured": True}
    one = {"account": "a_store_with_a_long_name_indeed", "status": "guarded", **instants, **numbers}
    assert_no_name_is_cut(printed(status_table({"resources": [{**one, "resource": name} for name in NAMES]})))


@pytest.mark.parametrize(
    ("asked_from", "words"),
    [(None, "everything"), ("2021-03-01 08:00:00+00:00", "since 01 Mar 2021")],
)
def test_a_year_is_said_where_it_is_another(asked_from: str | None, words: str) -> None:
    account = SimpleNamespace(account=SimpleNamespace(name="a"), rows=[row("items", asked_from=asked_from)])
    assert words in printed(summary_table([account]))  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (Work("normalizing", 100.0), "normalizing, 10 s"),
        (Work("asking", 100.0, "items", 4, 400), "asking items: 4 pages, 400 rows, 40 rows/s"),
        (Work("asking", 100.0, "items", 1, 1), "asking items: 1 page, 1 row, 0 rows/s"),
        (
            Work("asking", 100.0, "items", 4, 400, "429. Asked again in 30 s"),
            "asking items: 4 pages, 400 rows, 429. Asked again in 30 s",
        ),
    ],
)
def test_a_line_says_what_how_far_and_what_it_waits_for(work: Work, words: str) -> None:
    assert work.words(110.0) == words


def test_in_a_pipe_every_step_is_a_plain_line() -> None:
    found, out = reporter(terminal=False)
    found.step("extract", "north")
    found.page("north", "items", 1, 100)
    found.at("starting")
    found.step("build")
    found.model(41, 98, "dim_products")
    found.finish(0)
    assert out.getvalue() == "north: asking\nbuilding and testing the models\n"


def test_on_a_terminal_the_lines_move_and_are_gone_in_the_end() -> None:
    found, out = reporter(terminal=True)
    account_at_work.set("north")
    found.at("starting")
    assert found._work[""].step == "starting"
    found.step("extract", "north")
    assert "" not in found._work
    found.page("north", "items", 3, 300)
    found.log("info", "429: asked too often. Asked again in 30.0 s")
    found.step("build")
    found.model(41, 98, "dim_products")
    assert found._live is not None
    found._live.refresh()
    said = out.getvalue()
    assert "north: asking items: 3 pages, 300 rows, 429: asked too often. Asked again" in said
    assert "model 41 of 98: dim_products" in said
    found.finish(0)
    assert found._live is None


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_sentence_is_broken_between_words_and_a_path_nowhere(is_terminal: bool) -> None:
    found, out = reporter(terminal=is_terminal)
    path = f"/srv/{'a-long-folder/' * 8}reporting.duckdb"
    sentence = "Published: 46 tables, of which the one that BI opens is to be found by everybody at"
    found.say(f"{sentence} {path} [bold]")
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert " ".join(lines) == f"{sentence} {path} [bold]"
    assert any(path in line for line in lines)
    assert len(lines) == (4 if is_terminal else 1)


def test_a_command_is_said_as_it_can_be_typed(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "my stock" / ".venv" / "bin" / "stocktake"
    command.parent.mkdir(parents=True)
    command.touch(0o755)
    monkeypatch.setattr("sys.argv", [str(command)])
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.chdir(tmp_path / "my stock")
    assert typed() == ".venv/bin/stocktake"
    monkeypatch.chdir(tmp_path)
    assert typed() == "'my stock/.venv/bin/stocktake'"
    monkeypatch.setenv("PATH", str(command.parent))
    assert typed() == "stocktake"


@pytest.mark.parametrize(
    ("value", "words"),
    [(Decimal("35.0000000000"), "35"), (Decimal("0E-10"), "0"), (Decimal("1000"), "1000"), ("1.0", "1.0")],
)
def test_a_number_ends_with_its_last_digit_and_a_code_stays(value: object, words: str) -> None:
    assert plain(value) == words


def test_a_warning_is_a_sentence() -> None:
    said = in_words("assert_every_location_is_named: 2 rows, such as provider square, location_id L1")
    assert said == (
        'Warning: "every location is named" does not hold: 2 rows, such as provider square, location_id L1'
    )


@pytest.mark.parametrize(
    ("more", "colour"),
    [
        ({"status": "ok", "lag_seconds": 60}, "32"),
        ({"status": "ok", "lag_seconds": 200_000}, "33"),
        ({"status": "failed"}, "31"),
        ({"status": "guarded"}, "33"),
    ],
)
def test_colours_mean_something_and_are_not_in_a_pipe(more: dict[str, Any], colour: str) -> None:
    one = dict.fromkeys(("asked_through", "newest_updated_at", "lag_seconds"))
    one |= {"account": "a", "resource": "items", "rows": 1, "rows_repaired": 0, "is_configured": True, **more}
    for terminal, environment in ((True, {}), (True, {"NO_COLOR": "1"}), (False, {})):
        out = io.StringIO()
        console = Console(
            file=out, force_terminal=terminal, width=140, _environ={"TERM": "xterm", **environment}
        )
        console.print(status_table({"resources": [one]}))
        assert (f"\x1b[{colour}m" in out.getvalue()) == (terminal and not environment)
