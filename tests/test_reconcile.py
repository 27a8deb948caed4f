from __future__ import annotations

from dataclasses import replace

from infra_apply.account.model import Account, Cluster
from infra_apply.reconcile import reconcile
from infra_apply.settings import Droplet
from tests.companies import SETTINGS, database, plan, service


def cluster(name: str, engine: str = "pg") -> Cluster:
    return Cluster(f"id-of-{name}", name, engine, f"{name}.example.com", 25060, ssl=True)


def clusters(*made: Cluster) -> dict[str, Cluster]:
    return {one.name: one for one in made}


def test_an_unknown_cluster_lists_those_that_exist() -> None:
    account = Account(clusters=clusters(cluster("shared-mysql"), cluster("shared-pg-2")))
    decisions, problems = reconcile(plan(service("shop", database=database("shop"))), account)
    assert decisions is None
    assert [one.code for one in problems] == ["IA901"]
    assert "there are: `shared-mysql`, `shared-pg-2`" in problems[0].message
    assert problems[0].hint == "did you mean `shared-pg-2`?"


def test_an_account_without_clusters_says_so() -> None:
    _, problems = reconcile(plan(service("shop", database=database("shop"))), Account())
    assert "there are: none" in problems[0].message


def test_a_cluster_without_logical_databases_is_refused() -> None:
    account = Account(clusters=clusters(cluster("shared-pg", "valkey"), cluster("real")))
    _, problems = reconcile(plan(service("shop", database=database("shop"))), account)
    assert [(one.code, one.hint) for one in problems] == [("IA902", "name one of real")]


def test_every_problem_is_reported_at_once() -> None:
    settings = replace(SETTINGS, droplet=Droplet(ssh_keys=("ops",), vpc="office"))
    wanted = plan(service("shop", database=database("shop")), settings=settings)
    _, problems = reconcile(wanted, Account())
    assert [one.code for one in problems] == ["IA901", "IA903", "IA903"]


def test_names_become_ids() -> None:
    settings = replace(SETTINGS, droplet=Droplet(ssh_keys=("ops",), vpc="office"))
    wanted = plan(service("shop", database=database("shop")), settings=settings)
    account = Account(clusters(cluster("shared-pg")), {"ops": 7}, {"office": "vpc-1"})
    decisions, problems = reconcile(wanted, account)
    assert problems == ()
    assert decisions is not None
    assert (decisions.hosts[0].ssh_key_ids, decisions.hosts[0].vpc_id) == (("7",), "vpc-1")
    assert decisions.databases[0].cluster.id == "id-of-shared-pg"
