"""`infra-apply gpu simulate`: what a pool's scaling would have cost on a trace of jobs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from infra_apply.cli.common.options import (
    add_project_flags,
    positive_number,
    pulumi_project_of,
    stack_of,
)
from infra_apply.cli.gpu.scale import plan_of_pool
from infra_apply.cost.prices import BUILT_IN
from infra_apply.diagnostics.report import text
from infra_apply.errors import Refusal, Usage
from infra_apply.gpu.decide import Policy
from infra_apply.gpu.simulate.picture import svg
from infra_apply.gpu.simulate.play import play
from infra_apply.gpu.simulate.results import Result, clairvoyant, result
from infra_apply.gpu.simulate.trace import parse_trace
from infra_apply.inputs.settings import PoolLimits
from infra_apply.plan.stack import plan_stack
from infra_apply.terminal.layout import plural, table, wants_colour
from infra_apply.terminal.printing import print_answer, print_json, print_remark


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags; the pool's settings lend what no flag says."""
    parser.add_argument(
        "project", metavar="PROJECT", nargs="?", help="the pool that lends defaults"
    )
    parser.add_argument(
        "--trace",
        metavar="FILE",
        type=Path,
        required=True,
        help='the jobs, a line each: {"t": SECONDS, "service_s": SECONDS}',
    )
    parser.add_argument("--price", metavar="USD_PER_HOUR", type=positive_number)
    parser.add_argument(
        "--waiting-price",
        metavar="USD_PER_HOUR",
        type=positive_number,
        help="what a job's waiting is worth (default: a third of a slot's price)",
    )
    parser.add_argument("--boot", metavar="SECONDS", type=positive_number)
    parser.add_argument("--max-slots", metavar="N", type=_count)
    parser.add_argument("--jobs-per-slot", metavar="N", type=_count)
    parser.add_argument("--svg", metavar="FILE", type=Path, help="draw queue and slots over time")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_project_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Play the trace and print what it came to, beside the least there could be."""
    policy = _policy(arguments)
    if policy is None:
        return 1
    trace = parse_trace(_lines(arguments.trace), str(arguments.trace))
    played = play(trace, policy)
    ours = result("infra-apply", trace, played, policy)
    results = (ours, clairvoyant(trace, policy, longest_wait=ours.p95_wait or 0.0))
    if arguments.svg is not None:
        _write(arguments.svg, svg(played.moments, f"{arguments.trace.name}: ${ours.cost:.2f}"))
    if arguments.format == "json":
        print_json({"version": 1, "policies": [each.as_json() for each in results]})
    else:
        print_answer("\n".join(_text(results, policy, len(trace))))
    return 0


def _policy(arguments: argparse.Namespace) -> Policy | None:
    """Return what is played: the flags, else the pool's, else defaults; None after diagnostics."""
    policy = Policy(boot=_BOOT, price=_PRICE)
    if arguments.project is not None:
        pool = _policy_of_pool(arguments)
        if pool is None:
            return None
        policy = pool
    told = {
        "price": arguments.price,
        "waiting_price": arguments.waiting_price,
        "boot": arguments.boot,
        "max_slots": arguments.max_slots,
        "jobs_per_slot": arguments.jobs_per_slot,
    }
    given: dict[str, Any] = {key: value for key, value in told.items() if value is not None}
    return replace(policy, **given)


def _policy_of_pool(arguments: argparse.Namespace) -> Policy | None:
    """Return what a pool's settings say. Raises Usage where there is no such pool."""
    planned = plan_stack(
        pulumi_project_of(arguments), stack_of(arguments), config_file=arguments.config_file
    )
    if planned.plan is None or planned.settings is None:
        colour = wants_colour(sys.stderr)
        print_remark(text.findings(planned.findings, Path.cwd(), colour=colour))
        return None
    pool = plan_of_pool(planned.plan, arguments.project)
    limits = planned.settings.gpu_pools.get(arguments.project) or PoolLimits()
    prices = [BUILT_IN.by_size[size][1] for size in pool.sizes[:1] if size in BUILT_IN.by_size]
    if not prices and arguments.price is None:
        raise Usage(f"the price of {pool.sizes[0]} is not known here", next_step="give --price")
    return Policy(
        boot=_BOOT,
        price=prices[0] if prices else 0.0,
        max_slots=pool.max_slots,
        jobs_per_slot=limits.jobs_per_slot,
        keep_warm=limits.keep_warm or 0,
        idle=_seconds(limits.idle) if limits.idle else None,
    )


def _lines(file: Path) -> Iterator[str]:
    """Read a trace. Raises Usage."""
    try:
        with file.open(encoding="utf-8") as lines:
            yield from lines
    except OSError as error:
        raise Usage(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Usage(f"{file} is not UTF-8") from None


def _write(file: Path, content: str) -> None:
    try:
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{file} cannot be written: {error.strerror}") from None


def _text(results: Sequence[Result], policy: Policy, jobs: int) -> Iterator[str]:
    slots = f"{plural(policy.max_slots, 'slot')} at ${policy.price:.2f} an hour"
    yield f"{plural(jobs, 'job')}, at most {slots} that boot in {policy.boot:g} s"
    yield from table([_HEAD, *(_row(each) for each in results)])
    ours, least = results
    known = "the least there can be" if least.bound == "exact" else "a bound below the least"
    if least.cost:
        yield f"{ours.cost / least.cost:.2f} times {known} with such waits"


def _row(each: Result) -> tuple[str, ...]:
    return (
        each.name,
        f"${each.cost:.2f}",
        _number(each.p50_wait, " s"),
        _number(each.p95_wait, " s"),
        "" if each.idle_slot_hours is None else f"{each.idle_slot_hours:.2f} h",
        _number(each.max_live),
        _number(each.starts_per_100_jobs),
        _number(each.bought_again),
        _number(each.busy_kills),
    )


def _number(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{value:.0f}{unit}"


def _count(word: str) -> int:
    count = int(word)
    if count < 1:
        raise ValueError(word)
    return count


def _seconds(written: str) -> float:
    """Read `90s`, `15m` or `2h`, as settings have it."""
    return float(written[:-1]) * {"s": 1, "m": 60, "h": 3600}[written[-1]]


_HEAD: Final = (
    "policy", "cost", "wait p50", "p95", "idle", "most slots", "starts/100", "again", "killed",
)  # fmt: skip
_BOOT: Final = 180.0
"""Seconds; what a GPU droplet takes to boot and load a model of some gigabytes."""
_PRICE: Final = BUILT_IN.by_size["gpu-l40sx1-48gb"][1]
