"""`infra-apply gpu status [PROJECT]`: DigitalOcean's list of slots beside the state."""

from __future__ import annotations

import argparse
import json
import sys
import time

from infra_apply import naming
from infra_apply.cli.gpu_site import Environment, environment_of, outside
from infra_apply.digitalocean.live import LiveDroplet, read_gpu_droplets
from infra_apply.errors import Outage
from infra_apply.gpu.pool import Remembered, survey
from infra_apply.gpu.slot import slots_of
from infra_apply.gpu.stack import Backend
from infra_apply.gpu.status import Status, as_json, text


def run(arguments: argparse.Namespace) -> int:
    """Print the slots of an environment; nothing is changed."""
    environment = environment_of(arguments)
    with outside(arguments, environment) as found:
        gpus = read_gpu_droplets(found.client)
        try:
            remembered = _remembered(found.backend, environment, arguments.project)
        except Outage as failure:  # the bill is worth knowing all the same
            print(f"infra-apply: {failure}", file=sys.stderr)
            remembered = None
    status = _status(environment, arguments.project, gpus, remembered)
    now = time.time()
    if arguments.format == "json":
        print(json.dumps(as_json(status, now), indent=2, ensure_ascii=False))
    else:
        print("\n".join(text(status, now)))
    return 0


def _remembered(
    backend: Backend, environment: Environment, project: str | None
) -> dict[str, Remembered]:
    """Return what the stacks of an environment's pools remember, by the pool's name."""
    found = {}
    for stack in backend.stacks():
        pool = naming.pool_of_stack(stack)
        if pool and pool[0] == environment.name and project in {None, pool[1]}:
            found[naming.instance(pool[1], pool[0])] = backend.remembered(stack)
    return found


def _status(
    environment: Environment,
    project: str | None,
    gpus: list[LiveDroplet],
    remembered: dict[str, Remembered] | None,
) -> Status:
    """Put together what was found; a slot of an owner that is not known is shown, too."""
    asked = naming.instance(project, environment.name) if project else None
    live = {
        slot.pool
        for slot in slots_of(gpus)
        if environment.owner is None or slot.owner in {None, environment.owner}
    }
    names = [name for name in sorted({*live, *(remembered or {})}) if asked in {None, name}]
    pools = {
        name: survey(name, environment.owner, gpus, (remembered or {}).get(name) or Remembered())
        for name in names
    }
    return Status(environment.stack, pools, state_read=remembered is not None)
