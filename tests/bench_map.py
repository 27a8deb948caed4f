"""How long the graph and the page of a large company take, and how large the page is.

`python -m tests.bench_map [PROJECTS]`
"""

from __future__ import annotations

import random
import sys
import time
from dataclasses import replace

from infra_apply.diagnostics.model import Findings
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Database, Gpu, Manifest, Provider, Service
from infra_apply.inputs.mesh import Host, Kind, Mesh
from infra_apply.inputs.settings import Settings
from infra_apply.map.graph import build_graph, impact
from infra_apply.map.model import Picture
from infra_apply.map.page.build import page
from infra_apply.services_map.build import services_map

_FIRST = (
    "ash",
    "birch",
    "cedar",
    "dill",
    "elder",
    "fennel",
    "ginger",
    "hazel",
    "iris",
    "juniper",
    "kale",
    "lime",
    "mint",
)
_SECOND = (
    "orders",
    "search",
    "mail",
    "stock",
    "users",
    "chat",
    "media",
    "billing",
    "maps",
    "notes",
    "feeds",
    "games",
    "ops",
)
_KINDS: dict[Kind, int] = {"digitalocean": 24, "mac": 4, "bare-metal": 4, "local": 2}


def company(projects: int, seed: int = 7) -> Fleet:
    """A made-up company: a fifth of its projects have a dev instance, most a database."""
    dice = random.Random(seed)  # noqa: S311 - nothing secret is made with it
    hosts = _hosts(projects)
    manifests: list[Manifest] = []
    for number in range(projects):
        name = f"{_FIRST[number % 13]}-{_SECOND[number // 13 % 13]}"
        name += f"-{number // 169}" if number >= 169 else ""
        manifest = _manifest(name, number, manifests, hosts, dice)
        manifests.append(manifest)
        if number % 5 == 0:
            manifests.append(_dev(manifest))
    settings = Settings(
        "prod", "prod", ("*",), "mesh-hosts.json", external={"payments": "https://pay.example.com"}
    )
    ordered = tuple(sorted(manifests, key=lambda manifest: manifest.instance))
    return Fleet(ordered, Mesh("mesh-hosts.json", hosts), None, (settings,))


def _hosts(projects: int) -> dict[str, Host]:
    found: dict[str, Host] = {}
    for kind, share in _KINDS.items():
        for number in range(max(1, share * projects // 200)):
            name = f"{kind.split('-')[0][:5]}-{number + 1:02}"
            found[name] = Host(name, kind, f"100.64.{len(found) // 250}.{len(found) % 250 + 1}")
    return found


def _manifest(
    name: str,
    number: int,
    earlier: list[Manifest],
    hosts: dict[str, Host],
    dice: random.Random,
) -> Manifest:
    kind: Provider = dice.choices(list(_KINDS), [16, 2, 2, 1])[0]
    host = dice.choice([host for host in hosts.values() if host.kind == kind])
    called = [manifest.project for manifest in earlier if manifest.environment == "prod"][-60:]
    cluster = dice.choice(["shared-pg", "shared-pg", "shared-mysql"])
    needs = set(dice.sample(called, min(len(called), dice.choice([0, 1, 1, 2, 3]))))
    return Manifest(
        name,
        "prod",
        kind,
        database=Database(cluster, name.replace("-", "_"), name) if dice.random() < 0.6 else None,
        service=Service(host.name, "python", 8000 + number, f"{name}.service"),
        gpu=Gpu("on-demand", "gpu-l40sx1-48gb") if number % 40 == 9 else None,
        depends_on=tuple(sorted(needs | ({"payments"} if number % 25 == 3 else set()))),
    )


def _dev(manifest: Manifest) -> Manifest:
    port = (manifest.service.port or 0) + 20_000 if manifest.service else None
    return replace(
        manifest,
        environment="dev",
        provider="mac",
        database=None,
        gpu=None,
        service=Service("mac-01", "python", port),
    )


def main() -> None:
    """Print one line a measurement: the best of three."""
    projects = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    fleet = company(projects)
    seconds: dict[str, float] = {}
    for _ in range(3):
        start = time.perf_counter()
        drawn = build_graph(fleet)
        _note(seconds, "graph", start)
        start = time.perf_counter()
        services_map(fleet)
        _note(seconds, "services map", start)
        start = time.perf_counter()
        made = page(Picture("acme", drawn, Findings()))
        _note(seconds, "page", start)
        start = time.perf_counter()
        for host in drawn.of("host"):
            impact(drawn, [host.id])
        _note(seconds, "impact of every host", start)
    report = [f"{projects} projects: {len(drawn.nodes)} nodes, {len(drawn.edges)} edges"]
    report += [f"  {what}: {took * 1000:.0f} ms" for what, took in seconds.items()]
    report.append(f"  page: {len(made.encode()) / 1024:.0f} KiB")
    sys.stdout.write("\n".join(report) + "\n")


def _note(seconds: dict[str, float], what: str, start: float) -> None:
    took = time.perf_counter() - start
    seconds[what] = min(took, seconds.get(what, took))


if __name__ == "__main__":
    main()
