"""The whole graph with Pulumi's mocks: names, tags, secrets, parents, protection."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal
from unittest.mock import Mock
from urllib.parse import unquote, urlsplit

import pulumi
import pulumi_digitalocean as digitalocean
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.apply.verdict import judge
from infra_apply.digitalocean.model import Account, Cluster
from infra_apply.engine.events import EngineMessage
from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.settings import (
    ClusterSettings,
    Droplet,
    HostSettings,
    Network,
    PoolLimits,
    Settings,
)
from infra_apply.plan.build import build
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.model import Retirement
from infra_apply.reconcile.state import State
from infra_apply.render.cluster import SharedCluster
from infra_apply.render.database import variables
from infra_apply.render.stack import render
from tests.companies import SETTINGS, database, fleet, gpu, service
from tests.reconcile.worlds import SIZES, database_state, host_state
from tests.render.graph import Graph, graph

CLUSTER = Cluster("c-1", "shared-pg", "pg", "pg.example.com", 25060, ssl=True)
ACCOUNT = Account({"shared-pg": CLUSTER}, {"ops": 7}, {"office": "vpc-1"}, sizes=SIZES)


MANAGED = replace(SETTINGS, network=Network(ssh=()))


def rendered(*manifests: Manifest, settings: Settings = SETTINGS, **user_data: str) -> Graph:
    whole = replace(fleet(*manifests, settings=settings), user_data=user_data)
    decisions, problems = reconcile(build(whole, settings), ACCOUNT, State())
    assert decisions is not None, problems
    return graph(lambda: render(decisions), ACCOUNT.clusters.values())


def test_one_host_is_one_droplet_below_its_component() -> None:
    found = rendered(service("shop"), service("wiki", port=8081))
    (host,), (droplet,) = found.of("Host"), found.of("Droplet")
    assert (host.name, droplet.name, droplet.inputs["name"]) == ("lime", "lime", "lime")
    assert droplet.parent == host.urn
    assert droplet.inputs["tags"] == [
        "env:prod",
        "infra-apply-host:acme:lime",
        "infra-apply:acme:prod",
        "project:shop",
        "project:wiki",
    ]


def test_a_droplet_is_protected_retained_and_not_replaced_for_what_is_never_read_back() -> None:
    (droplet,) = rendered(service("shop")).of("Droplet")
    assert (droplet.protect, droplet.retain_on_delete) == (True, True)
    assert droplet.ignore_changes == ("image", "sshKeys", "userData", "monitoring")


def test_protection_of_a_host_can_be_lifted() -> None:
    settings = replace(SETTINGS, hosts={"lime": HostSettings(protect=False)})
    (droplet,) = rendered(service("shop"), settings=settings).of("Droplet")
    assert droplet.protect is False
    assert droplet.retain_on_delete is True


def test_names_of_keys_and_networks_are_rendered_as_ids() -> None:
    settings = replace(SETTINGS, droplet=Droplet(ssh_keys=("ops",), vpc="office", backups=True))
    (droplet,) = rendered(service("shop"), settings=settings).of("Droplet")
    assert droplet.inputs["sshKeys"] == ["7"]
    assert droplet.inputs["vpcUuid"] == "vpc-1"
    assert droplet.inputs["backups"] is True


def test_user_data_is_a_secret() -> None:
    settings = replace(SETTINGS, droplet=Droplet(user_data_file="boot.sh"))
    found = rendered(service("shop"), settings=settings, **{"boot.sh": "#!/bin/sh\n"})
    assert found.of("Droplet")[0].inputs["userData"] == ("secret", "#!/bin/sh\n")


def test_a_database_is_a_logical_database_and_a_user_of_its_own_on_the_looked_up_cluster() -> None:
    found = rendered(service("shop", database=database("shop_db")))
    (component,), (made,), (user,) = (
        found.of(kind) for kind in ("Database", "DatabaseDb", "DatabaseUser")
    )
    assert made.inputs == {"clusterId": "c-1", "name": "shop_db"}
    assert user.inputs == {"clusterId": "c-1", "name": "shop_db"}
    # The names come from the instance, so that a renamed database is seen and not replaced.
    assert (component.name, made.name, user.name) == ("shop", "shop", "shop")
    assert made.parent == user.parent == component.urn
    assert made.protect and made.retain_on_delete and user.protect and user.retain_on_delete


def test_components_claim_what_they_stand_for_so_that_the_next_run_can_read_it() -> None:
    claimed = rendered(
        service("shop", database=database("shop")), service("wiki", "basil", depends_on=("shop",))
    )
    _, lime = claimed.of("Host")
    assert (lime.inputs["host"], lime.inputs["services"]) == ("lime", {"shop": ["wiki"]})
    assert lime.inputs["tags"] == claimed.of("Droplet")[1].inputs["tags"]
    (claim,) = claimed.of("Database")
    assert claim.inputs == {
        "cluster": "shared-pg",
        "clusterId": "c-1",
        "name": "shop",
        "user": "shop",
    }


def test_a_database_is_made_after_its_user() -> None:
    made = rendered(service("shop", database=database("shop")))
    (user,), (logical,) = made.of("DatabaseUser"), made.of("DatabaseDb")
    assert user.urn in logical.depends_on


def rendered_logins(*logins: str, has_second: bool = True) -> Graph:
    wanted = build(fleet(service("shop", database=database("shop")), settings=MANAGED), MANAGED)
    decisions, problems = reconcile(wanted, ACCOUNT, State())
    assert decisions is not None, problems
    (held,) = decisions.databases
    turning = replace(held, logins=logins, has_second=has_second)
    return graph(
        lambda: render(replace(decisions, databases=(turning,))), ACCOUNT.clusters.values()
    )


@pytest.mark.parametrize(
    ("logins", "claimed"),
    [
        (("shop",), None),
        (("shop_2", "shop"), ["shop_2", "shop"]),
        (("shop_2",), ["shop_2"]),
        (("shop", "shop_2"), ["shop", "shop_2"]),
    ],
)
def test_the_login_that_is_given_out_is_in_the_outputs_and_the_open_ones_in_the_grants(
    logins: tuple[str, ...], claimed: list[str] | None
) -> None:
    turning = rendered_logins(*logins)
    known = turning.outputs["instances"]["shop"]["env"][1]
    assert known["DATABASE_USER"] == urlsplit(known["DATABASE_URL"]).username == logins[0]
    (component,), (grants,) = turning.of("Database"), turning.of("Grants")
    assert grants.inputs["users"] == list(logins)
    assert component.inputs.get("logins") == claimed


def test_a_second_user_stands_below_the_database_under_a_name_that_no_project_has() -> None:
    turning = rendered_logins("shop")
    (component,), (logical,), (grants,) = (
        turning.of(kind) for kind in ("Database", "DatabaseDb", "Grants")
    )
    user, second = turning.of("DatabaseUser")
    assert (user.name, second.name, second.inputs["name"]) == ("shop", "shop#2", "shop_2")
    assert second.parent == component.urn
    assert second.protect and second.retain_on_delete
    assert {user.urn, logical.urn} <= set(second.depends_on)
    assert {user.urn, second.urn, logical.urn} <= set(grants.depends_on)


def test_a_second_user_is_rendered_only_where_there_is_to_be_one() -> None:
    assert len(rendered_logins("shop", has_second=False).of("DatabaseUser")) == 1


def test_what_the_state_lacks_is_imported_and_nothing_else() -> None:
    wanted = build(fleet(service("shop", database=database("shop")), settings=MANAGED), MANAGED)
    decisions, problems = reconcile(wanted, ACCOUNT, State())
    assert decisions is not None, problems
    (host,), (held,) = decisions.hosts, decisions.databases
    taken = replace(
        decisions,
        hosts=(replace(host, import_id="7"),),
        databases=(replace(held, import_user="c-1,shop", import_database="c-1,shop"),),
        import_firewalls={"acme-lime": "fw-1"},
    )
    imported = {
        resource.type.rpartition(":")[2]: resource.import_id
        for resource in graph(lambda: render(taken), ACCOUNT.clusters.values()).resources
        if resource.import_id
    }
    assert imported == {
        "Droplet": "7",
        "Firewall": "fw-1",
        "DatabaseUser": "c-1,shop",
        "DatabaseDb": "c-1,shop",
    }
    assert not any(
        resource.import_id
        for resource in graph(lambda: render(decisions), ACCOUNT.clusters.values()).resources
    )


@pytest.mark.parametrize("fate", ["keep", "destroy"])
def test_what_is_retired_is_rendered_as_the_state_has_it_and_without_protection(
    fate: Literal["keep", "destroy"],
) -> None:
    decisions, _ = reconcile(build(fleet(), SETTINGS), ACCOUNT, State())
    assert decisions is not None
    lost, *children = database_state()
    host, *machine = host_state(7)
    gone = replace(
        decisions,
        retirements=(
            Retirement(lost, tuple(children), fate),
            Retirement(host, tuple(machine), fate),
        ),
    )
    registered = graph(lambda: render(gone))
    assert [parent.inputs for parent in registered.of("Host")] == [dict(host.inputs)]
    resources = [
        registered.of(kind)[0] for kind in ("Droplet", "Firewall", "DatabaseDb", "DatabaseUser")
    ]
    assert {(held.protect, held.retain_on_delete) for held in resources} == {
        (False, fate == "keep")
    }
    assert [held.ignore_changes for held in resources] == [
        ("*",),
        ("*",),
        ("clusterId", "name"),
        ("clusterId", "name"),
    ]


def test_both_users_of_a_retired_database_are_rendered_as_the_state_has_them() -> None:
    decisions, _ = reconcile(build(fleet(), SETTINGS), ACCOUNT, State())
    assert decisions is not None
    component, *children = database_state(second="shop_2", logins=("shop_2",))
    gone = replace(decisions, retirements=(Retirement(component, tuple(children), "keep"),))
    registered = graph(lambda: render(gone))
    assert [user.name for user in registered.of("DatabaseUser")] == ["shop", "shop#2"]
    assert registered.of("Database")[0].inputs["logins"] == ["shop_2"]


def test_no_cluster_and_no_cluster_firewall_is_ever_owned() -> None:
    found = rendered(service("shop", database=database("shop")))
    assert found.of("DatabaseCluster") == found.of("DatabaseFirewall") == []


def test_a_firewall_attaches_by_a_tag_that_is_made_before_it_and_both_before_the_droplet() -> None:
    settings = replace(SETTINGS, network=Network(ssh=("198.51.100.0/24",)))
    found = rendered(
        service("shop", depends_on=("wiki",)), service("wiki", host="basil"), settings=settings
    )
    basil, lime = found.of("Firewall")
    assert [tag.name for tag in found.of("Tag")] == [
        "infra-apply-host:acme:basil",
        "infra-apply-host:acme:lime",
    ]
    assert basil.inputs["tags"] == ["infra-apply-host:acme:basil"]
    assert basil.inputs["inboundRules"] == [
        {"protocol": "tcp", "portRange": "22", "sourceAddresses": ["198.51.100.0/24"]},
        {"protocol": "tcp", "portRange": "8080", "sourceTags": ["infra-apply-host:acme:lime"]},
    ]
    assert {rule["protocol"] for rule in lime.inputs["outboundRules"]} == {"icmp", "tcp", "udp"}
    assert {tag.urn for tag in found.of("Tag")} <= set(basil.depends_on)
    droplet = found.of("Droplet")[0]
    assert basil.urn in droplet.depends_on


def test_a_tag_another_stack_may_use_is_kept() -> None:
    settings = replace(SETTINGS, network=Network(ssh=()))
    assert all(
        tag.retain_on_delete for tag in rendered(service("shop"), settings=settings).of("Tag")
    )


def test_a_pool_shows_its_limits_and_has_no_droplet() -> None:
    settings = replace(SETTINGS, gpu_pools={"upscale": PoolLimits(max_slots=3)})
    found = rendered(service("upscale", service=None, gpu=gpu()), settings=settings)
    (pool,) = found.of("Pool")
    assert pool.inputs == {"sizes": ["gpu-l40sx1-48gb"], "regions": [], "maxSlots": 3}
    assert found.of("Droplet") == []


def test_a_host_that_is_looked_up_gets_nothing() -> None:
    settings = replace(SETTINGS, hosts={"lime": HostSettings(lookup=True)})
    found = rendered(service("shop"), settings=settings)
    assert found.of("Host") == found.of("Droplet") == []


def test_what_an_instance_needs_to_know_is_one_secret() -> None:
    found = rendered(
        service("shop", database=database("shop"), depends_on=("wiki",)),
        service("wiki", port=8081),
    )
    assert found.outputs["instances"]["shop"] == {
        "environment": "prod",
        "place": {"provider": "digitalocean", "host": "lime", "url": "http://100.64.0.11:8080"},
        "env": (
            "secret",
            {
                "DATABASE_URL": "postgresql://shop:p%40ss%2Fword@pg.example.com:25060/shop"
                "?sslmode=require",
                "DATABASE_HOST": "pg.example.com",
                "DATABASE_PORT": "25060",
                "DATABASE_NAME": "shop",
                "DATABASE_USER": "shop",
                "DATABASE_PASSWORD": "p@ss/word",
                "DATABASE_SSLMODE": "require",
                "WIKI_URL": "http://100.64.0.11:8081",
            },
        ),
    }


def test_hosts_and_pools_are_outputs() -> None:
    found = rendered(service("shop"), service("upscale", service=None, gpu=gpu()))
    assert found.outputs["hosts"] == {"lime": {"public": "203.0.113.9", "private": "10.0.0.9"}}
    assert found.outputs["pools"] == {"upscale": {"sizes": ["gpu-l40sx1-48gb"], "max_slots": 1}}


SHARED = SharedCluster("c-1", "pg", "pg.example.com", "in.example.com", 25060, True, "vpc-1")


@pytest.mark.parametrize(
    ("engine", "ssl", "url", "mode"),
    [
        ("pg", True, "postgresql://u:p@pg.example.com:25060/n?sslmode=require", "require"),
        ("pg", False, "postgresql://u:p@pg.example.com:25060/n", None),
        ("mysql", True, "mysql://u:p@pg.example.com:25060/n?ssl-mode=REQUIRED", "REQUIRED"),
        ("mongodb", True, "mongodb+srv://u:p@pg.example.com:25060/n?tls=true", None),
    ],
)
def test_a_database_url_is_written_as_its_engine_does(
    engine: str, ssl: bool, url: str, mode: str | None
) -> None:
    known = variables(replace(SHARED, engine=engine, ssl=ssl), "n", "u", "p")
    assert (known["DATABASE_URL"], known.get("DATABASE_SSLMODE")) == (url, mode)


@given(st.text(), st.text(min_size=1), st.text(min_size=1))
def test_a_url_gives_back_what_it_was_made_of(password: str, user: str, name: str) -> None:
    parts = urlsplit(variables(SHARED, name, user, password)["DATABASE_URL"])
    read = (parts.username, parts.password, parts.path.removeprefix("/"))
    assert tuple(unquote(part or "") for part in read) == (user, password, name)


@pytest.mark.parametrize(
    ("vpc", "host"),
    [("vpc-1", "private-pg.example.com"), ("vpc-2", "pg.example.com"), (None, "pg.example.com")],
)
def test_a_service_on_a_droplet_in_the_clusters_vpc_is_given_the_private_address(
    vpc: str | None, host: str
) -> None:
    account = replace(ACCOUNT, vpcs={"office": vpc} if vpc else {})
    settings = replace(SETTINGS, droplet=Droplet(vpc="office") if vpc else Droplet())
    whole = fleet(service("shop", database=database("shop")), settings=settings)
    decisions, problems = reconcile(build(whole, settings), account, State())
    assert decisions is not None, problems
    found = graph(lambda: render(decisions), account.clusters.values())
    known = found.outputs["instances"]["shop"]["env"][1]
    assert known["DATABASE_HOST"] == host
    assert urlsplit(known["DATABASE_URL"]).hostname == host


def test_a_cluster_is_looked_up_once_however_many_databases_are_on_it() -> None:
    found = rendered(
        service("shop", database=database("shop")),
        service("wiki", "basil", database=database("wiki")),
        service("mail", "clove"),
    )
    assert found.looked_up == ["shared-pg"]
    assert rendered(service("mail")).looked_up == []


def test_a_cluster_that_cannot_be_looked_up_is_an_outage_that_names_the_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "https://api.digitalocean.com/v2/databases/c1/autoscale"
    provider = f'invoking getX: 1 error occurred:\n\t* Error retrieving: Get "{url}": EOF\n\n'
    failing = Mock(side_effect=Exception(provider))
    monkeypatch.setattr(digitalocean, "get_database_cluster", failing)
    whole = fleet(service("shop", database=database("shop")), settings=SETTINGS)
    decisions, _ = reconcile(build(whole, SETTINGS), ACCOUNT, State())
    assert decisions is not None
    with pytest.raises(pulumi.RunError, match="`shared-pg` could not be looked up") as raised:
        graph(lambda: render(decisions))
    assert "run the same again\n  cause: Error retrieving: Get" in str(raised.value)
    assert "getX" not in str(raised.value)
    assert judge([EngineMessage("error", str(raised.value), "")]).may_go_on


@pytest.mark.parametrize("clusters", [(), (replace(CLUSTER, id="c-2"),)])
def test_a_cluster_that_is_not_the_one_decided_for_stops_before_anything_is_registered(
    clusters: tuple[Cluster, ...],
) -> None:
    whole = fleet(service("shop", database=database("shop")), settings=SETTINGS)
    decisions, _ = reconcile(build(whole, SETTINGS), ACCOUNT, State())
    assert decisions is not None
    with pytest.raises(pulumi.RunError, match="cluster `shared-pg` is not what it was"):
        graph(lambda: render(decisions), clusters)


def test_a_databases_grants_come_after_it_and_its_user_and_hold_no_secret() -> None:
    clusters = {"shared-pg": ClusterSettings(connections=7)}
    found = rendered(
        service("shop", database=database("shop")), settings=replace(SETTINGS, clusters=clusters)
    )
    (grants,), (component,) = found.of("Grants"), found.of("Database")
    (user,), (logical,) = found.of("DatabaseUser"), found.of("DatabaseDb")
    assert (grants.name, grants.parent) == ("shop", component.urn)
    assert {user.urn, logical.urn} <= set(grants.depends_on)
    assert grants.protect and grants.retain_on_delete
    provider = grants.inputs.pop("__provider")
    assert isinstance(provider, str)
    assert grants.inputs == {
        "clusterId": "c-1",
        "database": "shop",
        "users": ["shop"],
        "connections": 7.0,
        "enforce": True,
    }


def test_a_default_database_that_is_closed_stands_alone_and_to_forget_it_opens_nothing() -> None:
    clusters = {"shared-pg": ClusterSettings(close_default=True)}
    found = rendered(
        service("shop", database=database("shop")), settings=replace(SETTINGS, clusters=clusters)
    )
    (closed,) = (held for held in found.of("Grants") if held.name == "shared-pg")
    assert (closed.inputs["database"], closed.inputs["users"]) == ("defaultdb", [])
    assert closed.retain_on_delete
    assert "Database" not in closed.parent
