"""A picture of a simulation: the queue, the slots and those at work over time, as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from infra_apply.gpu.simulate.play import Moment
from infra_apply.terminal.layout import duration


def svg(moments: Sequence[Moment], title: str) -> str:
    """Draw what there was at every look: above the jobs that waited, below the slots."""
    return "\n".join(_elements(moments, title)) + "\n"


def _elements(moments: Sequence[Moment], title: str) -> Iterator[str]:
    end = max(moments[-1].at, 1.0)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="13">'
    )
    yield f"<title>{escape(title)}</title>"
    yield f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>'
    yield f'<text x="{_LEFT}" y="22" font-size="15">{escape(title)}</text>'
    waiting = max(1, *(moment.waiting for moment in moments))
    slots = max(1, *(moment.slots for moment in moments))
    for top, most, name in ((_UPPER, waiting, "jobs waiting"), (_LOWER, slots, "slots")):
        yield f'<text x="{_LEFT}" y="{top - 8}">{name}, {most} at most</text>'
        yield f'<path d="M{_LEFT} {top}v{_BAND}H{_WIDTH - _RIGHT}" fill="none" stroke="#555"/>'
    yield _area([(m.at, m.waiting) for m in moments], end, waiting, _UPPER, "#c2410c")
    yield _area([(m.at, m.slots) for m in moments], end, slots, _LOWER, "#bfdbfe")
    yield _area([(m.at, m.busy) for m in moments], end, slots, _LOWER, "#1d4ed8")
    for part in range(5):
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * part / 4
        anchor = "start" if part == 0 else "end" if part == 4 else "middle"  # noqa: PLR2004
        time = duration(end * part / 4)
        yield f'<text x="{x:.0f}" y="{_LOWER + _BAND + 20}" text-anchor="{anchor}">{time}</text>'
    yield (
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">dark: at work; light: there, booting or idle</text>'
    )
    yield "</svg>"


def _area(points: Sequence[tuple[float, int]], end: float, most: int, top: int, colour: str) -> str:
    """Draw steps that are filled down to the axis."""
    bottom = top + _BAND
    path = [f"M{_LEFT} {bottom}"]
    height: float = bottom
    for at, value in points:
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * at / end
        new = bottom - _BAND * value / most
        if new != height:
            path.append(f"H{x:.1f}V{new:.1f}")
            height = new
    path.append(f"H{_WIDTH - _RIGHT}V{bottom}Z")
    return f'<path d="{"".join(path)}" fill="{colour}"/>'


_WIDTH: Final = 960
_HEIGHT: Final = 420
_LEFT: Final = 20
_RIGHT: Final = 20
_BAND: Final = 130
_UPPER: Final = 64
_LOWER: Final = 232
