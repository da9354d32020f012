"""ShipStream's filters: `key:value`, `key{...}` and `key[{...},{...}]` (shipstream.md §2.3)."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from sandbox.shipstream.answers import Refusal
from sandbox.shipstream.json5 import parse
from sandbox.shipstream.switches import ShipStreamSwitches

Sort = Literal["number", "text", "bool", "time"]
Test = Callable[[Any], bool]
SHAPE = re.compile(r"([A-Za-z_]\w*)(:|(?=[{\[]))(.*)", re.DOTALL)
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "lt": operator.lt,
    "gteq": operator.ge,
    "lteq": operator.le,
}
EXTRA = {"gteq", "lteq", "neq", "in", "nin"}
CONDITIONS = {*COMPARED, *EXTRA, "null", "start", "end", "regex"}


class Field(NamedTuple):
    """What can be filtered by: of which sort, and where a row has it. A list matches where any item does."""

    sort: Sort
    of: Callable[[Any], Any]


def matching(texts: Sequence[str], fields: Mapping[str, Field], switches: ShipStreamSwitches) -> Test:
    """Whether a row passes all filters; only enabled products do unless one asks for others.

    Raises:
        Refusal: a filter names what is not there, or is not well formed.
    """
    tests: list[Test] = []
    asks_enabled = "is_enabled" not in fields
    for text in texts:
        found = SHAPE.fullmatch(text)
        if found is None or found[1] not in fields:
            raise Refusal(400, f"The filter {text} is of an unknown field.", "filter")
        name = found[1]
        reader = _Reader(fields[name].sort, name, switches)
        alternatives = [reader.simple(found[3])] if found[2] else reader.advanced(found[3])
        if name == "is_enabled":
            asks_enabled = True
            if len(alternatives) > 1 and switches.enabled_and_disabled == "400":
                raise Refusal(400, "is_enabled takes one value.", "filter")
            if len(alternatives) > 1 and switches.enabled_and_disabled == "ignored":
                asks_enabled, alternatives = False, [lambda value: True]
        tests.append(_row_test(fields[name].of, alternatives))
    if not asks_enabled:
        tests.append(fields["is_enabled"].of)
    return lambda row: all(test(row) for test in tests)


def _row_test(value_of: Callable[[Any], Any], alternatives: Sequence[Test]) -> Test:
    if len(alternatives) == 1:
        (only,) = alternatives
        return lambda row: only(value_of(row))
    return lambda row: any(test(value_of(row)) for test in alternatives)


class _Reader:
    """Reads the conditions on one field."""

    def __init__(self, sort: Sort, name: str, switches: ShipStreamSwitches) -> None:
        self._sort = sort
        self._name = name
        self._switches = switches

    def simple(self, text: str) -> Test:
        value: Any = text
        if self._sort == "bool":
            if text not in ("true", "false"):
                raise self._refusal(f"{text} is not true or false")
            value = text == "true"
        return self._condition("eq", value)

    def advanced(self, text: str) -> list[Test]:
        try:
            value = parse(text)
        except ValueError as error:
            raise self._refusal(f"it is no JSON5: {error}") from None
        alternatives = value if isinstance(value, list) else [value]
        if not alternatives or not all(isinstance(one, dict) and one for one in alternatives):
            raise self._refusal("it needs conditions")
        return [self._alternative(one) for one in alternatives]

    def _alternative(self, conditions: Mapping[str, Any]) -> Test:
        tests = [self._condition(name, value) for name, value in conditions.items()]
        return tests[0] if len(tests) == 1 else lambda found: all(test(found) for test in tests)

    def _condition(self, name: str, wanted: Any) -> Test:
        if name not in CONDITIONS or (name in EXTRA and not self._switches.extra_conditions):
            raise self._refusal(f"{name} is no condition")
        if name == "null":
            if not isinstance(wanted, bool):
                raise self._refusal("null is true or false")
            return lambda found: (found is None or found == []) == wanted
        if name in ("in", "nin", "neq"):
            if name != "neq" and not isinstance(wanted, list):
                raise self._refusal(f"{name} takes a list")
            values = [self._literal(one) for one in (wanted if isinstance(wanted, list) else [wanted])]
            is_in = _any_item(lambda found: found in values)
            return is_in if name == "in" else lambda found: found is not None and not is_in(found)
        if name in COMPARED:
            compare, value = COMPARED[name], self._literal(wanted)
            return _any_item(lambda found: compare(found, value))
        if self._sort != "text" or not isinstance(wanted, str):
            raise self._refusal(f"{name} is for texts")
        if name == "start":
            return _any_item(lambda found: found.startswith(wanted))
        if name == "end":
            return _any_item(lambda found: found.endswith(wanted))
        try:
            pattern = re.compile(wanted)
        except re.error as error:
            raise self._refusal(f"{wanted} is no pattern: {error}") from None
        return _any_item(lambda found: pattern.search(found) is not None)

    def _literal(self, value: Any) -> Any:
        """A value as the field has it."""
        try:
            match self._sort:
                case "bool" if isinstance(value, bool):
                    return value
                case "number" if isinstance(value, int | Decimal | str) and not isinstance(value, bool):
                    return Decimal(value)
                case "text" if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
                    return str(value)
                case "time" if isinstance(value, str):
                    return self._moment(value)
        except (ValueError, ArithmeticError):
            pass
        raise self._refusal(f"{value} is no {self._sort}")

    def _moment(self, text: str) -> datetime:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None or self._switches.literal_zone_ignored:
            zone = timezone(timedelta(hours=self._switches.naive_literal_hours))
            moment = moment.replace(tzinfo=zone)
        return moment.astimezone(UTC)

    def _refusal(self, why: str) -> Refusal:
        return Refusal(400, f"The filter on {self._name} is not good: {why}.", "filter")


def _any_item(test: Test) -> Test:
    """The test on a value that is there, or on any item of a list."""

    def tested(found: Any) -> bool:
        if isinstance(found, list):
            return any(map(test, found))
        return found is not None and test(found)

    return tested
