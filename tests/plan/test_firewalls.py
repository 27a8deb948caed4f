from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from infra_apply import naming
from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.mesh import Host, Mesh
from infra_apply.inputs.settings import HostSettings, Network
from infra_apply.plan.build import build
from infra_apply.plan.model import FirewallPlan, InboundRule, Plan
from tests.companies import MESH, SETTINGS, fleet, gpu, plan, service

OPEN = replace(SETTINGS, network=Network(ssh=("198.51.100.0/24",), mesh=("udp/51820",)))
SSH = InboundRule("tcp", "22", ("198.51.100.0/24",))
TUNNEL = InboundRule("udp", "51820", ("0.0.0.0/0", "::/0"))


def firewall(found: Plan, host: str) -> FirewallPlan | None:
    (planned_host,) = [planned for planned in found.hosts if planned.name == host]
    return planned_host.firewall


def test_a_port_admits_its_dependents_hosts_by_tag() -> None:
    found = plan(
        service("shop", depends_on=("wiki",)), service("wiki", host="basil"), settings=OPEN
    )
    assert firewall(found, "basil") == FirewallPlan(
        "basil",
        "acme-basil",
        "infra-apply-host:acme:basil",
        (SSH, InboundRule("tcp", "8080", (), ("infra-apply-host:acme:lime",)), TUNNEL),
    )


def test_a_port_nobody_calls_is_closed() -> None:
    assert firewall(plan(service("shop"), settings=OPEN), "lime") == FirewallPlan(
        "lime", "acme-lime", "infra-apply-host:acme:lime", (SSH, TUNNEL)
    )


def test_the_slots_of_a_dependent_are_admitted_by_their_pools_tag() -> None:
    found = plan(
        service("shop"),
        service("batch", service=None, gpu=gpu(), depends_on=("shop",)),
        settings=OPEN,
    )
    made = firewall(found, "lime")
    assert made is not None
    assert InboundRule("tcp", "8080", (), ("infra-apply-pool:acme:batch",)) in made.inbound


def test_a_pool_has_a_firewall_that_admits_its_operators_only() -> None:
    found = plan(service("batch", service=None, gpu=gpu()), settings=OPEN)
    assert found.pools[0].firewall == FirewallPlan(
        "batch-gpu", "acme-batch-gpu", "infra-apply-pool:acme:batch", (SSH, TUNNEL)
    )


def test_a_dependent_on_the_internet_is_admitted_by_its_address_and_one_in_the_mesh_is_not() -> (
    None
):
    settings = OPEN
    mesh = Mesh("m", {**MESH.hosts, "kiosk": Host("kiosk", "mac", "8.8.4.4")})
    manifests = (
        service("shop"),
        service("app", host="kiosk", provider="mac", depends_on=("shop",)),
        service("web", host="fennel", provider="mac", depends_on=("shop",)),
    )
    found = build(replace(fleet(*manifests, settings=settings), mesh=mesh), settings)
    made = firewall(found, "lime")
    assert made is not None
    assert InboundRule("tcp", "8080", ("8.8.4.4/32",)) in made.inbound
    assert [caller.via_mesh for caller in found.access[0].callers] == [False, True]


def test_without_a_word_on_ssh_nobody_may_log_in_and_every_port_is_closed() -> None:
    closed = firewall(plan(service("shop")), "lime")
    assert closed is not None
    assert closed.inbound == ()


def test_nobody_may_log_in_when_the_settings_say_nobody() -> None:
    settings = replace(SETTINGS, network=Network(ssh=()))
    assert firewall(plan(service("shop"), settings=settings), "lime") == FirewallPlan(
        "lime", "acme-lime", "infra-apply-host:acme:lime", ()
    )


def test_an_adopted_host_keeps_its_own_firewall_until_it_is_managed() -> None:
    adopted = replace(OPEN, hosts={"lime": HostSettings(adopt=42)})
    managed = replace(OPEN, hosts={"lime": HostSettings(adopt=42, firewall="managed")})
    assert firewall(plan(service("shop"), settings=adopted), "lime") is None
    assert firewall(plan(service("shop"), settings=managed), "lime") is not None


NAMES = ("shop", "wiki", "mail", "game", "news")


@st.composite
def fleets(draw: st.DrawFn) -> tuple[list[Manifest], frozenset[str]]:
    """Random services on two hosts and a mac, and which of them are public."""
    made = []
    for index, name in enumerate(NAMES):
        host = draw(st.sampled_from(["lime", "basil", "fennel"]))
        others = tuple(other for other in NAMES if other != name and draw(st.booleans()))
        provider = "mac" if host == "fennel" else "digitalocean"
        made.append(service(name, host, 8000 + index, provider=provider, depends_on=others))
    return made, frozenset(name for name in NAMES if draw(st.booleans()))


@given(fleets())
def test_the_rules_admit_whom_access_names_and_nobody_else(
    drawn: tuple[list[Manifest], frozenset[str]],
) -> None:
    manifests, public = drawn
    network = replace(OPEN.network, public=dict.fromkeys(sorted(public)))
    found = plan(*manifests, settings=replace(OPEN, network=network))
    for host in found.hosts:
        assert host.firewall is not None
        rules = {rule.ports: rule for rule in host.firewall.inbound}
        assert rules.pop("22") == SSH
        assert rules.pop("51820") == TUNNEL
        for entry in (access for access in found.access if access.host == host.name):
            rule = rules.pop(str(entry.port), InboundRule("tcp", str(entry.port)))
            callers = {
                caller.host for caller in entry.callers if caller.host and caller.host != "fennel"
            }
            if entry.public:
                assert rule.addresses == ("0.0.0.0/0", "::/0")
            else:
                assert rule.tags == tuple(
                    sorted(naming.host_tag(found.fleet, host) for host in callers)
                )
        assert rules == {}
