"""The documentation is true: what it names exists, and what exists it names."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest
import typer

from pipelines.cli import app
from pipelines.config import load_config
from pipelines.descriptions import described_tables
from pipelines.errors import Exit
from pipelines.matches import read_matches
from pipelines.notify_settings import NOTIFY_KEYS
from pipelines.own_settings import STOCKTAKE_KEYS
from pipelines.registry import PROVIDERS
from pipelines.spark_settings import SPARK_KEYS
from pipelines.sync_log import COLUMNS
from tests import docs_tables
from tests.docs_tables import parsed

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
COMMANDS = ROOT / "docs" / "commands.md"
CONFIGURATION = ROOT / "docs" / "configuration.md"
MODELS = ROOT / "dbt_models"
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sources").glob("*/README.md")],
)

Row = dict[str, str]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def tables(text: str) -> Iterator[list[Row]]:
    """Every table, a row as a dict by heading."""
    for block in re.findall(r"(?:^ *\|.*\|\n)+", text + "\n", re.MULTILINE):
        lines = [[cell.strip() for cell in line.strip()[1:-1].split(" | ")] for line in block.splitlines()]
        heads, _, *rows = [[cell.strip("| ") for cell in line] for line in lines]
        yield [dict(zip(heads, row, strict=True)) for row in rows]


def table(text: str, first_head: str) -> list[Row]:
    return next(found for found in tables(text) if next(iter(found[0])) == first_head)


def sections(text: str) -> dict[str, str]:
    """Text by its nearest heading."""
    parts = re.split(r"^#+ +(.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def spans(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def code_blocks(text: str) -> list[str]:
    return re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)


# Links


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def dead_links(page: Path, text: str) -> Iterator[str]:
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists():
            yield f"{page.name}: {target} leads nowhere"
        elif fragment and fragment not in map(anchor, sections(read(file))):
            yield f"{page.name}: {target}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert not list(dead_links(page, read(page)))


def test_every_page_of_docs_is_linked_from_the_readme() -> None:
    """Those of BI tools from their own list."""
    linked = set(re.findall(r"\]\(([^)\s]+)\)", read(README)))
    linked |= {f"docs/{link}" for link in re.findall(r"\]\((bi/[^)\s]+)\)", read(ROOT / "docs" / "bi.md"))}
    assert {page.relative_to(ROOT).as_posix() for page in PAGES} - {"README.md"} <= linked


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "bi").glob("*.md")), ids=lambda page: page.stem)
def test_every_page_of_a_tool_says_what_was_run_and_what_was_read(page: Path) -> None:
    assert re.search(r"\*\*(Run by us|Only read)\*\*", read(page).split("\n", 2)[2].partition("\n")[0])


RELATION = re.compile(r"^    (\w+) \|\|--\S+ (\w+) : (\w+)$", re.MULTILINE)


def test_the_diagram_of_tables_has_columns_that_are_there() -> None:
    described = described_tables()
    relations = RELATION.findall(read(ROOT / "docs" / "tables.md"))
    assert len(relations) > 10
    for left, right, key in relations:
        assert key in described[left].columns, (left, key)
        assert key in described[right].columns, (right, key)


def test_no_query_that_is_shown_adds_grams_to_pieces() -> None:
    for page in (README, ROOT / "pipelines" / "demo.py", *(ROOT / "docs").rglob("*.md")):
        for query in re.findall(r"select\b.*?(?:;|\"\"\"|```)", read(page), re.DOTALL):
            assert not re.search(r"sum\(\s*\w*\.?quantity_\w+\s*\)", query) or "unit_of_measure" in query, (
                query
            )


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(read(README).splitlines()) <= 120


def test_tables_that_are_made_of_the_code_say_what_it_says() -> None:
    text = "".join(map(read, docs_tables.PAGES))
    assert set(re.findall(r"<!-- made: (.+?) -->\n\|", text)) == docs_tables.MADE.keys()
    assert docs_tables.rewritten(text) == text, "run make docs"


def test_every_field_that_says_deleted_is_declared() -> None:
    for provider in PROVIDERS.values():
        (path,) = (MODELS / "models" / "staging" / provider.name).glob("*__sources.yml")
        declared = {
            raw["name"]: {field["name"] for field in raw["config"]["meta"]["fields"]}
            for source in parsed(path)["sources"]
            for raw in source["tables"]
        }
        for resource in provider.resources:
            assert resource.soft_delete is None or resource.soft_delete in declared[resource.name]


# Commands


def options_of(command) -> set[str]:
    options = (o for parameter in command.params for o in (*parameter.opts, *parameter.secondary_opts))
    return {option for option in options if option.startswith("--")} - {"--help"}


COMMON = "--project-dir"
"""Said once for all commands."""


def command_line() -> dict[str, set[str]]:
    """The options of every command; those of `stocktake` itself stand with ''."""
    group = typer.main.get_command(app)
    commands = {name: options_of(command) for name, command in group.commands.items()}
    return {"": options_of(group), **commands}


def unknown_commands(text: str) -> Iterator[str]:
    """Commands and options that are printed and do not exist."""
    known = command_line()
    lines = [line for block in code_blocks(text) for line in block.splitlines()]
    parts = (part.strip() for words in [*spans(text), *lines] for part in re.split(r"&&|;", words))
    for words in parts:
        if not re.match(r"(\S*/)?stocktake ", words):
            continue
        _, command, *rest = words.split()
        if command.startswith("-"):
            command, rest = "", [command, *rest]
        if command not in known:
            yield f"{words}: there is no command {command}"
            continue
        for option in (word for word in rest if word.startswith("--")):
            if option not in known[command]:
                yield f"{words}: {command} has no {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_printed_commands_exist(page: Path) -> None:
    assert not list(unknown_commands(read(page)))


def test_every_command_is_described_with_its_options_and_no_other() -> None:
    written = {
        row["Command"].strip("`").removeprefix("stocktake").strip(): set(
            re.findall(r"--[a-z-]+", row["Options"])
        )
        for row in table(read(COMMANDS), "Command")
    }
    known = command_line()
    assert written == {name: options - {COMMON} for name, options in known.items()}
    assert {name for name, options in known.items() if COMMON not in options} == {"sandbox", "demo"}
    assert f"`-C`, `{COMMON}`" in read(COMMANDS)


def test_every_option_named_in_prose_is_one_of_some_command() -> None:
    known = set().union(*command_line().values())
    pages = (README, *(ROOT / "docs").rglob("*.md"))
    named = {span.split()[0] for page in pages for span in spans(read(page)) if span.startswith("--")}
    assert {part for span in named for part in span.split("/")} <= known


def test_every_word_for_make_is_one() -> None:
    words = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    named = {span.split()[1] for page in PAGES for span in spans(read(page)) if re.match(r"make [a-z]", span)}
    assert named <= words
    assert {"demo", "test", "check"} <= named


def test_the_exit_codes_are_those_of_the_command() -> None:
    assert [int(row["Exit code"]) for row in table(read(COMMANDS), "Exit code")] == [
        int(code) for code in Exit
    ]


# Configuration


def keys_of(rows: Iterable[Row]) -> set[str]:
    return {row["Key"].strip("`") for row in rows}


@pytest.mark.parametrize(
    ("name", "keys"), [("stocktake", STOCKTAKE_KEYS), ("spark", SPARK_KEYS), ("notify", NOTIFY_KEYS)]
)
def test_every_key_of_ours_is_described_and_no_other(name: str, keys: dict[str, str]) -> None:
    part = sections(read(CONFIGURATION))[f"`[{name}]`"]
    assert keys_of(table(part, "Key")) == keys.keys()


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda provider: provider.name)
def test_every_setting_is_described_and_no_other(provider) -> None:
    rows = {
        row["Key"].strip("`"): row
        for row in table(sections(read(CONFIGURATION))[f"`{provider.name}`"], "Key")
    }
    assert rows.keys() == {setting.name for setting in provider.settings}
    for setting in provider.settings:
        row = rows[setting.name]
        assert ("yes" in row["Secret"]) == setting.secret, setting.name
        assert row["Default"].startswith("required") == setting.required, setting.name
        if isinstance(setting.default, str):
            assert row["Default"].strip("`") == setting.default
        assert all(choice in row["Meaning"] + row["Default"] for choice in setting.choices)


def test_configuration_that_is_printed_is_accepted(tmp_path, monkeypatch) -> None:
    for page in (README, CONFIGURATION, *(ROOT / "docs").rglob("*.md")):
        for block in re.findall(r"```toml\n(.*?)```", read(page), re.DOTALL):
            secrets = "".join(
                f'accounts.{name}.{setting.name} = "x"\n'
                for name, account in tomllib.loads(block).get("accounts", {}).items()
                for setting in PROVIDERS[account["provider"]].settings
                if setting.secret and setting.required
            )
            (tmp_path / ".dlt").mkdir(exist_ok=True)
            (tmp_path / ".dlt" / "config.toml").write_text(block, encoding="utf-8")
            (tmp_path / ".dlt" / "secrets.toml").write_text(secrets, encoding="utf-8")
            monkeypatch.chdir(tmp_path)
            found = load_config(tmp_path)
            assert found.accounts.keys() == tomllib.loads(block).get("accounts", {}).keys()


def test_matches_that_are_printed_are_accepted(tmp_path) -> None:
    (printed,) = re.findall(r"```csv\n(.*?)```", read(CONFIGURATION), re.DOTALL)
    (tmp_path / "item_matches.csv").write_text(printed, encoding="utf-8")
    assert len(read_matches(tmp_path, None)) == 3


# Tables


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda provider: provider.name)
def test_every_raw_table_is_in_its_providers_readme_with_its_key(provider) -> None:
    page = read(ROOT / "sources" / provider.name / "README.md")
    written = {
        re.findall(r"`(\w+)`", row["Table"])[0]: tuple(re.findall(r"`(\w+)`", row["Key"]))
        for row in table(page, "Table")
    }
    assert written == {resource.name: resource.key for resource in provider.resources}


def model_names(folder: str) -> set[str]:
    return {path.stem for path in (MODELS / "models" / folder).rglob("*.sql")}


def test_every_report_is_in_the_readme_with_its_question() -> None:
    rows = {row["Report"].strip("`"): row["Answers"] for row in table(read(README), "Report")}
    assert rows.keys() == model_names("reporting")
    assert all(question.endswith("?") for question in rows.values())


def test_every_mart_is_described_and_no_other() -> None:
    rows = table(read(ROOT / "docs" / "tables.md"), "Mart")
    assert {row["Mart"].strip("`") for row in rows} == model_names("marts")
    assert all(row["Has"].startswith("One row per ") for row in rows)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_models_that_are_named_exist(page: Path) -> None:
    known = model_names("marts") | model_names("reporting")
    named = {span.split(".")[0] for span in spans(read(page)) if re.match(r"(dim|fct|bridge|rpt)_\w", span)}
    assert named <= known


# The sync log, decisions, versions


def test_every_column_of_the_sync_log_is_described_and_no_other() -> None:
    rows = table(sections(read(ROOT / "docs" / "how_it_works.md"))["The sync log"], "Column")
    assert [row["Column"].strip("`") for row in rows] == list(COLUMNS)


@cache
def known_tests() -> frozenset[str]:
    """Every test there is: of Python, of the models' units and data, and SQL files."""
    python = {
        name for path in (ROOT / "tests").rglob("*.py") for name in re.findall(r"def (test_\w+)", read(path))
    }
    units = {test["name"] for path in MODELS.rglob("*unit_tests.yml") for test in parsed(path)["unit_tests"]}
    return frozenset(python | units | {path.stem for path in (MODELS / "tests").glob("*.sql")})


