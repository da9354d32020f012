"""ShipStream's filters, as far as anybody asks by them (shipstream.md §2.3)."""

import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone

from sandbox.kit import Refusal
from sandbox.shipstream.switches import ShipStreamSwitches
from sandbox.shipstream.view import Level

Test = Callable[[Level], bool]
DATED = re.compile(r'(updated_at|product_updated_at)\{((?:gt|lt):"[^"]+"(?:,(?:gt|lt):"[^"]+")*)\}')
CONDITION = re.compile(r'(gt|lt):"([^"]+)"')
CLOCKS: dict[str, Callable[[Level], datetime | None]] = {
    "updated_at": operator.attrgetter("at"),
    "product_updated_at": operator.attrgetter("product.updated_at"),
}
ENABLED = {"is_enabled:true": True, "is_enabled:false": False}


def tests_of(texts: Sequence[str], switches: ShipStreamSwitches) -> list[Test]:
    """What a level must pass; only those of enabled products do unless others are asked for.

    Raises:
        Refusal: a filter is none of those that are known here.
    """
    tests: list[Test] = []
    for text in {*texts} if {*texts} & ENABLED.keys() else {*texts, "is_enabled:true"}:
        if text in ENABLED:
            tests.append(_enabled(ENABLED[text]))
        elif found := DATED.fullmatch(text):
            for name, literal in CONDITION.findall(found[2]):
                tests.append(_dated(CLOCKS[found[1]], name, _moment(literal, switches)))
        else:
            raise Refusal(400, f"The filter {text} is not good.", field="filter")
    return tests


def _enabled(wanted: bool) -> Test:
    return lambda level: level.product.is_enabled == wanted


def _dated(clock: Callable[[Level], datetime | None], name: str, limit: datetime) -> Test:
    compare = operator.gt if name == "gt" else operator.lt

    def test(level: Level) -> bool:
        at = clock(level)
        return at is not None and compare(at, limit)

    return test


def _moment(literal: str, switches: ShipStreamSwitches) -> datetime:
    try:
        moment = datetime.fromisoformat(literal)
    except ValueError:
        raise Refusal(400, f"{literal} is no time.", field="filter") from None
    if moment.tzinfo is None or switches.literal_zone_ignored:
        moment = moment.replace(tzinfo=timezone(timedelta(hours=switches.naive_literal_hours)))
    return moment.astimezone(UTC)
