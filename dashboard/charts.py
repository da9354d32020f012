"""Charts as SVG text: step lines with gaps, a bar per day, dots on a line. Colours come from style.css.

Everything that is not ours is escaped here by `Markup.format`; no template marks anything as safe. A chart
that must fit a telephone is drawn twice: text in an SVG shrinks with it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from markupsafe import Markup

from dashboard.words import brief, day, number

WHOLE, HALF, NARROW = 1180, 600, 360
"""Widths: of a page, of one of two charts side by side, and of a telephone."""
COLOURS = 8
FAR_APART = 25
"""How many times greater a system may be than the next one and still share its axis."""
LEFT, RIGHT, UP, DOWN = 46, 12, 12, 40


@dataclass(frozen=True)
class Point:
    """What one account had at a day's end; no value where nobody knows."""

    on: date
    value: Decimal | None
    is_observed: bool


@dataclass(frozen=True)
class Line:
    """One account through time."""

    name: str
    colour: int
    points: Sequence[Point]
    reorder_points: Sequence[Decimal] = ()

    @property
    def top(self) -> float:
        """The greatest amount, whatever its sign."""
        return max((abs(float(point.value)) for point in self.points if point.value is not None), default=0.0)


@dataclass(frozen=True)
class Chart:
    """Lines that share an axis, for wide and for narrow places."""

    lines: Sequence[Line]
    wide: Markup
    narrow: Markup


def histories(lines: Sequence[Line]) -> list[Chart]:
    """Charts of accounts through time: one for those of a size, so that a huge number flattens no other."""
    groups: list[list[Line]] = []
    known = [line for line in lines if any(point.value is not None for point in line.points)]
    for line in sorted(known, key=lambda line: -line.top):
        # What is always zero needs no axis of its own.
        if groups and (line.top == 0 or FAR_APART * line.top >= groups[-1][0].top):
            groups[-1].append(line)
        else:
            groups.append([line])
    groups.reverse()
    width = WHOLE if len(groups) == 1 else HALF
    for group in groups:
        group.sort(key=lambda line: line.name)
    return [Chart(group, _steps(group, width, 250), _steps(group, NARROW, 210)) for group in groups]


def bars(counts: Sequence[tuple[date, int]], words: str, width: int = WHOLE) -> Markup:
    """A bar per day; days without one are nothing."""
    top = max((count for _, count in counts), default=0)
    if not top:
        return Markup("")
    first, last = counts[0][0], counts[-1][0]
    days = (last - first).days + 1
    highest = next(on for on, count in counts if count == top)
    height, step = 90, min(26.0, (width - 20) / days)
    pieces = [_open(width, height, f"{words} per day, {day(first)} to {day(last)}, at most {top}", "bars")]
    for on, count in counts:
        if not count:
            continue
        tall = max(2.0, (height - 34) * count / top)
        left = 10 + (on - first).days * step
        pieces.append(
            Markup(
                '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}: {}</title></rect>'
            ).format(left, height - 20 - tall, max(1.0, step - 2), tall, day(on), count)
        )
        if on == highest:
            pieces.append(
                Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>').format(
                    max(left + step / 2, 14), height - 24 - tall, number(count)
                )
            )
    pieces.append(Markup('<text x="10" y="{}">{}</text>').format(height - 5, day(first)))
    if days * step > 190:
        pieces.append(
            Markup('<text x="{:.1f}" y="{}" text-anchor="end">{}</text>').format(
                10 + days * step, height - 5, day(last)
            )
        )
    return Markup("").join(pieces) + Markup("</svg>")


def dots(quantities: Iterable[tuple[str, int, Decimal]]) -> Markup:
    """Accounts on one little line, from the least to the most; each row of a table has a scale of its own."""
    known = sorted(quantities, key=lambda one: (one[2], one[0]))
    if not known:
        return Markup("")
    least, most = float(known[0][2]), float(known[-1][2])
    width, height = 150, 20
    told = ", ".join(f"{name} {number(amount)}" for name, _, amount in known)
    pieces = [_open(width, height, told, "dots")]
    pieces.append(Markup('<line x1="8" x2="{}" y1="10" y2="10"/>').format(width - 8))
    for name, colour, amount in known:
        at = 8 + (float(amount) - least) / ((most - least) or 1) * (width - 16)
        pieces.append(
            Markup('<circle cx="{:.1f}" cy="10" r="5" class="s{}"><title>{}: {}</title></circle>').format(
                at, colour % COLOURS, name, number(amount)
            )
        )
    return Markup("").join(pieces) + Markup("</svg>")


