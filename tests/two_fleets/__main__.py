"""Plays lives of two fleets on one account: `python -m tests.two_fleets --seeds 100`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.two_fleets.lives import NAMES, live
from tests.warm import WARM, warm_python


def main() -> int:
    """Play each seed with both namings; the exit code is 1 if a fleet touched the other's."""
    parser = argparse.ArgumentParser(prog="python -m tests.two_fleets", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--steps", type=int, default=8, help="of both together (default: 8)")
    parser.add_argument("--naming", choices=sorted(NAMES), nargs="+", default=sorted(NAMES))
    arguments = parser.parse_args()
    ends: Counter[str] = Counter()
    wrong = 0
    with (
        tempfile.TemporaryDirectory(prefix="infra-apply-two-fleets-") as folder,
        warm_python(Path(folder)) as python,
    ):
        os.environ[WARM] = str(python.parent.parent)
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            for naming in arguments.naming:
                with tempfile.TemporaryDirectory(dir=folder) as place:
                    life = live(Path(place), naming, seed, arguments.steps)
                wrong += bool(life.wrong)
                ends.update(str(step.code) for step in life.steps)
                _say(f"{seed:>4} {naming:<9} {'wrong' if life.wrong else 'right'}")
                for line in (*life.wrong, *map(str, life.steps)):
                    _say(f"      {line}")
    _say(f"wrong: {wrong}; exit codes: {dict(ends)}")
    return 1 if wrong else 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
