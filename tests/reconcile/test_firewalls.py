"""Firewalls: taken up, of others, missing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from infra_apply.digitalocean.model import LiveFirewall
from infra_apply.inputs.settings import HostSettings
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.state import State
from tests.companies import gpu, plan, service
from tests.reconcile.worlds import (
    HOST_TAG,
    QUIET,
    account,
    codes,
    decided,
    droplet,
    firewall,
    host_state,
    state,
)

PLAN = plan(service("shop"), settings=QUIET)
BEGUN = state(host_state(None))


@dataclass(frozen=True)
class Case:
    """What is there, what the state has, and what follows: a firewall's id to import, or codes."""

    live: tuple[LiveFirewall, ...]
    remembered: State
    imported: str | None = None
    codes: tuple[str, ...] = ()


CASES = {
    "none anywhere: it is made": Case((), BEGUN),
    "the state has it: it is the same": Case((firewall(),), state(host_state()), "fw-1"),
    "the state has it and it is gone: it is made anew": Case((), state(host_state())),
    "its answer was lost: it is taken up": Case((firewall(),), BEGUN, "fw-1", ("IA910",)),
    "the state's is gone and one of ours has its name: it is taken up": Case(
        (firewall(number="fw-2"),), state(host_state()), "fw-2", ("IA910",)
    ),
    "tags are compared without case": Case(
        (firewall("acme-lime", HOST_TAG.title()),), BEGUN, "fw-1", ("IA910",)
    ),
    "a stranger has the name": Case((firewall("acme-lime", "team:web"),), BEGUN, codes=("IA911",)),
}


@pytest.mark.parametrize("name", CASES)
def test_which_firewall_is_ours(name: str) -> None:
    case = CASES[name]
    live = account(*([droplet()] if case.remembered != BEGUN else []), firewalls=case.live)
    decisions, problems = reconcile(PLAN, live, case.remembered)
    assert tuple(problem.code.id for problem in problems) == case.codes
    if decisions:
        assert decisions.import_firewalls.get("acme-lime") == case.imported


def test_the_firewall_of_a_pool_is_taken_up_likewise() -> None:
    work = plan(service("shop", gpu=gpu(), provider="mac", service=None), settings=QUIET)
    live = account(firewalls=(firewall("acme-shop-gpu", "infra-apply-pool:acme:shop"),))
    decisions = decided(work, live, State())
    assert decisions.import_firewalls == {"acme-shop-gpu": "fw-1"}


def test_a_foreign_firewall_is_named_whether_it_is_on_the_droplet_or_on_a_tag() -> None:
    by_id = LiveFirewall("by-id", frozenset({7}), frozenset())
    by_tag = LiveFirewall("by-tag", frozenset(), frozenset({"Project:Shop"}))
    elsewhere = LiveFirewall("elsewhere", frozenset({8}), frozenset({"team:db"}))
    live = account(
        droplet(7, "lime", "project:shop"), firewalls=(firewall(), by_tag, elsewhere, by_id)
    )
    _, problems = reconcile(PLAN, live, state(host_state()))
    assert [problem.code.id for problem in problems] == ["IA906", "IA906"]
    assert [problem.message.split("`")[1] for problem in problems] == ["by-id", "by-tag"]


def test_a_firewall_whose_host_stays_is_not_deleted() -> None:
    live = account(droplet(), firewalls=(firewall(),))
    adopted = replace(QUIET, hosts={"lime": HostSettings(adopt=7)})
    assert codes(plan(service("shop"), settings=adopted), live, state(host_state())) == ["IA919"]
