"""How text looks in a terminal: colour, tables, durations and progress."""

from __future__ import annotations

import io
import re

import pytest

from infra_apply.terminal.layout import (
    StatusLine,
    duration,
    elapsed,
    plural,
    table,
    wants_colour,
)
from infra_apply.terminal.safe_text import painted, printable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_off_a_terminal_a_status_is_printed_at_first_and_then_every_fifteen_seconds() -> None:
    clock, stream = Clock(), io.StringIO()
    status_line = StatusLine(stream, clock)
    status_line.show("compiling")
    for _ in range(31):
        clock.now += 1
        status_line.tick()
    assert stream.getvalue() == "compiling (0 s)\ncompiling (15 s)\ncompiling (30 s)\n"


def test_on_a_terminal_one_line_is_rewritten_and_taken_away() -> None:
    clock, stream = Clock(), Terminal()
    status_line = StatusLine(stream, clock)
    status_line.show("compiling")
    clock.now += 61
    status_line.tick()
    status_line.end()
    rewrite = "\r\x1b[K"
    assert stream.getvalue() == (
        f"{rewrite}compiling (0 s){rewrite}compiling (1 min 01 s){rewrite}"
    )


def test_a_line_that_stays_takes_the_rewritten_one_away_first() -> None:
    stream = Terminal()
    status_line = StatusLine(stream, Clock())
    status_line.show("waiting")
    status_line.say("done")
    assert stream.getvalue().endswith("\r\x1b[Kdone\n")


def test_nothing_shows_after_the_end() -> None:
    clock, stream = Clock(), io.StringIO()
    status_line = StatusLine(stream, clock)
    status_line.show("waiting")
    status_line.end()
    clock.now += 60
    status_line.tick()
    assert stream.getvalue() == "waiting (0 s)\n"


def test_minutes_show_from_sixty_seconds_on() -> None:
    assert [elapsed(59.9), elapsed(60), elapsed(200)] == ["59 s", "1 min 00 s", "3 min 20 s"]


def test_lengths_of_time_are_written_in_whole_minutes() -> None:
    written = [duration(seconds) for seconds in (0, 59, 240, 3 * 3600 + 300, -90)]
    assert written == ["0 min", "0 min", "4 min", "3 h 05 min", "-1 min"]


def test_one_thing_is_singular_and_any_other_number_plural() -> None:
    assert [plural(number, "host") for number in (0, 1, 2)] == ["0 hosts", "1 host", "2 hosts"]


def test_columns_are_as_wide_as_their_widest_cell_and_no_line_ends_in_blanks() -> None:
    rows = [("host", "size", ""), ("basil", "s", "x"), ("b", "s-1", "")]
    assert list(table(rows, indent="  ")) == ["  host   size", "  basil  s     x", "  b      s-1"]
    assert list(table([])) == []


def test_control_characters_are_written_as_escapes() -> None:
    assert printable("a\x1b[2Jb\tc\n") == "a\\x1b[2Jb\tc\\n"
    assert printable("a\x00b", stand_in="?") == "a?b"


def test_colour_is_for_terminals_and_not_where_no_color_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert wants_colour(Terminal())
    assert not wants_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "")
    assert not wants_colour(Terminal())
    assert painted("stop", "bold red", enabled=True) == "\x1b[1;31mstop\x1b[0m"
    assert painted("stop", "bold red", enabled=False) == "stop"


@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_a_name_in_a_status_steers_nobody(kind: type[io.StringIO]) -> None:
    stream = kind()
    status_line = StatusLine(stream, Clock())
    status_line.say("a\x1b[2J\n::error::b")
    status_line.show("a\x1b[2J\n::error::b ##[error]")
    text = stream.getvalue().removeprefix("\r\x1b[K").replace("\r\x1b[K", "\n")
    assert not re.search(r"(?m)^::|##\[|\x1b", text)
