"""An update from tags without a fleet to tags with one never leaves a droplet open or shut out."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from infra_apply import naming
from infra_apply.plan.model import FirewallPlan
from infra_apply.reconcile.model import Decisions
from tests.companies import gpu, plan, service
from tests.reconcile.worlds import OWNER, QUIET, account, decided, droplet, host_state, state

FORMER = "infra-apply-host:lime"
TAG = "infra-apply-host:acme:lime"
WORK = plan(
    service("shop"),
    service("wiki", "basil", depends_on=("shop",)),
    service("batch", service=None, gpu=gpu(), depends_on=("shop",)),
    settings=QUIET,
)
BASIL = droplet(8, "basil", tags=(OWNER, "infra-apply-host:acme:basil"))


def firewall_of(decisions: Decisions, name: str) -> FirewallPlan:
    (firewall,) = [made.host.firewall for made in decisions.hosts if made.host.name == name]
    assert firewall is not None
    return firewall


def tags_of(decisions: Decisions, name: str) -> tuple[str, ...]:
    (host,) = [made.host for made in decisions.hosts if made.host.name == name]
    return host.droplet.tags


def test_a_droplet_with_the_former_tag_has_both_for_one_update_and_its_firewall_too() -> None:
    remembered = state(host_state(7, tags=[OWNER, FORMER]), host_state(8, "basil"))
    first = decided(WORK, account(droplet(tags=(OWNER, FORMER)), BASIL), remembered)
    assert firewall_of(first, "lime").tags == (TAG, FORMER)
    assert {TAG, FORMER} <= set(tags_of(first, "lime"))
    claimed = next(made.own_tags for made in first.hosts if made.host.name == "lime")
    remembered = state(host_state(7, tags=claimed), host_state(8, "basil"))
    second = decided(WORK, account(droplet(tags=(OWNER, FORMER, TAG)), BASIL), remembered)
    assert firewall_of(second, "lime").tags == (TAG,)
    assert FORMER not in tags_of(second, "lime")


def test_a_caller_with_the_former_tag_is_admitted_by_both() -> None:
    former = "infra-apply-host:basil"
    basil = droplet(8, "basil", tags=(OWNER, former))
    remembered = state(host_state(7), host_state(8, "basil", tags=[OWNER, former]))
    (rule,) = firewall_of(decided(WORK, account(droplet(), basil), remembered), "lime").inbound
    assert set(rule.tags) == {"infra-apply-host:acme:basil", former, "infra-apply-pool:acme:batch"}


def test_a_slot_with_the_former_tag_keeps_its_firewall() -> None:
    slot = droplet(9, "batch-gpu-aaaaaa", tags=(OWNER, "infra-apply-pool:batch"))
    remembered = state(host_state(7), host_state(8, "basil"))
    decisions = decided(WORK, account(droplet(), BASIL, slot), remembered)
    (pool,) = decisions.pools
    assert pool.firewall is not None
    assert pool.firewall.tags == ("infra-apply-pool:acme:batch", "infra-apply-pool:batch")


def test_another_companys_droplet_with_the_same_host_is_nothing_to_us() -> None:
    theirs = droplet(99, "lime", tags=("infra-apply:beta:prod", FORMER, "infra-apply-host:basil"))
    remembered = state(host_state(7), host_state(8, "basil"))
    decisions = decided(
        replace(WORK, hosts=tuple(replace(host, create=True) for host in WORK.hosts)),
        account(droplet(), BASIL, theirs),
        remembered,
    )
    for decision in decisions.hosts:
        assert decision.host.firewall is not None
        named = {*decision.host.firewall.tags}
        named |= {tag for rule in decision.host.firewall.inbound for tag in rule.tags}
        assert all(":acme:" in tag for tag in named)


HOSTS = ("lime", "basil")


@given(st.data())
def test_whatever_tags_are_live_each_droplet_is_behind_its_firewall_at_every_moment(
    data: st.DataObject,
) -> None:
    """Droplets and firewalls are updated in any order; at no moment is one without the other."""
    droplets, remembered = [], []
    for number, name in enumerate(HOSTS, 7):
        own = [naming.host_tag("acme", name), f"infra-apply-host:{name}"]
        tags = data.draw(st.lists(st.sampled_from(own), min_size=1, unique=True))
        droplets.append(droplet(number, name, tags=(OWNER, *tags)))
        remembered.append(host_state(number, name, tags=[OWNER, *tags]))
    decisions = decided(WORK, account(*droplets), state(*remembered))
    for live in droplets:
        attached = set(firewall_of(decisions, live.name).tags)
        assert attached & {*live.tags}, "before its droplet is updated"
        assert attached & {*tags_of(decisions, live.name)}, "after its droplet is updated"
