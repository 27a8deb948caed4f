from __future__ import annotations

from dataclasses import replace

from infra_apply.inputs.settings import Droplet, HostSettings, Network, PoolLimits
from infra_apply.plan.json import as_json
from tests.companies import SETTINGS, database, gpu, plan, service


def test_one_host_with_several_services_is_one_droplet() -> None:
    found = plan(service("shop"), service("wiki", port=8081))
    assert [host.name for host in found.hosts] == ["lime"]
    assert [service.project for service in found.hosts[0].services] == ["shop", "wiki"]


def test_a_service_that_names_no_host_gets_a_droplet_of_its_own() -> None:
    assert [host.name for host in plan(service("shop", host=None)).hosts] == ["shop"]


def test_a_host_is_tagged_with_what_it_carries_and_who_owns_it() -> None:
    found = plan(service("shop", database=database("shop")))
    assert found.hosts[0].droplet.tags == (
        "db:shared-pg",
        "env:prod",
        "infra-apply-host:acme:lime",
        "infra-apply:acme:prod",
        "project:shop",
    )


def test_a_hosts_own_keys_overlay_the_defaults() -> None:
    own = HostSettings(droplet=Droplet(size="s-4vcpu-8gb", region="ams3"))
    settings = replace(SETTINGS, hosts={"lime": own})
    hosts = plan(service("shop"), service("wiki", host="basil"), settings=settings).hosts
    assert [(host.name, host.droplet.size) for host in hosts] == [
        ("basil", "s-1vcpu-1gb"),
        ("lime", "s-4vcpu-8gb"),
    ]


def test_a_database_is_planned_whatever_runs_its_service() -> None:
    found = plan(service("app", host="fennel", provider="mac", database=database("app")))
    assert [database.name for database in found.databases] == ["app"]
    assert found.hosts == ()


def test_a_pool_has_the_limits_of_the_settings_and_one_slot_without() -> None:
    settings = replace(SETTINGS, gpu_pools={"big": PoolLimits(max_slots=4)})
    found = plan(
        service("big", service=None, gpu=gpu()),
        service("small", service=None, gpu=gpu()),
        settings=settings,
    )
    assert [(pool.project, pool.max_slots) for pool in found.pools] == [("big", 4), ("small", 1)]


def test_every_instance_of_the_environment_is_rendered_or_says_why_not() -> None:
    found = plan(
        service("shop"),
        service("app", host="fennel", provider="mac"),
        service("tool", host=None, provider="local"),
        service("batch", service=None, gpu=gpu()),
    )
    assert [service.project for service in found.hosts[0].services] == ["shop"]
    assert {instance.project: instance.reason for instance in found.not_rendered} == {
        "app": "it runs on the mac `fennel`, which DigitalOcean does not run",
        "batch": "it declares no service",
        "tool": "it runs on the local machine, which DigitalOcean does not run",
    }


def test_a_host_that_is_looked_up_is_named_and_not_rendered() -> None:
    settings = replace(SETTINGS, hosts={"lime": HostSettings(lookup=True)})
    found = plan(service("shop"), settings=settings)
    assert found.hosts == ()
    (host,) = as_json(found)["hosts"]
    assert (host["name"], host["lookup"], host["size"]) == ("lime", True, None)
    assert [service["project"] for service in host["services"]] == ["shop"]
    assert [instance.project for instance in found.not_rendered] == ["shop"]


def test_the_owner_of_a_shared_host_renders_the_other_environments_services_too() -> None:
    found = plan(service("shop"), service("shop", port=9090, environment="dev"))
    assert [(service.environment, service.port) for service in found.hosts[0].services] == [
        ("dev", 9090),
        ("prod", 8080),
    ]
    assert "env:dev" in found.hosts[0].droplet.tags


def test_access_names_every_dependent_wherever_it_runs() -> None:
    settings = replace(SETTINGS, network=Network(public={"shop": None}))
    found = plan(
        service("shop"),
        service("web", port=1, host="basil", depends_on=("shop",)),
        service("app", port=2, host="fennel", provider="mac", depends_on=("shop",)),
        settings=settings,
    )
    assert as_json(found)["access"] == [
        {"host": "basil", "port": 1, "from": [], "public": False},
        {
            "host": "lime",
            "port": 8080,
            "from": [{"project": "app", "host": "fennel"}, {"project": "web", "host": "basil"}],
            "public": True,
        },
    ]


def test_the_world_reaches_only_the_ports_that_are_named() -> None:
    settings = replace(SETTINGS, network=Network(public={"shop": (443,)}))
    assert [entry.public for entry in plan(service("shop"), settings=settings).access] == [False]


def test_a_dependencys_url_is_its_mesh_address_else_its_hosts_name() -> None:
    found = plan(
        service("shop", depends_on=("wiki", "payments", "mail")),
        service("wiki", port=8081, host="basil"),
        service("mail", port=25),
        settings=replace(SETTINGS, external={"payments": "https://pay.example.com"}),
    )
    shop = next(instance for instance in found.instances if instance.project == "shop")
    assert dict(shop.variables) == {
        "MAIL_URL": "http://100.64.0.11:25",
        "PAYMENTS_URL": "https://pay.example.com",
        "WIKI_URL": "http://basil:8081",
    }