PARTS = ("Why", "Instead of", "You will notice", "Guarded by")


def missing_guards(text: str) -> Iterator[str]:
    """Decisions that lack a part; decisions and behaviours without a test, or with one that is not there."""
    known = known_tests()
    guarded: dict[str, str] = {}
    for decision, body in re.findall(r"^### (.+)\n((?:(?!#).*\n?)*)", text, re.MULTILINE):
        if not any(f"**{part}:**" in body for part in PARTS):
            continue
        said = dict(re.findall(r"^- \*\*(.+?):\*\* +(\S.*)$", body, re.MULTILINE))
        yield from (f"{decision}: {part} is missing" for part in PARTS if part not in said)
        guarded[decision] = said.get("Guarded by", "")
    for row in (row for found in tables(text) for row in found if "Tested by" in row):
        guarded[next(iter(row.values()))] = row["Tested by"]
    for name, words in guarded.items():
        if not spans(words):
            yield f"{name}: nothing guards it"
        yield from (f"{name}: there is no {guard}" for guard in spans(words) if guard not in known)


def test_every_decision_is_whole_and_guarded_by_a_test_that_exists() -> None:
    text = read(ROOT / "DECISIONS.md")
    assert len(re.findall(r"^### ", text, re.MULTILINE)) == text.count("- **Why:** ") > 20
    assert not list(missing_guards(text))


