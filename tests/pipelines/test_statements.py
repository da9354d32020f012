"""What dbt compiles is kept, and is what a build runs: a small project of our own, read by the real dbt."""

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.errors import CommandError
from pipelines.statements import PROJECT, Node, _Dbt, compiled, manifest_of
from pipelines.sync_log import make_log_tables
from pipelines.transform import build_nodes
from pipelines.warehouse import make_raw_tables

FILES = {
    "dbt_project.yml": """
name: small
version: "1.0"
profile: stocktake
flags: {send_anonymous_usage_stats: false}
vars: {small: {least: 1}}
models:
  small: {+schema: marts, +materialized: table}
""",
    "macros/schemas.sql": """
{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}
""",
    "models/models.yml": """
models:
  - name: history
    data_tests: [{one_row_per: {arguments: {columns: [name, place], nullable: [place]}}}]
    columns:
      - {name: location_id, data_tests: [unique, not_null]}
      - {name: colour, data_tests: [{accepted_values: {arguments: {values: [red, blue]}}}]}
  - name: names
    config: {contract: {enforced: true}}
    data_tests:
      - unique: {name: only_warns, arguments: {column_name: name}, config: {severity: warn}}
    columns: [{name: name, data_type: varchar}, {name: places, data_type: bigint}]
sources:
  - name: square
    schema: raw_square
    tables: [{name: locations}]
""",
    "models/history.sql": """
{{ config(materialized='incremental', incremental_strategy='merge', unique_key='location_id') }}
select location_id, payload as name, row_hash as place, account as colour
from {{ source('square', 'locations') }}
{% if is_incremental() %}
where location_id not in (select location_id from {{ this }})
{% endif %}
""",
    "models/names.sql": """
select count(*) as places, name
from {{ ref('history') }}
group by all
having count(*) >= {{ var('least') }}
""",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copyfile(PROJECT / "profiles.yml", folder / "profiles.yml")
    shutil.copytree(PROJECT / "tests" / "generic", folder / "tests" / "generic")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """A home in which they are compiled."""
    home = tmp_path_factory.mktemp("home")
    told: list[str] = []
    compiled(home, "working.duckdb", project=project, compiling=lambda: told.append("compiling"))
    assert told == ["compiling"]
    return home


@pytest.fixture
def without_dbt(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> list[Node]:
        raise AssertionError("compiled again")

    monkeypatch.setattr("pipelines.statements._compile", refuse)


def statements(home: Path) -> Path:
    return home / "models" / "statements.json"


def test_every_form_of_a_model_is_compiled(home: Path, project: Path, without_dbt: None) -> None:
    told: list[str] = []
    found = compiled(home, "working.duckdb", project=project, compiling=lambda: told.append("compiling"))
    assert not told
    nodes = {node.name: node for node in found}

    assert {name: node.kind for name, node in nodes.items()} == {
        "history": "incremental",
        "tests_of_history": "test",
        "names": "table",
        "only_warns": "test",
    }
    assert "not in" in nodes["history"].merge_sql
    assert "not in" not in nodes["history"].sql
    assert nodes["history"].parents == ("raw_square.locations",)
    assert nodes["names"].parents == ("history",)
    assert nodes["names"].after == ("tests_of_history",)
    assert nodes["names"].columns == (("name", "varchar"), ("places", "bigint"))
    assert [name for name, node in nodes.items() if node.is_warning] == ["only_warns"]
    assert {path.name for path in (home / "models").iterdir()} >= {"statements.json"}
    assert not (home / "models" / "stand_in").exists()


def test_what_is_compiled_can_be_built(home: Path, project: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "working.duckdb")) as connection:
        make_raw_tables(connection)
        make_log_tables(connection)
        connection.execute(
            "insert into raw_square.locations"
            " values ('red', '007', null, 'north', 'h', now(), 'l', now(), null)"
        )
        done = build_nodes(
            connection, compiled(home, "working.duckdb", project=project), tmp_path / "failed.sql"
        )
        assert connection.execute("from marts.names").fetchall() == [("north", 1)]
    assert (done.models, done.tests) == (2, 5)


GRAIN = "one_row_per_history_name__place__place"


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (("4", "z", None, "blue"), set()),
        (("4", "x", "3", None), set()),
        ((None, "z", "1", "red"), {"not_null_history_location_id"}),
        (("1", "z", "1", "red"), {"unique_history_location_id"}),
        (("4", "x", "2", "red"), {GRAIN}),
        (("4", "y", None, "red"), {GRAIN}),
        (("4", None, "1", "red"), {GRAIN}),
        (("4", "z", "1", "its"), {"accepted_values_history_colour__red__blue"}),
        (
            ("1", "z", None, "its"),
            {"accepted_values_history_colour__red__blue", "unique_history_location_id"},
        ),
    ],
    ids=["right", "other", "null", "twice", "a key twice", "a null in it", "none", "a value", "two things"],
)
def test_one_scan_finds_what_each_test_of_a_model_finds(
    home: Path, project: Path, row: tuple[str | None, ...], found: set[str]
) -> None:
    nodes = compiled(home, "working.duckdb", project=project)
    [test] = [node for node in nodes if node.name == "tests_of_history"]
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as working")
        connection.execute("create schema working.marts")
        columns = "location_id varchar, name varchar, place varchar, colour varchar"
        connection.execute(f"create table working.marts.history ({columns})")
        rows = [("1", "x", "2", "red"), ("2", "y", None, "red"), row]
        connection.executemany("insert into working.marts.history values (?, ?, ?, ?)", rows)
        suspected = connection.execute(test.sql).fetchall()[0]
        by_scan = {
            name for (name, _), is_suspected in zip(test.parts, suspected, strict=True) if is_suspected
        }
        alone = {name for name, sql in test.parts if connection.execute(sql).fetchall()}
    assert by_scan == alone == found


