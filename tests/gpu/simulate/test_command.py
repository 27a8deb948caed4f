"""`infra-apply gpu simulate` as its user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from infra_apply.cli.main import main

ROOT = Path(__file__).parents[3]
KEYS = ["name", "cost_usd", "p50_wait_s", "p95_wait_s", "idle_slot_hours", "busy_kills", "max_live",
        "starts_per_100_jobs", "bought_again"]  # fmt: skip


@pytest.fixture
def trace(tmp_path: Path) -> str:
    file = tmp_path / "trace.jsonl"
    jobs = ({"t": 40 * number, "service_s": 120} for number in range(40))
    file.write_text("".join(json.dumps(job) + "\n" for job in jobs))
    return str(file)


def test_it_says_what_the_trace_costs_beside_the_least(
    trace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--price", "3.6", "--boot", "100", "--max-slots", "4", "--format", "json"]
    assert main(["gpu", "simulate", "--trace", trace, *words]) == 0
    answer = json.loads(capsys.readouterr().out)
    known, least = answer["policies"]
    assert list(known) == KEYS and list(least) == [*KEYS, "bound"]
    assert (known["name"], least["name"], least["bound"]) == ("infra-apply", "clairvoyant", "lower")
    assert 40 * 120 * 0.001 < least["cost_usd"] <= known["cost_usd"]
    assert known["max_live"] <= 4 and known["busy_kills"] == 0


def test_a_job_that_may_not_wait_for_long_gets_more_slots(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "trace.jsonl"  # by the time that many come, it is known how long one takes
    times = [300 * number for number in range(10)] + [3000] * 30
    trace.write_text("".join(json.dumps({"t": at, "service_s": 60}) + "\n" for at in times))
    waits = []
    for price in ("0.01", "100"):
        words = ["--max-slots", "8", "--waiting-price", price, "--format", "json"]
        assert main(["gpu", "simulate", "--trace", str(trace), *words]) == 0
        waits.append(json.loads(capsys.readouterr().out)["policies"][0]["p95_wait_s"])
    assert waits[1] < waits[0]


def test_a_pools_settings_are_the_defaults(trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["-C", str(ROOT), "--stack", "prod"]
    assert main(["gpu", "simulate", "transcribe", "--trace", trace, *where]) == 0
    assert "at most 3 slots at $1.57 an hour" in capsys.readouterr().out
    assert main(["gpu", "simulate", "transcrib", "--trace", trace, *where]) == 2
    assert "did you mean `transcribe`?" in capsys.readouterr().err


def test_a_picture_is_drawn(trace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "queue.svg"
    assert main(["gpu", "simulate", "--trace", trace, "--svg", str(picture)]) == 0
    assert "infra-apply" in capsys.readouterr().out
    root = ET.parse(picture).getroot()  # noqa: S314 - it is ours
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any("jobs waiting" in str(text) for text in texts)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "has no job"),
        ("{}\n", "trace.jsonl:1: `t` is not a number of seconds"),
        ("\xff", "is not UTF-8"),
    ],
)
def test_a_trace_that_cannot_be_used_is_a_usage_error(
    content: str | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "trace.jsonl"
    if content is not None:
        file.write_bytes(content.encode("latin-1"))
    assert main(["gpu", "simulate", "--trace", str(file)]) == 2
    assert words in capsys.readouterr().err
