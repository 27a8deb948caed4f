"""The same picture as text, Mermaid and JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from infra_apply.diagnostics.model import Diagnostic, Findings, Place
from infra_apply.fleet.rules.table import CODES
from infra_apply.inputs.document import Document
from infra_apply.inputs.manifest import Manifest
from infra_apply.map.graph import build_graph, find_nodes, impact
from infra_apply.map.json import as_json, impact_json
from infra_apply.map.live_status import LiveStatus
from infra_apply.map.mermaid import mermaid
from infra_apply.map.model import Picture
from infra_apply.map.text import impact_lines, tree
from tests.companies import SETTINGS, database, fleet, gpu, service

SHOP = service(
    "shop",
    depends_on=("catalog", "payments"),
    database=database("shop"),
    document=Document("/company/shop/.infra.yaml", b""),
)
MAC = Manifest("notes", "dev", "mac", service=service("notes", host="fennel", port=1).service)
COMPANY = fleet(
    SHOP,
    MAC,
    service("catalog", host="basil", port=8081),
    service("whisper", service=None, gpu=gpu()),
    settings=replace(SETTINGS, external={"payments": "https://pay.example.com"}),
)
WARNING = Diagnostic(CODES["IA306"], Place("/company/shop/.infra.yaml", 3, 1), "odd")
PICTURE = Picture("acme", build_graph(COMPANY), Findings((WARNING,)), "/company")


def test_the_tree_has_lanes_hosts_services_stores_pools_and_what_is_outside() -> None:
    assert (
        "\n".join(tree(PICTURE))
        == """\
acme: 3 hosts, 3 services, 1 database, 1 GPU pool

DigitalOcean
  basil
    catalog  :8081
  lime  100.64.0.11
    shop  :8080   needs payments, catalog; stores in shared-pg/shop  (1 finding)
  (no host named)
    whisper

Macs
  fennel  100.64.0.31
    notes-dev  :1

Databases, on shared clusters
  shared-pg
    shop  user shop  for shop

GPU pools, empty until work waits
  whisper-gpu  gpu-l40sx1-48gb  for whisper

Outside
  payments  https://pay.example.com  for shop"""
    )


def test_what_is_real_stands_beside_what_is_declared() -> None:
    looked = replace(
        PICTURE,
        live_statuses={
            "host:lime": LiveStatus("drift", "active, 203.0.113.5", ("size is a, declared b",)),
            "service:prod/shop": LiveStatus("bad", "refuses connections"),
        },
        as_of="2026-01-15 10:00 UTC",
    )
    plain, coloured = list(tree(looked)), list(tree(looked, colour=True))
    at = next(number for number, line in enumerate(plain) if "lime" in line)
    assert plain[at] == (
        "  lime  [~ active, 203.0.113.5]  100.64.0.11\n      - size is a, declared b"
    )
    assert plain[at + 1].startswith("    shop  [! refuses connections]  :8080")
    assert "\x1b[1;31m[! refuses connections]\x1b[0m" in coloured[at + 1]
    assert plain[0].endswith(", as of 2026-01-15 10:00 UTC")


@pytest.mark.parametrize(
    ("gone", "lines"),
    [
        (
            "basil",
            [
                "if host basil goes away, 2 services no longer work",
                "  catalog  service on basil, runs on basil",
                "    shop     service on lime, needs catalog",
            ],
        ),
        (
            "fennel",
            [
                "if host fennel goes away, 1 service no longer works",
                "  notes-dev  service on fennel, runs on fennel",
            ],
        ),
        ("shop", ["if service shop goes away, nothing else is affected"]),
    ],
)
def test_impact_says_who_and_through_what(gone: str, lines: list[str]) -> None:
    nodes = find_nodes(PICTURE.graph, gone)
    found = impact(PICTURE.graph, [node.id for node in nodes])
    assert list(impact_lines(PICTURE.graph, nodes, found)) == lines


def test_impact_as_json_names_the_way() -> None:
    nodes = find_nodes(PICTURE.graph, "catalog")
    made = impact_json("catalog", nodes, impact(PICTURE.graph, [nodes[0].id]))
    assert made["gone"] == ["service:prod/catalog"]
    assert made["affected"] == [
        {
            "id": "service:prod/shop",
            "kind": "service",
            "name": "shop",
            "project": "shop",
            "environment": "prod",
            "steps": 1,
            "through": {
                "source": "service:prod/shop",
                "target": "service:prod/catalog",
                "relation": "depends_on",
            },
        }
    ]


def test_json_leaves_absent_facts_out_and_shortens_paths() -> None:
    made = json.loads(json.dumps(as_json(PICTURE)))
    nodes = {node["id"]: node for node in made["nodes"]}
    assert nodes["host:basil"] == {
        "id": "host:basil",
        "kind": "host",
        "name": "basil",
        "lane": "digitalocean",
    }
    assert nodes["service:prod/shop"]["manifest"] == "shop/.infra.yaml"
    assert made["findings"][0]["path"] == "shop/.infra.yaml"
    assert {edge["relation"] for edge in made["edges"]} == {"depends_on", "runs_on", "stores_in"}


def test_mermaid_boxes_hosts_and_escapes_what_it_would_read_as_its_own() -> None:
    odd = fleet(service('a"]; click #x <b>', depends_on=("catalog",)), service("catalog", port=1))
    lines = list(mermaid(build_graph(odd)))
    assert lines[0] == "flowchart LR"
    assert '    n3["a#quot;]; click #35;x #lt;b#gt; :8080"]' in lines
    assert "  n3 --> n4" in lines
    assert [line for line in lines if line.startswith("  subgraph")] == ['  subgraph n2["lime"]']


def test_drawing_does_not_depend_on_where_the_program_runs(tmp_path: Path) -> None:
    elsewhere = replace(PICTURE, folder=str(tmp_path))
    assert list(tree(elsewhere)) == list(tree(PICTURE))


def test_no_name_steers_a_terminal() -> None:
    odd = build_graph(fleet(service("a\x1b[2J\x9b", host="b\x1b[2J", depends_on=("c\x1b[2J",))))
    affected = impact(odd, [node.id for node in odd.of("host")])
    picture = Picture("acme\x1b[2J", odd)
    lines = [*tree(picture), *mermaid(odd), *impact_lines(odd, list(odd.of("host")), affected)]
    assert any("\\x1b[2J" in line for line in lines)
    assert all(line.isprintable() for line in lines)