def test_a_scan_of_nothing_prechecks_nothing(home: Path, project: Path) -> None:
    nodes = compiled(home, "working.duckdb", project=project)
    [test] = [node for node in nodes if node.name == "tests_of_history"]
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as working")
        connection.execute("create schema working.marts")
        columns = "location_id varchar, name varchar, place varchar, colour varchar"
        connection.execute(f"create table working.marts.history ({columns})")
        assert not any(connection.execute(test.sql).fetchall()[0])


def test_what_the_user_set_is_compiled(home: Path, project: Path, without_dbt: None) -> None:
    with pytest.raises(AssertionError, match="compiled again"):
        compiled(home, "working.duckdb", {"least": 2}, project)


def test_where_only_settings_changed_dbt_does_not_read_the_models_again(
    home: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    invoke = _Dbt._invoke

    def invoked(self: _Dbt, *arguments: str) -> Any:
        asked.append(arguments[0])
        return invoke(self, *arguments)

    monkeypatch.setattr(_Dbt, "_invoke", invoked)
    shutil.copytree(home, tmp_path / "kept")

    def nodes(home: str) -> list[Node]:
        return sorted(compiled(tmp_path / home, "working.duckdb", {"least": 2}, project), key=str)

    of_kept = nodes("kept")
    assert asked == ["compile", "compile"]
    assert any(">= 2" in node.sql for node in of_kept)
    assert nodes("anew") == of_kept
    assert asked[2:] == ["parse", "compile", "compile"]

    (tmp_path / "kept" / "models" / "statements.json").unlink()
    (tmp_path / "kept" / "models" / "partial_parse.msgpack").write_bytes(b"damaged")
    assert nodes("kept") == of_kept
    assert asked[5:] == ["parse", "compile", "compile"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("north", "n") + " ",
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace("unique", "uniqve"),
        lambda text: "0" + text[1:] if text[0] != "0" else "1" + text[1:],
    ],
    ids=["longer", "cut short", "empty", "changed", "of other text"],
)
def test_statements_that_are_not_what_was_written_are_made_anew(
    home: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: object
) -> None:
    good = statements(home).read_text(encoding="utf-8")
    statements(tmp_path).parent.mkdir()
    statements(tmp_path).write_text(spoil(good), encoding="utf-8")  # type: ignore[operator]
    nodes = compiled(home, "working.duckdb", project=project)
    monkeypatch.setattr("pipelines.statements._compile", lambda *_: nodes)

    assert sorted(compiled(tmp_path, "working.duckdb", project=project), key=str) == sorted(nodes, key=str)
    assert statements(tmp_path).read_text(encoding="utf-8").split()[0] == good.split()[0]
    assert len(statements(tmp_path).read_text(encoding="utf-8")) == len(good)


def test_other_text_is_compiled(home: Path, project: Path, tmp_path: Path, without_dbt: None) -> None:
    other = tmp_path / "other"
    shutil.copytree(project, other)
    assert compiled(home, "working.duckdb", project=other)
    (other / "models" / "names.sql").write_text("select 1 as one", encoding="utf-8")

    with pytest.raises(AssertionError, match="compiled again"):
        compiled(home, "working.duckdb", project=other)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        (
            "models/names.sql",
            "{{ config(materialized='ephemeral') }} select 1",
            "names has materialized: eph",
        ),
        ("models/names.sql", "{{ config(post_hook='select 1') }} select 1", "names has a post-hook"),
        ("models/names.sql", "{{ config(alias='other') }} select 1", "names has an alias"),
        (
            "models/history.sql",
            "{{ config(materialized='incremental', incremental_strategy='append') }} select 1",
            "history has an incremental model without strategy merge",
        ),
    ],
    ids=["ephemeral", "a hook", "an alias", "append"],
)
def test_what_a_build_does_not_know_is_refused_by_name(
    project: Path, tmp_path: Path, file: str, text: str, words: str
) -> None:
    other = tmp_path / "other"
    shutil.copytree(project, other)
    (other / file).write_text(text, encoding="utf-8")

    with pytest.raises(CommandError, match=words):
        compiled(tmp_path, "working.duckdb", project=other)


def test_what_dbt_does_not_understand_is_told_in_its_words(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(project, other)
    (other / "models" / "names.sql").write_text("select {{ nonsense() }}", encoding="utf-8")

    with pytest.raises(CommandError, match=r"cannot be built: .*nonsense"):
        compiled(tmp_path, "working.duckdb", project=other)


def test_what_dbt_says_of_the_models_is_read_once(home: Path, project: Path) -> None:
    said = manifest_of(home, "working.duckdb", project=project)
    assert said["nodes"]["model.small.names"]["depends_on"]["nodes"] == ["model.small.history"]
    kept = home / "models" / "manifest.json"
    written = kept.stat().st_mtime_ns
    assert manifest_of(home, "working.duckdb", project=project) == said
    assert kept.stat().st_mtime_ns == written
    kept.write_text(kept.read_text()[:200])
    assert manifest_of(home, "working.duckdb", project=project)["nodes"] == said["nodes"]
