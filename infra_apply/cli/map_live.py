"""What `map --live` looks at: the account, and whether services' ports answer."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from infra_apply.cli.common.account import client_of
from infra_apply.digitalocean.client import Client
from infra_apply.digitalocean.model import Account
from infra_apply.digitalocean.read import (
    read_clusters,
    read_databases,
    read_droplets,
    read_gpu_droplets,
)
from infra_apply.errors import Outage
from infra_apply.inputs.mesh import Mesh
from infra_apply.map.graph import Graph
from infra_apply.map.live_status import live_statuses, strays
from infra_apply.map.model import Picture
from infra_apply.map.probe import Answer, Target, probe_ports
from infra_apply.plan.company import Company
from infra_apply.terminal.layout import StatusLine


@dataclass(frozen=True, slots=True)
class LivePicture:
    """The picture with what is real in it; `complete` is False if the account did not answer."""

    picture: Picture
    complete: bool


def look(arguments: argparse.Namespace, company: Company, drawn: Picture) -> LivePicture:
    """Look at the account and the ports. What cannot be known is unknown, and said on stderr."""
    live, complete = _account(arguments, drawn.graph)
    answers = _answers(drawn.graph, company.fleet.mesh, arguments.timeout)
    now = time.time()
    fleets = {settings.fleet for settings in company.stacks.values()}
    plans = company.plans.values()
    statuses = live_statuses(drawn.graph, plans, live, answers, now, fleets=fleets)
    picture = replace(
        drawn,
        live_statuses=statuses,
        strays=strays(drawn.graph, live, now, fleets=fleets) if live else (),
        as_of=f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC",
    )
    return LivePicture(picture, complete)


def _account(arguments: argparse.Namespace, drawn: Graph) -> tuple[Account | None, bool]:
    status_line = StatusLine(sys.stderr)
    with client_of(arguments) as client:
        if client is None:
            status_line.say("no DigitalOcean token: only whether ports answer is known")
            return None, True
        status_line.show("reading the account")
        try:
            return _read(client, {node.name for node in drawn.of("cluster")}), True
        except Outage as outage:
            status_line.say(f"{outage}\n  so what the account holds is shown as unknown")
            return None, False
        finally:
            status_line.clear()


def _read(client: Client, cluster_names: Container[str]) -> Account:
    """Read the droplets and the databases of the clusters named. Raises Outage."""
    clusters = read_clusters(client)
    return Account(
        droplets=tuple(read_droplets(client)),
        gpu_droplets=tuple(read_gpu_droplets(client)),
        databases={
            name: read_databases(client, cluster)
            for name, cluster in clusters.items()
            if name in cluster_names
        },
    )


def _answers(drawn: Graph, mesh: Mesh | None, timeout: float) -> dict[str, Answer]:
    """Ask every service that has a port where its dependents would: at its URL.

    Its manifest chooses host and port, so it is only asked on a host of the mesh, at one of the
    addresses that mesh-hosts.json lists: no manifest makes this machine knock anywhere else.
    """
    hosts = mesh.hosts if mesh else {}
    answers: dict[str, Answer] = {}
    targets: dict[str, Target] = {}
    for node in drawn.of("service"):
        if node.url and (target := _target(node.url)):
            if node.host in hosts:
                targets[node.id] = target
            else:
                answers[node.id] = "elsewhere"
    status_line = StatusLine(sys.stderr)
    status_line.show(f"asking {len(set(targets.values()))} ports")
    try:
        by_target = probe_ports(
            targets.values(),
            addresses=[host.address for host in hosts.values() if host.address],
            timeout=timeout,
            on_answer=lambda done, total: status_line.show(f"asked {done} of {total} ports"),
        )
    finally:
        status_line.clear()
    return answers | {node_id: by_target[target] for node_id, target in targets.items()}


def _target(url: str) -> Target | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # a port that is none; its rule has said so
        return None
    return (parts.hostname, port) if parts.hostname and port else None