def _steps(lines: Sequence[Line], width: int, height: int) -> Markup:
    reorder = sorted({threshold for line in lines for threshold in line.reorder_points})
    known = [float(p.value) for line in lines for p in line.points if p.value is not None]
    days = sorted({point.on for line in lines for point in line.points})
    first, last = days[0], days[-1]
    low, high = min(0.0, *known), max(0.0, *known, *(float(one) for one in reorder))
    step = _nice((high - low) / 4 or 1)
    bottom, top = step * (low // step), step * max(1, -(-high // step))
    span = (last - first).days + 1  # a day is as wide as it is long: its last value holds until the next

    def x(on: date, whole: int = 0) -> float:
        return LEFT + ((on - first).days + whole) / span * (width - LEFT - RIGHT)

    def y(amount: float) -> float:
        return UP + (top - amount) / (top - bottom) * (height - UP - DOWN)

    names = ", ".join(line.name for line in lines)
    told = (
        f"Available at each day's end, {day(first)} to {day(last)}: {names}; the table below has the numbers"
    )
    pieces = [_open(width, height, told, "chart")]
    amount = bottom
    while amount <= top + step / 1000:
        pieces.append(
            Markup(
                '<line x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}" class="{}"/>'
                '<text x="{}" y="{t:.1f}" text-anchor="end">{}</text>'
            ).format(
                LEFT,
                width - RIGHT,
                "zero" if amount == 0 else "grid",
                LEFT - 7,
                brief(amount),
                y=y(amount),
                t=y(amount) + 4,
            )
        )
        amount += step
    for on in _ticks(first, last, width // 80):
        pieces.append(
            Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
                x(on) + (x(on, 1) - x(on)) / 2, height - DOWN + 30, f"{on.day} {on:%b}"
            )
        )
    for threshold in reorder:
        pieces.append(
            Markup(
                '<line x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}" class="reorder">'
                "<title>Reorder at {}</title></line>"
            ).format(LEFT, width - RIGHT, number(threshold), y=y(float(threshold)))
        )
    for line in lines:
        path, is_drawing, end = list[str](), False, line.points[-1]
        for point in line.points:
            if point.value is None:
                is_drawing = False
                continue
            at = y(float(point.value))
            path.append(f"V{at:.1f}" if is_drawing else f"M{x(point.on):.1f} {at:.1f}")
            path.append(f"H{x(point.on, 1):.1f}")
            is_drawing, end = True, point
        pieces.append(
            Markup('<path d="{}" class="line s{}"><title>{}: {} on {}</title></path>').format(
                "".join(path), line.colour % COLOURS, line.name, number(end.value), day(end.on)
            )
        )
    pieces += _strip(lines, x, height - DOWN + 8)
    return Markup("").join(pieces) + Markup("</svg>")


def _strip(lines: Sequence[Line], x: Callable[..., float], top: float) -> list[Markup]:
    """Under the axis: days on which one of the accounts was not asked."""
    missed: dict[date, list[str]] = {}
    for line in lines:
        for point in line.points:
            if not point.is_observed:
                missed.setdefault(point.on, []).append(line.name)
    gap = Markup(
        '<rect x="{:.1f}" y="{}" width="{:.1f}" height="5" class="gap"><title>{}: {} not asked</title></rect>'
    )
    return [
        gap.format(x(on), top, max(2.0, x(on, 1) - x(on)), day(on), ", ".join(names))
        for on, names in sorted(missed.items())
    ]


def _ticks(first: date, last: date, most: int) -> list[date]:
    """Days to name: so many that their names have room."""
    every = next(one for one in (1, 2, 3, 7, 14, 28, 56, 112, 10**6) if (last - first).days / one < most)
    return [first + timedelta(days=n) for n in range(0, (last - first).days + 1, every)]


def _nice(step: float) -> float:
    """The least of 1, 2, 5, 10, 20, … that is not below."""
    nice = 1.0
    while nice < step:
        nice *= 2.5 if str(int(nice))[0] == "2" else 2
    return nice


def _open(width: int, height: int, told: str, name: str) -> Markup:
    return Markup(
        '<svg viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}" class="{}">'
    ).format(width, height, width, height, told, name)
