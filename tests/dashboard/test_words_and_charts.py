"""How numbers read, and what a chart draws: no release, no server."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dashboard import charts, words
from dashboard.charts import Line, Point

ROOM = Path(charts.__file__).parent
START = date(2026, 1, 5)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (Decimal("0E-10"), "0"),
        (Decimal("-2.0000000000"), "−2"),
        (Decimal("406.3333333333"), "406.33"),
        (Decimal("-0.004"), "−0.004"),
        (Decimal("0.0000000001"), "0.0000000001"),
        (Decimal("1234567.5"), "1\u202f234\u202f567.5"),
        (Decimal("5238782413021.19"), "5.24\u202fT"),
        (Decimal("-5238782413021"), "−5.24\u202fT"),
        (999_999_999, "999\u202f999\u202f999"),
        (1_000_000_000, "1.00\u202fG"),
        (0, "0"),
    ],
)
def test_a_number_reads_well_and_never_as_another(value, shown):
    assert words.number(value) == shown


@pytest.mark.parametrize("value", ["406.3333333333", "5238782413021.19", "0.0000000001", "-2", "0", "35.5"])
def test_where_digits_are_left_out_all_of_them_are_there_too(value):
    amount = Decimal(value)
    plain = words.number(amount).replace(words.THIN, "").replace(words.MINUS, "-")
    assert words.is_shortened(amount) == (plain != words.exact(amount))
    assert Decimal(words.exact(amount)) == amount


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_a_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe(text):
    assert words.cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [Decimal("-1"), -1, date(2026, 1, 5), None, "a=1", "", "00012"])
def test_what_is_no_formula_stays_as_it_is(value):
    assert words.cell(value) in (value, str(value))


@pytest.mark.parametrize("unit", ["Each", "EA", None, "pcs"])
def test_pieces_go_without_saying(unit):
    assert words.unit(unit) == ""


def test_other_units_are_told():
    assert [words.unit(one) for one in ("METRIC_GRAM", "kg", "Case")] == ["gram", "kg", "case"]


@pytest.mark.parametrize(
    ("row", "title"),
    [
        ({"sku": None, "product_name": "Mug"}, "Mug"),
        ({"sku": "", "product_name": None, "product_id": "17"}, "17"),
        ({"sku": "A-1", "product_name": "Mug"}, "A-1"),
        ({"sku": None, "name": None, "item_key": "abc"}, "abc"),
        ({}, "–"),
    ],
)
def test_a_product_without_a_sku_has_another_name_and_never_none(row, title):
    assert words.title_of(row) == title


def line(name, values, seen=None):
    observed = seen or [True] * len(values)
    return Line(
        name,
        0,
        [
            Point(START + timedelta(days=n), None if value is None else Decimal(value), is_seen)
            for n, (value, is_seen) in enumerate(zip(values, observed, strict=True))
        ],
    )


def paths(chart):
    return re.findall(r'<path d="([^"]+)"', chart.wide)


def test_a_day_on_which_the_number_is_unknown_breaks_the_line():
    (chart,) = charts.histories([line("a", [5, 5, None, 7, 7])])
    assert paths(chart)[0].count("M") == 2


def test_a_day_on_which_nobody_asked_is_marked_and_the_line_goes_on():
    (chart,) = charts.histories([line("a", [5, 5, 5, 7], [True, False, False, True])])
    assert paths(chart)[0].count("M") == 1
    assert chart.wide.count('class="gap"') == 2
    assert "6 Jan 2026: a not asked" in chart.wide


def test_a_huge_number_flattens_no_other_line():
    drawn = charts.histories([line("a", [3, 4, 5]), line("b", [5 * 10**12] * 3), line("c", [8, 9, 9])])
    assert [[one.name for one in chart.lines] for chart in drawn] == [["a", "c"], ["b"]]


def test_what_is_always_zero_has_no_chart_of_its_own():
    drawn = charts.histories([line("a", [300, 400, 500]), line("b", [3, 2, 2]), line("c", [0, 0, 0])])
    assert [[one.name for one in chart.lines] for chart in drawn] == [["b", "c"], ["a"]]


def test_negative_numbers_lie_under_the_line_of_zero():
    (chart,) = charts.histories([line("a", [3, -4, -4])])
    zero = float(re.search(r'y1="([\d.]+)"[^>]*class="zero"', chart.wide)[1])
    deepest = max(float(y) for y in re.findall(r"V([\d.]+)", paths(chart)[0]))
    assert deepest > zero


def test_an_account_named_like_markup_is_text():
    hostile = "<img src=x onerror=alert(1)>"
    (chart,) = charts.histories([line(hostile, [1, 2, 3])])
    drawn = (chart.wide, chart.narrow, charts.dots([(hostile, 0, Decimal(1)), ("b", 1, Decimal(2))]))
    for text in drawn:
        assert "<img" not in text
        assert "&lt;img" in text


def test_nothing_known_is_nothing_drawn():
    assert charts.histories([line("a", [None, None, None])]) == []
    assert charts.bars([], "x") == charts.bars([(START, 0)], "x") == charts.dots([]) == ""


def test_a_bar_per_day_that_has_something():
    drawn = charts.bars([(START, 3), (START + timedelta(days=1), 0), (START + timedelta(days=9), 1)], "x")
    assert drawn.count("<rect") == 2


def test_no_template_marks_anything_as_safe():
    for file in [*ROOM.glob("templates/*.html"), *ROOM.glob("*.py")]:
        text = file.read_text(encoding="utf-8")
        assert (
            not re.search(r"\|\s*safe\b|autoescape\s+false|\bMarkup\(", text) or file.name == "charts.py"
        ), file


def colours(block):
    return dict(re.findall(r"--([\w]+): (#[0-9a-f]{6})", block))


def luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_everything_that_is_read_has_enough_contrast(mode):
    style = (ROOM / "style.css").read_text(encoding="utf-8")
    light, dark = style.split("@media (prefers-color-scheme: dark)")[:2]
    found = colours(light) if mode == "light" else colours(dark.split("* {")[0])
    read = {"ink", "soft", "link", "bad", "warn", "good", "info", *(f"s{n}" for n in range(charts.COLOURS))}
    assert read <= found.keys()
    for name in read:
        for ground in ("paper", "band"):
            one, two = sorted((luminance(found[name]), luminance(found[ground])), reverse=True)
            assert (one + 0.05) / (two + 0.05) >= 4.5, f"{mode}: --{name} on --{ground}"
