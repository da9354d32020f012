"""What is said of values and records that cannot be read: one sentence each, and no flood of them."""

import json

import pytest

from pipelines.log import Reporter
from pipelines.unread import LINES_PER_FIELD, Unread, tell_unread

VALUE = Unread(
    "shop", "inventory_counts", "tea, L, IN_STOCK", "quantity", "a dozen", None, "decimal", "square"
)
RECORD = Unread("shop", "inventory_counts", None, None, "null", "it is null", None, "square")


@pytest.mark.parametrize(
    ("unread", "words"),
    [
        (
            VALUE,
            'shop: inventory_counts tea, L, IN_STOCK: quantity says "a dozen", which is not a number:'
            " it counts as unknown.",
        ),
        (
            Unread("s2", "products", "p", "updatedAt", "0001-01-01", None, "instant", "ventmere_s2"),
            's2: products p: updatedAt says "0001-01-01", which is not a time between 1900 and 2200:'
            " it counts as unknown.",
        ),
        (
            Unread("s2", "inventory_items", "w, p", "level", "5", None, "struct", "ventmere_s2"),
            's2: inventory_items w, p: level says "5", which is not an object: it counts as unknown.',
        ),
        (
            RECORD,
            'shop: inventory_counts without a key: the record was left out: it is null. It begins "null".',
        ),
    ],
    ids=["a number", "a time", "an object", "a record"],
)
def test_each_is_one_sentence(unread: Unread, words: str) -> None:
    assert str(unread) == words


def test_a_long_text_of_many_lines_is_one_short_line() -> None:
    words = str(Unread("a", "r", "k", "f", "x\n" * 500, None, "decimal", "square"))

    assert "\n" not in words
    assert len(words) < 200


def test_of_many_records_with_the_same_field_some_are_named_and_the_rest_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell_unread([VALUE] * (LINES_PER_FIELD + 7) + [RECORD], Reporter("json"))

    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {event["event"] for event in events} == {"unread"}
    assert len(events) == LINES_PER_FIELD + 2
    assert events[0]["said"] == "a dozen"
    assert events[-1]["message"] == (
        "shop: inventory_counts: quantity: 7 more records like these; all are in rpt_schema_drift."
    )
