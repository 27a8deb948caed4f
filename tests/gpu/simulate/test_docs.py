"""docs/gpu.md shows what the benchmark prints."""

from __future__ import annotations

from pathlib import Path

from tests.bench_gpu.__main__ import lines

DOCS = Path(__file__).parents[3] / "docs/gpu.md"


def test_the_tables_are_those_that_the_benchmark_prints() -> None:
    assert "\n".join(lines(1)) in DOCS.read_text(encoding="utf-8")
