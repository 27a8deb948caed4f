"""The fleet as a graph, and what breaks when a part of it goes away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest, Service
from infra_apply.map.graph import Edge, build_graph, find_nodes, impact, node_names
from tests.companies import SETTINGS, database, fleet, gpu, service
from tests.services_map.test_build import fleets

SHOP = service("shop", depends_on=("catalog", "payments"), database=database("shop"))
CATALOG = service("catalog", port=8081, host="basil")
WIKI = service("wiki", port=8082, depends_on=("shop",))
WITH_PAYMENTS = replace(SETTINGS, external={"payments": "https://pay.example.com"})
COMPANY = fleet(SHOP, CATALOG, WIKI, settings=WITH_PAYMENTS)


def affected(gone: str, *manifests: Manifest) -> list[tuple[str, int]]:
    drawn = build_graph(fleet(*manifests) if manifests else COMPANY)
    found = impact(drawn, [node.id for node in find_nodes(drawn, gone)])
    return [(part.node.id, part.steps) for part in found]


def test_a_service_needs_its_host_its_database_and_whom_it_calls() -> None:
    drawn = build_graph(COMPANY)
    assert drawn.needs["service:prod/shop"] == (
        Edge("service:prod/shop", "database:shared-pg/shop", "stores_in"),
        Edge("service:prod/shop", "external:payments", "depends_on"),
        Edge("service:prod/shop", "host:lime", "runs_on"),
        Edge("service:prod/shop", "service:prod/catalog", "depends_on"),
    )
    assert [edge.source for edge in drawn.needed_by["cluster:shared-pg"]] == [
        "database:shared-pg/shop"
    ]
    assert drawn.by_id["external:payments"].detail == "https://pay.example.com"


def test_hosts_without_services_are_there_too() -> None:
    hosts = {node.name: node.lane for node in build_graph(COMPANY).of("host")}
    assert hosts == {"basil": "digitalocean", "fennel": "mac", "lime": "digitalocean"}


def test_a_droplet_of_its_own_is_known_and_a_host_the_mesh_lacks_is_not() -> None:
    drawn = build_graph(fleet(service("job", host=None), service("shop", host="lmie")))
    assert drawn.by_id["host:job"].known
    assert not drawn.by_id["host:lmie"].known


def test_a_dependency_nobody_declares_is_there_as_unknown() -> None:
    node = build_graph(fleet(service("shop", depends_on=("ctalog",)))).by_id["external:ctalog"]
    assert (node.known, node.detail) == (False, "nobody declares it")


def test_an_address_that_holds_a_password_is_not_shown() -> None:
    settings = replace(SETTINGS, external={"pay": "https://ann:geheim@pay.example.com"})
    node = build_graph(fleet(SHOP, settings=settings)).by_id["external:pay"]
    assert node.detail == "(not shown)"


def test_a_pool_is_what_its_instance_runs_on() -> None:
    drawn = build_graph(fleet(service("whisper", service=None, gpu=gpu())))
    assert drawn.needs["service:prod/whisper"] == (
        Edge("service:prod/whisper", "pool:prod/whisper", "runs_on"),
    )


@pytest.mark.parametrize(
    ("gone", "found"),
    [
        (
            "basil",
            [("service:prod/catalog", 1), ("service:prod/shop", 2), ("service:prod/wiki", 3)],
        ),
        ("lime", [("service:prod/shop", 1), ("service:prod/wiki", 1)]),
        ("catalog", [("service:prod/shop", 1), ("service:prod/wiki", 2)]),
        (
            "shared-pg",
            [("database:shared-pg/shop", 1), ("service:prod/shop", 2), ("service:prod/wiki", 3)],
        ),
        ("payments", [("service:prod/shop", 1), ("service:prod/wiki", 2)]),
        ("fennel", []),
        ("host:lime", [("service:prod/shop", 1), ("service:prod/wiki", 1)]),
        ("project:wiki", []),
    ],
)
def test_what_breaks_is_found_through_every_step(gone: str, found: list[tuple[str, int]]) -> None:
    assert affected(gone) == found


def test_a_cycle_ends() -> None:
    first = service("one", depends_on=("two",))
    second = service("two", port=1, host="basil", depends_on=("one",))
    assert affected("two", first, second) == [("service:prod/one", 1)]


def test_a_project_is_its_services_and_not_the_database_of_its_name() -> None:
    dev = replace(service("shop", port=9), environment="dev")
    drawn = build_graph(fleet(SHOP, dev, CATALOG))
    assert [node.id for node in find_nodes(drawn, "shop")] == [
        "service:dev/shop",
        "service:prod/shop",
    ]
    assert [node.id for node in find_nodes(drawn, "shop-dev")] == ["service:dev/shop"]
    assert [node.id for node in find_nodes(drawn, "database:shop")] == ["database:shared-pg/shop"]
    assert list(find_nodes(drawn, "project:shop")) == list(find_nodes(drawn, "shop"))


def test_nothing_is_found_by_a_name_nobody_has() -> None:
    assert find_nodes(build_graph(COMPANY), "lmie") == ()


@given(fleets())
def test_every_instance_is_one_service_and_every_edge_ends_at_nodes(company: Fleet) -> None:
    drawn = build_graph(company)
    instances = sorted(manifest.instance for manifest in company.manifests)
    services = sorted((node.project, node.environment) for node in drawn.of("service"))
    assert services == instances
    assert {edge.source for edge in drawn.edges} <= drawn.by_id.keys()
    assert {edge.target for edge in drawn.edges} <= drawn.by_id.keys()
    assert len(drawn.by_id) == len(drawn.nodes)


@given(fleets(), st.data())
def test_impact_is_everyone_who_reaches_what_goes_away(company: Fleet, data: st.DataObject) -> None:
    drawn = build_graph(company)
    gone = data.draw(st.sampled_from(drawn.nodes)).id

    def reaches(start: str) -> bool:
        seen, ahead = set(), [start]
        while ahead:
            here = ahead.pop()
            for edge in drawn.needs.get(here, ()):
                if edge.target == gone:
                    return True
                if edge.target not in seen:
                    seen.add(edge.target)
                    ahead.append(edge.target)
        return False

    found = [part.node.id for part in impact(drawn, [gone])]
    assert sorted(found) == sorted(
        node.id for node in drawn.nodes if node.id != gone and reaches(node.id)
    )


@given(fleets())
def test_every_name_that_is_suggested_is_found(company: Fleet) -> None:
    drawn = build_graph(company)
    assert all(find_nodes(drawn, name) for name in node_names(drawn))


def test_an_instance_without_a_service_does_not_serve() -> None:
    drawn = build_graph(
        fleet(service("job", service=None), service("shop", service=Service("lime")))
    )
    assert [node.name for node in drawn.nodes if node.serves] == ["shop"]
