"""Proves or refutes "applies exactly what was reviewed": `python -m tests.reviews --random 1000`.

Every case has a reviewed plan, then one change of the account, the state, a manifest or the
settings, and then `up --plan`: it must refuse, naming what moved, or do exactly what was reviewed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from tests.reviews.play import Played, play
from tests.reviews.starts import prepare
from tests.warm import warm_python

# How many cases share a start: its reviewed plan and its reference are made once.
CASES_A_START: Final = 15


def main() -> int:
    """Play cases; the exit code is 1 if one of them ends wrong."""
    arguments = _parser().parse_args()
    numbers = arguments.run or range(1, arguments.random + 1)
    done = _results(arguments.out)
    known = {entry["number"] for entry in done if entry["seed"] == arguments.seed}
    starts: dict[int, list[int]] = {}
    for number in numbers:
        if number not in known:
            starts.setdefault((number - 1) // CASES_A_START, []).append(number)
    with (
        tempfile.TemporaryDirectory(prefix="infra-apply-reviews-") as temporary,
        warm_python(Path(temporary)) as python,
    ):
        folder = arguments.keep or Path(temporary)
        pool = ThreadPoolExecutor(arguments.jobs)
        try:
            batches = [
                pool.submit(_play_start, start, cases, folder, python, arguments)
                for start, cases in starts.items()
            ]
            for batch in batches:
                done += batch.result()
        finally:
            pool.shutdown(cancel_futures=True)
    for line in _summary(done):
        _say(line)
    return 1 if any(entry["outcome"] == "wrong" for entry in done) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.reviews", description=__doc__)
    parser.add_argument("--random", type=int, metavar="N", default=30, help="N cases (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="of all that is drawn (default: 1)")
    parser.add_argument("--run", nargs="+", type=int, metavar="I", help="play these cases alone")
    parser.add_argument("--jobs", type=int, default=1, help="starts at a time (default: 1)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="results, a line each; goes on")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep accounts and states here")
    return parser


def _play_start(
    start_number: int,
    numbers: list[int],
    folder: Path,
    python: Path,
    arguments: argparse.Namespace,
) -> list[dict[str, Any]]:
    """Play the cases of one start, report each, and return their results."""
    start_folder = folder / f"start-{start_number}"
    start = prepare(arguments.seed, start_number, start_folder, python)
    results = []
    for number in numbers:
        case = folder / f"case-{number}"
        played = play(start, arguments.seed, number, case)
        results.append(_result(played, arguments.seed, number))
        _report(played, results[-1], arguments.out)
        if not arguments.keep:
            shutil.rmtree(case)
    if not arguments.keep:
        shutil.rmtree(start_folder)
    return results


def _result(played: Played, seed: int, number: int) -> dict[str, Any]:
    verdict = played.verdict
    wrong = verdict.outcome == "wrong"
    return {
        "seed": seed,
        "number": number,
        "start": played.start,
        "domain": played.change.domain,
        "kind": played.change.kind,
        "outcome": verdict.outcome,
        "problems": verdict.problems,
        "reasons": _reasons(played.output) if verdict.outcome == "refused" else [],
        "output": played.output[-3000:] if wrong else "",
        "seconds": round(played.seconds, 1),
    }


def _reasons(output: str) -> list[str]:
    """Pick the lines that say why it was refused."""
    lines = [line.strip() for line in output.splitlines()]
    if "this is not what was reviewed:" in output:
        first = next(i for i, line in enumerate(lines) if "not what was reviewed:" in line)
        return [line for line in lines[first + 1 : first + 4] if line]
    return [line for line in lines if "error[" in line][:2]


def _report(played: Played, result: dict[str, Any], out: Path | None) -> None:
    change, verdict, number = played.change, played.verdict, result["number"]
    _say(
        f"{number:>5}  {verdict.outcome:<12} {played.seconds:4.0f} s  {played.start:<14}  "
        f"{change.domain}: {change.kind}"
    )
    for line in (*verdict.problems, *result["reasons"][:1]):
        _say(f"         {line}")
    if out:
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")


def _summary(results: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the counts by domain, and the share of changes without effect that were approved."""
    counts = Counter((entry["domain"], entry["outcome"]) for entry in results)
    for domain in sorted({domain for domain, _ in counts}):
        parts = [
            f"{outcome}: {count}" for (of, outcome), count in sorted(counts.items()) if of == domain
        ]
        yield f"{domain}: {', '.join(parts)}"
    without = [entry for entry in results if entry["domain"] == "without effect"]
    if without:
        kept = sum(entry["outcome"] == "applied" for entry in without)
        yield f"approvals kept: {kept} of {len(without)} ({100 * kept / len(without):.1f} %)"


def _results(file: Path | None) -> list[dict[str, Any]]:
    if file is None or not file.exists():
        return []
    return [json.loads(line) for line in file.read_text().splitlines()]


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
