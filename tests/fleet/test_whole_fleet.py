"""Whole fleets at random: whatever is written in them, each step gives an answer, and always one.

Names are few, so that they collide: a project is declared twice, is called as a host or as another
environment's instance, and depends on those that depend on it. A failure prints the fleet as a
value and a `@reproduce_failure` line; with `--hypothesis-seed=N` the whole run is repeated.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from infra_apply.diagnostics.model import Findings, Place
from infra_apply.diagnostics.report import github, sarif, text
from infra_apply.diagnostics.report import json as json_report
from infra_apply.fleet.check import check
from infra_apply.fleet.folders import Root
from infra_apply.fleet.load import load
from infra_apply.inputs.pulumi_project import find
from infra_apply.map.graph import build_graph, impact
from infra_apply.plan.company import read_company
from infra_apply.plan.json import as_json
from infra_apply.services_map.build import regenerate, services_map

PROJECTS = ("a", "b", "c", "a-dev", "A", "a_b", "a-b", "lime", "database", "", "a::b", "x" * 300)
OTHERS = ["pay", "nobody", ""]
HOSTS = ("lime", "basil", "fennel", "a", "a-dev", "nowhere")
FILES = (".infra.yaml", ".infra.yaml", ".infra.dev.yaml")
MESH = {
    "hosts": {
        "lime": {"kind": "digitalocean", "address": "100.64.0.11"},
        "basil": {"kind": "digitalocean"},
        "fennel": {"kind": "mac", "address": "fd00::31"},
        "a-dev": {"kind": "bare-metal"},
    },
    "services": {"old": {"project": "old"}},
}


@dataclass(frozen=True, slots=True)
class Company:
    """Manifests by `folder/file`, and the settings of each stack."""

    files: Mapping[str, str]
    stacks: Mapping[str, Mapping[str, Any]]


def rarely(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw None most of the time: the key is left out."""
    return st.none() | st.none() | strategy