def test_every_promise_and_behaviour_is_guarded_by_a_test_that_exists() -> None:
    text = read(ROOT / "docs" / "guarantees.md")
    assert {"Promise", "Behaviour"} <= {
        next(iter(found[0])) for found in tables(text) if "Tested by" in found[0]
    }
    assert sum(1 for found in tables(text) if "Behaviour" in found[0]) > 3
    assert not list(missing_guards(text))
    assert {span for span in spans(text) if span.startswith("test_")} <= known_tests()


def test_the_newest_version_in_the_changelog_is_ours() -> None:
    newest = re.findall(r"^## (\S+)", read(ROOT / "CHANGELOG.md"), re.MULTILINE)[0]
    assert newest == tomllib.loads(read(ROOT / "pyproject.toml"))["project"]["version"]
    assert "### Data" in read(ROOT / "CHANGELOG.md").split("\n## ")[1]


def test_the_demo_in_the_readme_has_the_demos_chapters() -> None:
    shown = re.findall(r"<!-- demo -->\n```\n(.*?)```\n<!-- /demo -->", read(README), re.DOTALL)
    chapters = re.findall(r'console\.rule\("(.+?)"\)', read(ROOT / "pipelines" / "demo.py"))
    assert len(chapters) > 3
    assert len(shown) == 1
    assert [line.strip("─ ") for line in shown[0].splitlines() if line.startswith("──")] == chapters


