"""`infra-apply gpu scale PROJECT N`: grow or shrink one pool, slot by slot."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from infra_apply import naming
from infra_apply.cli.gpu_site import Environment, Outside, environment_of, outside
from infra_apply.diagnostics.model import Findings
from infra_apply.diagnostics.report import text
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.digitalocean.live import read_gpu_droplets
from infra_apply.errors import Refusal, Retry, Usage
from infra_apply.gpu import scaling
from infra_apply.gpu.catalogue import has_firewall, read_offers, read_ssh_keys
from infra_apply.gpu.change import victims
from infra_apply.gpu.placement import places, why_none
from infra_apply.gpu.pool import Pool
from infra_apply.gpu.proposal import growth, shrinking
from infra_apply.gpu.recipe import Recipe, SlotPlan, recipe
from infra_apply.gpu.slot import slots_of
from infra_apply.gpu.status import Status, when
from infra_apply.gpu.status import text as status_text
from infra_apply.inputs.pulumi_project import stack_of_file
from infra_apply.plan.stack import plan_stack
from infra_apply.terminal import StatusLine, plural, wants_colour


def run(arguments: argparse.Namespace) -> int:
    """Make the pool N slots large; what is there then on stdout. Shrinking reads no manifest."""
    _name_the_stack(arguments)
    environment = environment_of(arguments)
    with outside(arguments, environment) as found:
        site = _site(arguments, environment, found)
        pool = scaling.look(site)
        if arguments.count > len(pool.slots):
            if arguments.slot:
                raise Usage("--slot names what goes, and the pool is to grow")
            grown = _grow(arguments, environment, site, pool)
            if grown is None:
                return 1
            pool = grown
        else:
            pool = _shrink(arguments, site, pool)
        _show(environment, site, pool)
    return 0


def _grow(
    arguments: argparse.Namespace, environment: Environment, site: scaling.Site, pool: Pool
) -> Pool | None:
    """Grow it; None, with the diagnostics on stderr, if the fleet has an error."""
    made, problems = _recipe(arguments, environment, site)
    if made is None:
        colour = wants_colour(sys.stderr)
        print(text.findings(problems, Path.cwd(), colour=colour), file=sys.stderr)
        print(f"infra-apply: {site.pool} does not grow while this is so", file=sys.stderr)
        return None
    if arguments.count > made.max_slots:
        raise Refusal(
            f"{site.pool} may have {made.max_slots} slots, and {arguments.count} are asked for",
            state="nothing was changed",
            next_step=f"raise `gpu: {{pools: {{{made.project}: {{maxSlots: ...}}}}}}` in the "
            "settings",
        )
    offers = read_offers(site.client)
    may = places(made.sizes, made.regions, offers)
    if not may:
        raise Retry(
            f"no GPU can be had: {why_none(made.sizes, made.regions, offers)}",
            state="nothing was changed",
            next_step="run the same again later, or add sizes or regions to the profile",
        )
    if not arguments.force:
        victims(pool, len(pool.slots), (), time.time(), force=False)  # no busy duplicate ends
    shielded = has_firewall(site.client, naming.pool_tag(made.project, made.environment))
    _agree(arguments, growth(pool, made, arguments.count, may, shielded=shielded))
    return scaling.grow(site, pool, arguments.count, made)


def _shrink(arguments: argparse.Namespace, site: scaling.Site, pool: Pool) -> Pool:
    now = time.time()
    going = victims(pool, arguments.count, arguments.slot, now, force=arguments.force)
    lines = list(shrinking(pool, arguments.count, going, now))
    if not lines:
        if not pool.slots and not pool.remembered.exists:
            _say_what_else(site)
        return pool
    _agree(arguments, [f"{site.pool}: {lines[0]}", *lines[1:]])
    return scaling.shrink(site, pool, going)


def _say_what_else(site: scaling.Site) -> None:
    """A misspelt project must not look like a pool that was ended."""
    held = Counter(one.pool for one in slots_of(read_gpu_droplets(site.client)))
    there = ", ".join(f"{pool} ({count})" for pool, count in sorted(held.items())) or "none"
    print(f"{site.pool} never had a slot; pools with slots: {there}", file=sys.stderr)


def _site(arguments: argparse.Namespace, environment: Environment, found: Outside) -> scaling.Site:
    project = arguments.project
    return scaling.Site(
        pool=naming.instance(project, environment.name),
        owner=environment.owner,
        stack=naming.pool_stack(environment.name, project),
        backend=found.backend,
        client=found.client,
        destroyer=found.destroyer,
        render=_render,
        status_line=StatusLine(sys.stderr),
        clock=time.time,
        force=arguments.force,
    )


def _render(slots: Sequence[SlotPlan]) -> None:
    from infra_apply.render.slots import render_slots  # noqa: PLC0415 - takes a second to import

    render_slots(slots)


def _recipe(
    arguments: argparse.Namespace, environment: Environment, site: scaling.Site
) -> tuple[Recipe | None, Findings]:
    planned = plan_stack(environment.project, environment.stack, config_file=arguments.config_file)
    if planned.plan is None or planned.loaded is None or planned.settings is None:
        return None, planned.findings
    fleet = planned.loaded.fleet
    one = fleet.by_instance.get((arguments.project, planned.settings.environment))
    if one is None or one.gpu is None:
        pools = sorted(pool.project for pool in planned.plan.pools)
        raise Usage(
            f"no manifest declares a GPU pool `{arguments.project}` in {environment.name}",
            state=f"there are: {', '.join(pools) or 'none'}",
            next_step=did_you_mean(arguments.project, pools, otherwise="add a `gpu:` block") or "",
        )
    made, problems = recipe(fleet, planned.settings, one, read_ssh_keys(site.client))
    return made, Findings(tuple(problems), (), planned.findings.manifests)


def _agree(arguments: argparse.Namespace, lines: Iterable[str]) -> None:
    """Say what will be done and have it agreed to. Raises Refusal."""
    print("\n".join(lines), file=sys.stderr)
    if arguments.yes:
        return
    if not sys.stdin.isatty():
        raise Refusal(
            "nobody can be asked here",
            state="nothing was changed",
            next_step="run the same with --yes",
        )
    print("go ahead? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Refusal("not agreed", state="nothing was changed")


def _show(environment: Environment, site: scaling.Site, pool: Pool) -> None:
    now = time.time()
    shown = Status(environment.stack, {site.pool: pool})
    print(f"{site.pool}: {plural(len(pool.slots), 'slot')}")
    if pool.slots:
        print("\n".join(status_text(shown, now)))
        first = min((one.deadline for one in pool.slots if one.deadline), default=None)
        if first:
            print(f"the first ends at {when(first)} at the latest")


def _name_the_stack(arguments: argparse.Namespace) -> None:
    """What changes bills is never done to a stack that nobody named. Raises Usage."""
    named = arguments.stack or (
        stack_of_file(arguments.config_file) if arguments.config_file else None
    )
    if not named:
        raise Usage("name the environment's stack", next_step="--stack prod, for example")