def mapping(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a mapping without those keys whose value is None."""
    return st.fixed_dictionaries(values).map(
        lambda drawn: {key: value for key, value in drawn.items() if value is not None}
    )


NAMES = st.sampled_from(["a", "b", "doadmin", "defaultdb", "no/such"])
PORTS = st.sampled_from([80, 8080, 8081, 0, 70000])
GPU = {"mode": "on-demand", "droplet": "gpu-l40sx1-48gb"}
HOST_SETTINGS = mapping(
    size=rarely(st.sampled_from(["s-2vcpu-4gb", "gpu-l40sx1-48gb"])),
    tags=rarely(st.lists(st.sampled_from(["team:a", "no tag"]), max_size=1)),
    lookup=rarely(st.booleans()),
    adopt=rarely(st.just(7)),
    firewall=rarely(st.just("managed")),
)
STACKS = mapping(
    fleet=rarely(st.just("acme")),
    hosts=st.none() | st.dictionaries(st.sampled_from(HOSTS), HOST_SETTINGS, max_size=3),
    network=st.none()
    | mapping(
        ssh=rarely(st.just(["198.51.100.0/24"])),
        public=rarely(st.lists(st.sampled_from(PROJECTS), max_size=2)),
        mesh=rarely(st.just(["udp/51820"])),
    ),
    external=rarely(st.dictionaries(st.sampled_from(["pay", "a"]), st.just("https://x"))),
    gpu=rarely(
        mapping(
            profiles=rarely(
                st.dictionaries(st.just("big"), st.just({"size": "gpu-h100x1-80gb", "image": "w"}))
            ),
            pools=rarely(st.dictionaries(st.sampled_from(PROJECTS), st.just({"maxSlots": 2}))),
        )
    ),
    retired=rarely(st.dictionaries(st.sampled_from(HOSTS), st.just("keep"), max_size=1)),
)
ONE_STACK = {"prod": STACKS}


def of_anything(projects: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a manifest of any of the projects, with good and bad values of every key."""
    return mapping(
        apiVersion=st.just("infra/v1"),
        project=st.sampled_from(projects),
        provider=st.sampled_from(["digitalocean", "digitalocean", "mac", "bare-metal", "local"]),
        service=st.none()
        | mapping(
            host=st.none() | st.sampled_from(HOSTS),
            port=st.none() | PORTS,
            systemd_unit=rarely(st.sampled_from(["web", "web.service"])),
        ),
        database=rarely(mapping(cluster=st.sampled_from(["pg", "pg2"]), name=NAMES, user=NAMES)),
        gpu=rarely(
            mapping(
                mode=st.none() | st.just("on-demand"),
                droplet=st.sampled_from([None, "big", "gpu-l40sx1-48gb", "s-1vcpu-1gb"]),
            )
        ),
        depends_on=st.lists(st.sampled_from(projects), unique=True)
        | st.lists(st.sampled_from(projects + OTHERS), max_size=4),
    )


def without_errors(index: int, *, dev: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a manifest that can be planned beside the others; circles are only a warning."""
    project = f"p{index}"
    callable_projects = [f"p{other}" for other in range(6) if other != index]
    return mapping(
        apiVersion=st.just("infra/v1"),
        project=st.just(project),
        provider=st.just("digitalocean"),
        service=mapping(
            host=st.sampled_from([None, "basil" if dev else "lime"]), port=st.just(8000 + index)
        ),
        database=rarely(st.just({"cluster": "pg", "name": project, "user": project})),
        gpu=rarely(st.just(GPU)),
        depends_on=st.none() | st.lists(st.sampled_from(callable_projects), unique=True),
    )


@st.composite
def companies_without_errors(draw: st.DrawFn) -> Company:
    files = {
        f"f{index}/.infra.yaml": text_of(draw(without_errors(index, dev=False)), dev=False)
        for index in range(6)
    }
    if draw(st.booleans()):
        files["f0/.infra.dev.yaml"] = text_of(draw(without_errors(0, dev=True)), dev=True)
    return Company(files, draw(st.just({"dev": {}, "prod": {}}) | st.fixed_dictionaries(ONE_STACK)))


@st.composite
def companies_of_anything(draw: st.DrawFn) -> Company:
    manifests = of_anything(draw(st.lists(st.sampled_from(PROJECTS), min_size=2, max_size=3)))
    files: dict[str, str] = {}
    for index in range(draw(st.integers(2, 6))):
        name = draw(st.sampled_from(FILES))
        files[f"f{index}/{name}"] = text_of(draw(manifests), dev="dev" in name)
    if draw(st.booleans()):
        broken = draw(st.sampled_from(["x: [", "x: 1", "depends_on: 1"]))
        files["f9/.infra.yaml"] = text_of(draw(manifests), dev=False) + broken
    stacks = st.fixed_dictionaries(ONE_STACK) | st.fixed_dictionaries({**ONE_STACK, "dev": STACKS})
    return Company(files, draw(stacks))


def text_of(manifest: dict[str, Any], *, dev: bool) -> str:
    return yaml.safe_dump(manifest | ({"environment": "dev"} if dev else {}), sort_keys=False)


def write(company: Company, root: Path, folders: list[str]) -> Path:
    """Write a Pulumi project whose settings name the folders in the order given."""
    project = root / "company"
    for name, content in company.files.items():
        file = project / "projects" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    (project / "stacks").mkdir(parents=True)
    (project / "Pulumi.yaml").write_text("name: x\nruntime: python\nstackConfigDir: stacks\n")
    (project / "mesh-hosts.json").write_text(json.dumps(MESH))
    for stack, values in company.stacks.items():
        config = {f"infra-apply:{key}": value for key, value in values.items()}
        config["infra-apply:meshHosts"] = "mesh-hosts.json"
        config["infra-apply:projects"] = [f"projects/{folder}" for folder in folders]
        (project / "stacks" / f"Pulumi.{stack}.yaml").write_text(
            yaml.safe_dump({"config": config}, sort_keys=False)
        )
    return project


def answers(company: Company, folders: list[str]) -> dict[str, Any]:
    """Take the company through every step that only reads; returns all that comes out of it."""
    with tempfile.TemporaryDirectory() as temporary:
        project = write(company, Path(temporary), folders)
        whole = read_company(find(project))
        roots = [Root(f"projects/{name}", Place(name), literal=True) for name in folders]
        named = check(load(roots, project, project / "mesh-hosts.json"))
        alone = check(load(roots[:1], project, None)) if len(set(folders)) == 1 else Findings()
        graph = build_graph(whole.fleet)
        entries = services_map(whole.fleet)
        regenerated = regenerate((project / "mesh-hosts.json").read_bytes(), entries)
        return {
            "findings": reports(whole.findings, project),
            "named": reports(named, project),
            "alone": reports(alone, project),
            "plans": {name: as_json(plan) for name, plan in whole.plans.items()},
            "instances": {name: plan.instances for name, plan in whole.plans.items()},
            "nodes": [(node.id, node.url, node.host, node.port) for node in graph.nodes],
            "edges": graph.edges,
            "impact": [(part.node.id, part.steps) for part in impact(graph, [graph.nodes[0].id])],
            "services map": json.loads(regenerated.content),
            "errors": whole.findings.errors,
        }


def reports(findings: Findings, folder: Path) -> list[Any]:
    """Show findings in every form; JSON and SARIF are read back."""
    document = json.loads(json_report.findings(findings, folder))
    assert document["summary"]["errors"] == findings.errors
    assert len(document["diagnostics"]) == findings.errors + findings.warnings
    for diagnostic in document["diagnostics"]:
        assert not diagnostic["path"].startswith("/"), "paths are relative to the folder"
    runs = json.loads(sarif.findings(findings, folder))["runs"]
    lines = github.findings(findings, folder)
    return [document, runs, lines, text.findings(findings, folder)]


@settings(
    max_examples=100,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(companies_without_errors() | companies_of_anything(), st.integers(0, 1000))
def test_every_step_gives_an_answer_and_the_order_of_manifests_does_not_change_it(
    company: Company, seed: int
) -> None:
    folders = sorted({name.partition("/")[0] for name in company.files})
    first = answers(company, folders)
    event("with errors" if first["errors"] else "planned")
    random.Random(seed).shuffle(folders)  # noqa: S311 - an order, not a secret
    assert answers(company, folders) == first
