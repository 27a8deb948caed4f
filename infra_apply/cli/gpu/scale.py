"""`infra-apply gpu scale PROJECT N`: grow or shrink one pool, slot by slot."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from infra_apply import naming
from infra_apply.cli.common.consent import require_consent
from infra_apply.cli.common.lock_flags import patience_of
from infra_apply.cli.common.options import require_stack
from infra_apply.cli.gpu.pool_context import (
    Connection,
    EnvironmentStack,
    connect,
    read_environment_stack,
)
from infra_apply.diagnostics.model import Findings
from infra_apply.diagnostics.report import text
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.digitalocean.read import (
    read_firewalls,
    read_gpu_droplets,
    read_sizes,
    read_ssh_keys,
)
from infra_apply.errors import Refusal, Retry, Usage
from infra_apply.gpu import scaling
from infra_apply.gpu.context import PoolContext, read_pool
from infra_apply.gpu.heartbeat import describe_heartbeat, read_heartbeat
from infra_apply.gpu.placement import placements, why_none
from infra_apply.gpu.pool import Pool, PoolIdentity
from infra_apply.gpu.proposal import describe_growth, describe_shrink
from infra_apply.gpu.recognition import slots_of
from infra_apply.gpu.selection import choose_ending, refuse_busy
from infra_apply.gpu.slot_spec import SlotSpec, problems_of_new_slots
from infra_apply.gpu.status import Status, time_text
from infra_apply.gpu.status import text as status_text
from infra_apply.plan.model import Plan, PoolPlan
from infra_apply.plan.stack import plan_stack
from infra_apply.terminal.layout import StatusLine, plural, wants_colour
from infra_apply.terminal.printing import print_answer, print_remark


def run(arguments: argparse.Namespace) -> int:
    """Make the pool N slots large; what is there then on stdout. Shrinking reads no manifest."""
    require_stack(arguments)
    stack = read_environment_stack(arguments)
    with connect(arguments, stack) as connection:
        context = pool_context(arguments, stack, connection)
        if arguments.lift_lock:
            context.backend.lift_locks(context.stack, context.status_line)
        pool = read_pool(context)
        for suspect in pool.suspects:
            print_remark(f"not counted: {suspect}")
        if arguments.count > len(pool.slots):
            scaled = _grow(arguments, stack, context, pool)
        else:
            scaled = _shrink(arguments, context, pool)
        if scaled is None:
            return 1
        _print_pool(stack, context, scaled)
    return 0


def pool_context(
    arguments: argparse.Namespace, stack: EnvironmentStack, connection: Connection
) -> PoolContext:
    """Return the pool that the arguments name, with what reads and changes it."""
    return PoolContext(
        identity=PoolIdentity(
            stack.fleet, stack.environment, naming.instance(arguments.project, stack.environment)
        ),
        stack=naming.pool_stack(stack.environment, arguments.project),
        backend=replace(connection.backend, patience=patience_of(arguments)),
        client=connection.client,
        destroyer=connection.destroyer,
        render=_render,
        status_line=StatusLine(sys.stderr),
        clock=time.time,
        force=arguments.force,
    )


def plan_of_pool(plan: Plan, project: str) -> PoolPlan:
    """Return the plan of a project's pool.

    Raises Usage, naming those there are, and Refusal for one that is quarantined.
    """
    if naming.instance(project, plan.environment) in plan.quarantined:
        raise Refusal(
            f"`{project}` is quarantined: its manifests are not read, so its pool does not grow",
            state="nothing was changed; its slots can be ended as ever",
            next_step=f"mend its manifest, and take `{project}` out of `owners.quarantined`",
        )
    pools = {pool.project: pool for pool in plan.pools}
    if project not in pools:
        names = sorted(pools)
        raise Usage(
            f"no manifest declares a GPU pool `{project}` in {plan.environment}",
            state=f"there are: {', '.join(names) or 'none'}",
            next_step=did_you_mean(project, names, otherwise="add a `gpu:` block") or "",
        )
    return pools[project]


def _grow(
    arguments: argparse.Namespace, stack: EnvironmentStack, context: PoolContext, pool: Pool
) -> Pool | None:
    """Grow it; None, with the diagnostics on stderr, if something declared stands in the way."""
    if arguments.slot:
        raise Usage("--slot names what goes, and the pool is to grow")
    planned = plan_stack(stack.pulumi_project, stack.name, config_file=arguments.config_file)
    if planned.plan is None:
        _print_refusal(context, planned.findings)
        return None
    plan = plan_of_pool(planned.plan, arguments.project)
    ssh_keys = read_ssh_keys(context.client)
    if problems := problems_of_new_slots(plan, ssh_keys):
        _print_refusal(context, Findings(problems, (), planned.findings.manifests))
        return None
    lines = _growth_lines(context, pool, plan, arguments.count)
    require_reaper = planned.settings is not None and planned.settings.requires_reaper
    _look_for_reaper(context, refuse=require_reaper)
    require_consent(lines, given=arguments.yes)
    return scaling.grow(context, pool, arguments.count, plan, ssh_keys)


def _growth_lines(context: PoolContext, pool: Pool, plan: PoolPlan, count: int) -> Iterable[str]:
    """Return what growing would do and cost.

    Raises Refusal for more slots than the pool may have or a second droplet that is at work, and
    Retry where there is no GPU to be had.
    """
    if count > plan.max_slots:
        raise Refusal(
            f"{context.pool} may have {plan.max_slots} slots, and {count} are asked for",
            state="nothing was changed",
            next_step=f"raise `gpu: {{pools: {{{plan.project}: {{maxSlots: ...}}}}}}` in the "
            "settings",
        )
    sizes = read_sizes(context.client)
    choices = placements(plan.sizes, plan.regions, sizes)
    if not choices:
        raise Retry(
            f"no GPU can be had: {why_none(plan.sizes, plan.regions, sizes)}",
            state="nothing was changed",
            next_step="run the same again later, or add sizes or regions to the profile",
        )
    if not context.force:
        refuse_busy(pool.extras, context.clock())
    wanted = plan.firewall.tag if plan.firewall else None
    has_firewall = any(wanted in firewall.tags for firewall in read_firewalls(context.client))
    return describe_growth(pool, plan, count, choices, has_firewall=has_firewall)


def _look_for_reaper(context: PoolContext, *, refuse: bool) -> None:
    """Warn where no reaper is known to run, since nothing else ends slots at their deadline.

    With `refuse` it raises Refusal. Raises Outage where the account's tags cannot be read.
    """
    now, fleet = context.clock(), context.identity.fleet
    heartbeat = read_heartbeat(context.client, fleet, now)
    if heartbeat.is_fresh(now):
        return
    doubt = (
        f"{describe_heartbeat(heartbeat, now)}; without one nothing ends slots at their deadline"
    )
    next_step = f"have this run every 5 minutes: `infra-apply gpu reap --fleet {fleet}`"
    if refuse:
        raise Refusal(
            doubt,
            state="nothing was changed: the setting `gpu.requireReaper` is true",
            next_step=next_step,
        )
    print_remark(f"infra-apply: WARNING: {doubt}\n  next:  {next_step}")


def _shrink(arguments: argparse.Namespace, context: PoolContext, pool: Pool) -> Pool:
    now = context.clock()
    ending = choose_ending(pool, arguments.count, arguments.slot, now, force=context.force)
    lines = list(describe_shrink(pool, arguments.count, ending, now))
    if not lines:
        if not pool.slots and not pool.remembered.exists:
            _print_other_pools(context)
        return pool
    require_consent([f"{context.pool}: {lines[0]}", *lines[1:]], given=arguments.yes)
    return scaling.shrink(context, pool, ending)


def _print_other_pools(context: PoolContext) -> None:
    """A misspelt project must not look like a pool that was ended."""
    slots = slots_of(read_gpu_droplets(context.client), context.identity.fleet)
    counts = Counter(slot.pool for slot in slots)
    others = ", ".join(f"{pool} ({count})" for pool, count in sorted(counts.items())) or "none"
    print_remark(f"{context.pool} never had a slot; pools with slots: {others}")


def _print_refusal(context: PoolContext, findings: Findings) -> None:
    colour = wants_colour(sys.stderr)
    print_remark(text.findings(findings, Path.cwd(), colour=colour))
    print_remark(f"infra-apply: {context.pool} does not grow while this is so")


def _print_pool(stack: EnvironmentStack, context: PoolContext, pool: Pool) -> None:
    print_answer(f"{context.pool}: {plural(len(pool.slots), 'slot')}")
    if pool.slots:
        print_answer(
            "\n".join(status_text(Status(stack.name, {context.pool: pool}), context.clock()))
        )
        first = min((slot.deadline for slot in pool.slots if slot.deadline), default=None)
        if first:
            print_answer(f"the first ends at {time_text(first)} at the latest")


def _render(slots: Sequence[SlotSpec]) -> None:
    from infra_apply.render.slots import render_slots  # noqa: PLC0415 - takes a second to import

    render_slots(slots)
