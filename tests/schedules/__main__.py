"""Proves or refutes "nothing lost, nothing doubled": `python -m tests.schedules --all`.

Every schedule strikes requests of `up` and then runs it twice more, in peace; the account and the
state must then hold what the fleet wants, once, and everything else as it was.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any, get_args

from tests.schedules.fleets import FLEETS, fleet_of
from tests.schedules.play import Verdict, play, record
from tests.schedules.runs import Mode
from tests.schedules.schedule import (
    Schedule,
    load_recorded,
    pairs,
    random_sequences,
    save_recorded,
    singles,
)
from tests.schedules.stage import Stage, prepare
from tests.schedules.strike import is_playable
from tests.schedules.warm import warm_python


def main() -> int:
    """List or play schedules; the exit code is 1 if one of them ends wrong."""
    arguments = _parser().parse_args()
    if arguments.record:
        return _record(arguments)
    playable, unplayable = [], 0
    for schedule in _selected(arguments):
        if all(map(is_playable, schedule.strikes)):
            playable.append(schedule)
        else:
            unplayable += 1
    if unplayable:
        _say(f"{unplayable} schedules are left out: the simulated API lacks their faults")
    if arguments.list or not (arguments.all or arguments.run):
        for schedule in playable:
            _say(f"{schedule.number:>5}  {schedule}")
        return 0
    return _play_all(arguments, playable)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.schedules", description=__doc__)
    parser.add_argument("--list", action="store_true", help="show them (what is done by default)")
    parser.add_argument("--run", nargs="+", type=int, metavar="N", help="play these")
    parser.add_argument("--all", action="store_true", help="play all of the list")
    parser.add_argument("--grep", metavar="REGEX", default="", help="only those it is found in")
    parser.add_argument("--pairs", action="store_true", help="pairs of faults in two runs")
    parser.add_argument("--random", type=int, metavar="N", help="N sequences of up to five faults")
    parser.add_argument("--seed", type=int, default=1, help="of the random sequences (default: 1)")
    parser.add_argument("--fleet", choices=sorted(FLEETS), help="default: four; one with --pairs")
    parser.add_argument(
        "--mode",
        choices=get_args(Mode),
        default="plain",
        help="`pulumi up` (default), the same without its preview, or `infra-apply up`",
    )
    parser.add_argument("--jobs", type=int, default=1, help="schedules at a time (default: 1)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="results, a line each; goes on")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep accounts and states here")
    parser.add_argument(
        "--attributes", action="store_true", help="the state's store writes files of attributes"
    )
    parser.add_argument(
        "--cold", action="store_true", help="start every interpreter anew, as outside of tests"
    )
    parser.add_argument("--record", action="store_true", help="write recorded.json for the fleet")
    return parser


def _selected(arguments: argparse.Namespace) -> list[Schedule]:
    runs = load_recorded(_fleet_name(arguments))
    if arguments.pairs:
        schedules = pairs(runs)
    elif arguments.random:
        schedules = random_sequences(runs, arguments.random, arguments.seed)
    else:
        schedules = singles(runs)
    return [
        schedule
        for schedule in schedules
        if (not arguments.run or schedule.number in arguments.run)
        and (not arguments.grep or re.search(arguments.grep, str(schedule)))
    ]


def _fleet_name(arguments: argparse.Namespace) -> str:
    return arguments.fleet or ("one" if arguments.pairs else "four")


def _record(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="infra-apply-schedules-") as temporary:
        stage = prepare(fleet_of(_fleet_name(arguments)), Path(temporary))
        runs = record(stage, Path(temporary) / "recording", arguments.mode)
    save_recorded(_fleet_name(arguments), runs)
    return 0


def _play_all(arguments: argparse.Namespace, schedules: Iterable[Schedule]) -> int:
    out: Path | None = arguments.out
    done = _results(out)
    known = {(entry["number"], entry["schedule"]) for entry in done}
    rest = [schedule for schedule in schedules if (schedule.number, str(schedule)) not in known]
    tally = Counter(entry["outcome"] for entry in done)
    with (
        tempfile.TemporaryDirectory(prefix="infra-apply-schedules-") as temporary,
        ExitStack() as running,
    ):
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        stage_folder = Path(tempfile.mkdtemp(dir=folder, prefix="stage-"))
        fleet = fleet_of(_fleet_name(arguments))
        warm = warm_python(stage_folder) if not arguments.cold else nullcontext()
        python = running.enter_context(warm) or Path(sys.executable)
        stage = prepare(fleet, stage_folder, attributes=arguments.attributes, python=python)
        pool = ThreadPoolExecutor(arguments.jobs)
        try:
            futures = [pool.submit(_play, stage, schedule, arguments) for schedule in rest]
            for future in as_completed(futures):
                verdict = future.result()
                tally[verdict.outcome] += 1
                _report(verdict, out)
        finally:
            pool.shutdown(cancel_futures=True)
    _say(", ".join(f"{outcome}: {count}" for outcome, count in sorted(tally.items())))
    return 1 if tally["wrong"] or (arguments.mode == "wrapper" and tally["pending"]) else 0


def _play(stage: Stage, schedule: Schedule, arguments: argparse.Namespace) -> Verdict:
    folder = stage.folder.parent / f"schedule-{schedule.number}"
    try:
        return play(stage, schedule, folder, arguments.mode)
    finally:
        if arguments.keep:
            _say(f"{schedule.number:>5}  kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _report(verdict: Verdict, out: Path | None) -> None:
    schedule, outcome = verdict.schedule, verdict.outcome
    codes = ",".join(map(str, verdict.codes))
    _say(f"{schedule.number:>5}  {outcome:<10} {verdict.seconds:4.0f} s  [{codes}]  {schedule}")
    for problem in verdict.wrong:
        _say(f"         {problem}")
    if out:
        entry = {
            "number": schedule.number,
            "schedule": str(schedule),
            "outcome": outcome,
            "wrong": verdict.wrong,
            "codes": verdict.codes,
            "seconds": round(verdict.seconds, 1),
        }
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def _results(file: Path | None) -> list[dict[str, Any]]:
    if file is None or not file.exists():
        return []
    return [json.loads(line) for line in file.read_text().splitlines()]


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
