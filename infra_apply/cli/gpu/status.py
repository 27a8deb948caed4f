"""`infra-apply gpu status [PROJECT]`: DigitalOcean's list of slots beside the state."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from infra_apply import naming
from infra_apply.cli.gpu.pool_context import EnvironmentStack, connect, read_environment_stack
from infra_apply.digitalocean.client import Client
from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.digitalocean.read import read_gpu_droplets
from infra_apply.errors import Outage
from infra_apply.gpu.heartbeat import Heartbeat, read_heartbeat
from infra_apply.gpu.pool import PoolIdentity, Remembered, survey
from infra_apply.gpu.recognition import slots_of, suspects_of
from infra_apply.gpu.stack import Backend
from infra_apply.gpu.status import Status, as_json, text
from infra_apply.terminal.printing import print_answer, print_json, print_remark


def run(arguments: argparse.Namespace) -> int:
    """Print the slots of an environment; nothing is changed."""
    stack = read_environment_stack(arguments)
    with connect(arguments, stack) as connection:
        gpu_droplets = read_gpu_droplets(connection.client)
        try:
            remembered = _remembered(connection.backend, stack, arguments.project)
        except Outage as failure:  # the bill is worth knowing all the same
            print_remark(f"infra-apply: {failure}")
            remembered = None
        now = time.time()
        heartbeat = _heartbeat(connection.client, stack.fleet, now)
    status = _status(stack, arguments.project, gpu_droplets, remembered)
    status = replace(status, reaper=heartbeat)
    if arguments.format == "json":
        print_json(as_json(status, now))
    else:
        print_answer("\n".join(text(status, now)))
    return 0


def _heartbeat(client: Client, fleet: str, now: float) -> Heartbeat | None:
    try:
        return read_heartbeat(client, fleet, now)
    except Outage as failure:  # likewise
        print_remark(f"infra-apply: {failure}")
        return None


def _remembered(
    backend: Backend, stack: EnvironmentStack, project: str | None
) -> dict[str, Remembered]:
    """Return what the stacks of an environment's pools remember, by the pool's name."""
    remembered = {}
    for pool_stack in backend.stacks():
        environment_and_project = naming.pool_of_stack(pool_stack)
        if environment_and_project is None:
            continue
        environment, pool_project = environment_and_project
        if environment == stack.environment and project in {None, pool_project}:
            pool = naming.instance(pool_project, environment)
            remembered[pool] = backend.remembered(pool_stack)
    return remembered


def _status(
    stack: EnvironmentStack,
    project: str | None,
    gpu_droplets: Sequence[LiveDroplet],
    remembered: Mapping[str, Remembered] | None,
) -> Status:
    """Put account and state together."""
    asked = naming.instance(project, stack.environment) if project else None
    live = {
        slot.pool.lower(): slot.pool
        for slot in slots_of(gpu_droplets, stack.fleet)
        if slot.environment == stack.environment
    }
    states = remembered or {}
    names = live | {name.lower(): name for name in states}
    pools = {
        name: survey(
            PoolIdentity(stack.fleet, stack.environment, name),
            gpu_droplets,
            states.get(name) or Remembered(),
        )
        for name in sorted(names.values())
        if asked is None or asked.lower() == name.lower()
    }
    suspects = suspects_of(gpu_droplets, stack.fleet)
    return Status(stack.name, pools, state_read=remembered is not None, suspects=suspects)
