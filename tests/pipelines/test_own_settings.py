"""What is yours to set stands beside `.dlt/`, and reaches the models."""

from pathlib import Path

import duckdb
import pytest

from pipelines.config import load_config
from pipelines.errors import ConfigurationError
from pipelines.matches import Match, read_matches, write_matches
from pipelines.sync_log import make_log_tables
from tests.conftest import Project

HEAD = "provider,account,product_id,item_code\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "",
            "the first line names the columns provider, account, product_id, item_code, and here it is empty",
        ),
        ("provider,account,sku\n", "and here it is provider, account, sku."),
        (HEAD + "square,north\n", "line 2 has 2 values for 4 columns"),
        (HEAD + "sqare,north,1,a\n", "line 2: 'sqare' is none of sellercloud, shipstream, square"),
        (HEAD + "square,,1,a\n", "line 2: account and product_id are needed"),
        (HEAD + "square,n,1,a\nsquare,n,2,a\nsquare,n, 1 ,b\n", "line 4: 1 is in line 2 too. Keep one."),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "item_matches.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        read_matches(tmp_path, None)
    assert found in str(error.value)


def test_excels_file_is_read_as_it_is(tmp_path: Path) -> None:
    text = '\ufeffitem_code,product_id,account,provider\r\n"a, b",007,north,square\r\n\r\n,8,north,square\r\n'
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8", newline="")
    wanted = [Match("square", "north", "007", "a, b"), Match("square", "north", "8", "")]
    assert read_matches(tmp_path, "mine.csv") == wanted
    assert read_matches(tmp_path, None) == ()


def test_matches_are_written_where_they_are_others() -> None:
    ours, other = Match("square", "north", "1", "a"), Match("square", "north", "2", "")
    with duckdb.connect() as connection:
        make_log_tables(connection)

        def written(*matches: Match) -> list[tuple[object, ...]]:
            write_matches(connection, matches)
            return connection.execute("select rowid, * from raw_stocktake.item_matches").fetchall()

        first = written(ours, other)
        assert written(ours, other) == first
        assert [row[1:] for row in written(other)] == [("square", "north", "2", None)]
        assert written() == []


@pytest.mark.slow
@pytest.mark.providers("sellercloud", "ventmere_s2")
def test_they_reach_the_models_and_nothing_inside_the_installation_is_touched(project: Project) -> None:
    wide = "select column_name from information_schema.columns where table_name = 'rpt_custom_fields_wide'"
    project.stocktake("run")
    products = project.query(
        "select provider, account, min(product_id) from marts.bridge_item_products group by all"
    )
    assert len(products) == 2
    (project.folder / "item_matches.csv").write_text(
        HEAD + "".join(f"{','.join(product)},together\n" for product in products), encoding="utf-8"
    )
    project.configure(
        velocity_days=90, reconciliation_max_age="6h", kit_depth=3, category_depth=4,
        custom_field_columns=[],
    )  # fmt: skip
    config = project.folder / ".dlt" / "config.toml"
    columns = 'custom_field_columns = [{field = "COLOR", column = "color", value = "text"}]'
    config.write_text(config.read_text().replace("custom_field_columns = []", columns), encoding="utf-8")
    assert load_config(project.folder).model_vars == {
        "velocity_days": 90,
        "reconciliation_max_age_hours": 6.0,
        "kit_depth": 3,
        "category_depth": 4,
        "custom_field_columns": [{"field": "COLOR", "column": "color", "value": "text"}],
    }
    project.stocktake("build")
    matched = project.query(
        "select distinct item_key, match_rule from marts.bridge_item_products where match_rule = 'seed'"
    )
    assert len(matched) == 1
    assert ("color",) in project.query(wide)
    assert project.query("select distinct window_days from reporting.rpt_days_of_cover") == [(90,)]
    (project.folder / "item_matches.csv").unlink()
    project.configure()
    project.stocktake("build")
    assert not project.query("from marts.bridge_item_products where match_rule = 'seed'")
    assert ("color",) not in project.query(wide)
