"""Models keep to the SQL that every engine of design §9 speaks; the rest is in macros/dialect/."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2] / "dbt_models"
DIALECT = PROJECT / "macros" / "dialect"
FILES = sorted(path for path in PROJECT.rglob("*.sql") if DIALECT not in path.parents)

COMMENTS = re.compile(r"\{#.*?#\}|--[^\n]*", re.S)

UNPORTABLE = {
    "qualify": r"\bqualify\b",
    "a cast with colons": r"::",
    "group by all": r"\b(group|order)\s+by\s+all\b",
    "arg_max": r"\b(arg_max|arg_min|max_by|min_by)\b",
    "recursive": r"\bwith\s+recursive\b",
    "a text type by name": r"\bas\s+(varchar|text|string)\b",
    "a null order left open": r"\bdesc\b(?!\s+nulls\s+last)",
    "json functions": r"\b(from_json|json_extract\w*|json_each|unnest|struct_extract|list_\w+)\s*\(",
    "an if on the engine": r"\btarget\.(type|name)\b|\badapter\.(type|dispatch)\b",
    "duckdb functions": r"\b(epoch_\w+|strftime|date_diff|regexp_\w+|concat_ws)\s*\(",
}


@pytest.mark.parametrize("pattern", UNPORTABLE.values(), ids=UNPORTABLE.keys())
def test_models_and_macros_avoid(pattern: str) -> None:
    assert len(FILES) > 40
    found = [
        f"{path.relative_to(PROJECT)}: {line.strip()}"
        for path in FILES
        for line in COMMENTS.sub("", path.read_text(encoding="utf-8")).splitlines()
        if re.search(pattern, line, re.I)
    ]

    assert found == []
