"""One rewritten line on a terminal, few lines elsewhere."""

from __future__ import annotations

import io

from infra_apply.terminal import Ticker, elapsed


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_off_a_terminal_a_status_is_printed_at_first_and_then_every_fifteen_seconds() -> None:
    clock, stream = Clock(), io.StringIO()
    ticker = Ticker(stream, clock)
    ticker.show("compiling")
    for _ in range(31):
        clock.now += 1
        ticker.tick()
    assert stream.getvalue() == "compiling (0 s)\ncompiling (15 s)\ncompiling (30 s)\n"


def test_on_a_terminal_one_line_is_rewritten_and_taken_away() -> None:
    clock, stream = Clock(), Terminal()
    ticker = Ticker(stream, clock)
    ticker.show("compiling")
    clock.now += 61
    ticker.tick()
    ticker.end()
    rewrite = "\r\x1b[K"
    assert stream.getvalue() == (
        f"{rewrite}compiling (0 s){rewrite}compiling (1 min 01 s){rewrite}"
    )


def test_a_line_that_stays_takes_the_rewritten_one_away_first() -> None:
    stream = Terminal()
    ticker = Ticker(stream, Clock())
    ticker.show("waiting")
    ticker.say("done")
    assert stream.getvalue().endswith("\r\x1b[Kdone\n")


def test_nothing_shows_after_the_end() -> None:
    clock, stream = Clock(), io.StringIO()
    ticker = Ticker(stream, clock)
    ticker.show("waiting")
    ticker.end()
    clock.now += 60
    ticker.tick()
    assert stream.getvalue() == "waiting (0 s)\n"


def test_minutes_show_from_sixty_seconds_on() -> None:
    assert [elapsed(59.9), elapsed(60), elapsed(200)] == ["59 s", "1 min 00 s", "3 min 20 s"]