@pytest.mark.providers(*PROVIDERS)
def test_every_switch_of_the_sandbox_is_described_and_no_other(sandbox) -> None:
    parts = sections(read(ROOT / "docs" / "sandbox.md"))
    for name, switches in sandbox.switches.items():
        rows = table(parts[f"Switches: {PROVIDERS[name].title}"], "Switch")
        assert {span for row in rows for span in spans(row["Switch"])} == {f.name for f in fields(switches)}


# The checks themselves can fail


@pytest.mark.parametrize(
    ("check", "wrong", "words"),
    [
        (lambda text: dead_links(README, text), "[here](docs/nowhere.md)", "leads nowhere"),
        (lambda text: dead_links(README, text), "[here](#nowhere)", "no such heading"),
        (unknown_commands, "`stocktake restock --since x`", "no command restock"),
        (unknown_commands, "`stocktake --fast`", "has no --fast"),
        (unknown_commands, "`cd stock && bin/stocktake run --fast`", "has no --fast"),
        (unknown_commands, "```\nstocktake run --fast\n```", "run has no --fast"),
        (missing_guards, "| Rule | Tested by |\n| --- | --- |\n| a | `test_nothing` |", "no test_nothing"),
        (missing_guards, "| Rule | Tested by |\n| --- | --- |\n| a | luck |", "nothing guards it"),
        (missing_guards, "### a\n\n- **Why:** b\n- **Guarded by:** `test_nothing`\n", "no test_nothing"),
        (missing_guards, "### a\n\n- **Why:** b\n- **Guarded by:** luck\n", "nothing guards it"),
        (missing_guards, "### a\n\n- **Why:** b\n", "Instead of is missing"),
    ],
)  # fmt: skip
def test_what_is_untrue_is_noticed(check, wrong: str, words: str) -> None:
    assert words in "\n".join(check(wrong))
