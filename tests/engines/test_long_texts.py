"""Texts as long as people write them, on Java, whose regular expressions may run out of stack."""

import re
from collections.abc import Iterator
from typing import Any

import jinja2
import pytest

from pipelines.statements import PROJECT

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # Spark's, one a collect


@pytest.fixture
def session() -> Iterator[Any]:
    pytest.importorskip("py4j", reason="make test-spark-cluster brings the whole of Spark")
    from pyspark.sql import SparkSession

    settings = {"spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false"}
    session = SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
    yield session
    session.stop()


def tagged(text: str) -> str:
    """The expression of the models' macro."""
    macros = (PROJECT / "macros" / "dialect" / "json_documents.sql").read_text(encoding="utf-8")
    found = re.search(r"{% macro spark__tagged.*?endmacro %}", macros, re.DOTALL)
    assert found
    environment = jinja2.Environment()  # noqa: S701 - of SQL
    return environment.from_string(found[0] + "{{ spark__tagged(text) }}").render(text=text)


@pytest.mark.parametrize("part", ["a", r"\n", r"\"", r"\\\\", "|", "1"], ids=repr)
def test_a_text_of_any_length_is_tagged(session: Any, part: str) -> None:
    text = part * 50_000
    rows = session.createDataFrame([(f'{{"a": "{text}", "b": 1.50}}',)], "text string")
    ((found,),) = rows.selectExpr(f"{tagged('text')} as tagged").collect()
    assert found == f'{{"a|": "{text}|", "b|": "|1.50"}}'
