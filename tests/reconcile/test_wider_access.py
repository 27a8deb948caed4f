"""Access that a plan opens beyond what was last applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.inputs.settings import Network
from infra_apply.plan.firewalls import ANYWHERE
from infra_apply.plan.model import InboundRule, Plan
from infra_apply.reconcile.state import DROPLET, FIREWALL, HOST, State
from infra_apply.reconcile.wider_access import (
    WiderAccess,
    describe_wider_access,
    find_wider_access,
)
from tests.companies import plan, service
from tests.reconcile.worlds import QUIET, account, child, component, decided, droplet, state

MINT = "infra-apply-host:acme:mint"


def calling(
    host: str = "mint",
    port: int = 8080,
    *,
    ssh: tuple[str, ...] = (),
    public: Mapping[str, None] = MappingProxyType({}),
) -> Plan:
    """A fleet whose `wiki` on `host` calls `shop` on lime."""
    settings = replace(QUIET, network=Network(ssh=ssh, public=public))
    shop = service("shop", port=port)
    return plan(shop, service("wiki", host=host, depends_on=["shop"]), settings=settings)


def applied(plan: Plan) -> State:
    """What the state has of a plan's hosts once it was applied."""
    groups = []
    for number, host in enumerate(plan.hosts, start=7):
        parent = component(HOST, host.name)
        rules = [_rule(rule) for rule in host.firewall.inbound] if host.firewall else []
        groups.append(
            (
                parent,
                child(parent, DROPLET, str(number)),
                child(parent, FIREWALL, f"fw-{number}", inboundRules=rules),
            )
        )
    return state(*groups)


def _rule(rule: InboundRule) -> dict[str, Any]:
    keys = {"protocol": rule.protocol, "portRange": rule.ports}
    sources = {"sourceAddresses": [*rule.addresses], "sourceTags": [*rule.tags]}
    return keys | {key: values for key, values in sources.items() if values}


def remembered(*rules: InboundRule) -> State:
    """A state in which lime's firewall has these rules."""
    lime = component(HOST, "lime")
    firewall = child(lime, FIREWALL, "f", inboundRules=[_rule(rule) for rule in rules])
    return state((lime, child(lime, DROPLET, "7"), firewall))


def on_lime(plan: Plan, state: State) -> list[str]:
    """What is wider on lime, in words."""
    wider = find_wider_access(plan, state)
    return [
        f"{access.ports} {' '.join(access.sources)}" for access in wider if access.machine == "lime"
    ]


NARROWER = {
    "the same rule": InboundRule("tcp", "8080", tags=(MINT,)),
    "the same rule, the tag in other case": InboundRule("tcp", "8080", tags=(MINT.upper(),)),
    "the tag from before fleets": InboundRule("tcp", "8080", tags=("infra-apply-host:mint",)),
    "more sources": InboundRule("tcp", "8080", ("192.0.2.1/32",), (MINT, "team:web")),
    "more ports": InboundRule("tcp", "8000-9000", tags=(MINT,)),
    "all ports": InboundRule("tcp", "all", tags=(MINT,)),
    "all ports as the API writes them": InboundRule("tcp", "0", tags=(MINT,)),
    "everywhere": InboundRule("tcp", "8080", ANYWHERE),
}
WIDER = {
    "nothing": (),
    "another host's tag": (InboundRule("tcp", "8080", tags=("infra-apply-host:acme:min",)),),
    "another fleet's host": (InboundRule("tcp", "8080", tags=("infra-apply-host:ben:mint",)),),
    "another port": (InboundRule("tcp", "8081", tags=(MINT,)),),
    "another protocol": (InboundRule("udp", "8080", tags=(MINT,)),),
    "one address": (InboundRule("tcp", "8080", ("192.0.2.1/32",)),),
    "IPv4 alone": (InboundRule("tcp", "8080", ("0.0.0.0/0",)),),
    "a range that ends before": (InboundRule("tcp", "1-8079", tags=(MINT,)),),
    "ports nobody can read": (InboundRule("tcp", "http", tags=(MINT,)),),
}


@pytest.mark.parametrize("case", NARROWER)
def test_what_was_admitted_already_is_not_wider(case: str) -> None:
    assert on_lime(calling(), remembered(NARROWER[case])) == []


@pytest.mark.parametrize("case", WIDER)
def test_what_was_not_admitted_is_named_with_its_port_and_source(case: str) -> None:
    assert on_lime(calling(), remembered(*WIDER[case])) == ["tcp/8080 mint"]


def test_a_port_that_a_manifest_moves_behind_network_public_is_wider() -> None:
    before = applied(calling(public={"shop": None}))
    assert on_lime(calling(public={"shop": None}), before) == []
    assert on_lime(calling(port=9000, public={"shop": None}), before) == ["tcp/9000 everywhere"]


def test_addresses_within_those_admitted_are_not_wider_and_others_are() -> None:
    before = applied(calling(ssh=("198.51.100.0/24", "2001:db8::/32")))
    assert on_lime(calling(ssh=("198.51.100.128/25", "2001:db8:1::/48")), before) == []
    assert on_lime(calling(ssh=("198.51.0.0/16",)), before) == ["tcp/22 198.51.0.0/16"]
    assert on_lime(calling(ssh=ANYWHERE), before) == ["tcp/22 everywhere"]


def test_a_first_update_has_nothing_to_be_wider_than() -> None:
    assert find_wider_access(calling(), State()) == ()


def test_all_access_to_a_machine_that_is_new_is_wider() -> None:
    before = applied(plan(service("wiki", host="mint"), settings=QUIET))
    assert find_wider_access(calling(), before) == (WiderAccess("lime", "tcp/8080", ("mint",)),)


def test_a_host_that_had_no_firewall_becomes_narrower() -> None:
    lime = component(HOST, "lime")
    assert on_lime(calling(), state((lime, child(lime, DROPLET, "7")))) == []


@given(st.data())
def test_what_was_applied_is_never_wider_than_itself_and_a_new_caller_is_all_that_is_wider(
    data: st.DataObject,
) -> None:
    ports = st.integers(1024, 65000)
    public: Mapping[str, None] = data.draw(st.sampled_from([{}, {"shop": None}]))
    before = calling(port=data.draw(ports), ssh=("198.51.100.0/24",), public=public)
    assert find_wider_access(before, applied(before)) == ()
    host = data.draw(st.sampled_from(["fir", "elm"]))
    after = calling(host, before.access[0].port, ssh=("198.51.100.0/24",), public=public)
    assert on_lime(after, applied(before)) == (
        [] if public else [f"tcp/{before.access[0].port} {host}"]
    )


def test_it_is_said_in_a_section_of_its_own() -> None:
    wider = decided(
        calling(public={"shop": None}),
        account(droplet(), droplet(8, "mint", tags=("infra-apply:acme:prod", MINT))),
        applied(calling()),
    ).wider_access
    assert describe_wider_access(wider).splitlines() == [
        "access wider than what was last applied:",
        "  lime tcp/8080 from everywhere",
    ]
    assert describe_wider_access(()) == ""
