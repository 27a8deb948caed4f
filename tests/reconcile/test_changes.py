"""Sizes, regions, limits and networks: known before anything is powered off or made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra_apply.inputs.settings import Droplet, Settings
from infra_apply.plan.model import Plan
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.state import State
from tests.companies import plan, service
from tests.reconcile.worlds import (
    QUIET,
    account,
    codes,
    decided,
    droplet,
    firewall,
    host_settings,
    host_state,
    state,
)

REMEMBERED = state(host_state(7))


def wanted(settings: Settings = QUIET) -> Plan:
    return plan(service("shop"), settings=settings)


def sized(size: str, **fields: object) -> Settings:
    return replace(QUIET, droplet=replace(Droplet(size=size), **fields))  # type: ignore[arg-type]


LIVE = account(droplet(), firewalls=(firewall(),))
LARGE = account(droplet(size="s-2vcpu-4gb", memory=4096, vcpus=2, disk=80), firewalls=(firewall(),))


def test_a_droplet_somebody_enlarged_is_named_and_never_made_smaller() -> None:
    decisions, problems = reconcile(wanted(), LARGE, REMEMBERED)
    assert [problem.code.id for problem in problems] == ["IA904"]
    assert decisions is not None
    assert decisions.hosts[0].host.droplet.size == "s-2vcpu-4gb"
    assert decisions.decided_plan.hosts[0].droplet.size == "s-2vcpu-4gb"
    assert decisions.sizes_now == {"lime": "s-2vcpu-4gb"}


def test_a_droplet_of_a_size_that_is_sold_no_more_is_known_by_what_it_has() -> None:
    old = account(droplet(size="2gb-old", memory=2048), firewalls=(firewall(),))
    assert codes(wanted(), old, REMEMBERED) == ["IA904"]
    assert decided(wanted(), old, REMEMBERED).hosts[0].host.droplet.size == "2gb-old"
    small = account(droplet(size="512mb-old", memory=512, disk=20), firewalls=(firewall(),))
    assert decided(wanted(), small, REMEMBERED).hosts[0].host.droplet.size == "s-1vcpu-1gb"


def test_a_droplet_that_is_smaller_than_planned_grows_and_its_power_off_is_said() -> None:
    decisions, problems = reconcile(wanted(sized("s-2vcpu-4gb")), LIVE, REMEMBERED)
    assert [problem.code.id for problem in problems] == ["IA922"]
    assert "powered off for about a minute; its disk stays" in problems[0].message
    assert decisions is not None
    decision = decisions.hosts[0]
    assert (decision.host.droplet.size, decision.resize_disk) == ("s-2vcpu-4gb", False)


def test_a_disk_grows_only_where_the_settings_say_so() -> None:
    settings = host_settings(size="s-2vcpu-4gb", resize_disk=True)
    decisions, problems = reconcile(wanted(settings), LIVE, REMEMBERED)
    assert "its disk grows too, for good" in problems[0].message
    assert decisions is not None
    assert decisions.hosts[0].resize_disk is True


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({}, None),
        ({"resizeDisk": False}, False),
        ({"resizeDisk": True}, True),
        ({"resizeDisk": True, "__defaults": ["resizeDisk"]}, None),
    ],
)
def test_what_is_said_of_the_disk_stays_as_the_state_has_it(
    inputs: dict[str, object], said: bool | None
) -> None:
    remembered = state(host_state(7, inputs=inputs))
    assert decided(wanted(), LIVE, remembered).hosts[0].resize_disk is said


def test_what_is_taken_up_is_told_of_its_disk_what_its_create_was() -> None:
    begun = state(host_state(None))
    assert decided(wanted(), account(droplet()), begun).hosts[0].resize_disk is False
    adopted = wanted(host_settings(adopt=7))
    assert decided(adopted, account(droplet()), begun).hosts[0].resize_disk is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (sized("s-1vcpu-2gbb"), "the account has no size `s-1vcpu-2gbb`, which `lime` is to have"),
        (
            sized("s-4vcpu-8gb", region="ams3"),
            "`s-4vcpu-8gb` is not offered in ams3, where `lime` is to be",
        ),
    ],
)
def test_what_the_account_does_not_offer_is_known_before_it_is_made(
    settings: Settings, words: str
) -> None:
    _, problems = reconcile(wanted(settings), account(), State())
    assert [(problem.code.id, problem.message) for problem in problems] == [("IA916", words)]


def test_what_the_account_does_not_offer_is_known_before_a_droplet_is_powered_off() -> None:
    assert codes(wanted(sized("s-9vcpu")), LIVE, REMEMBERED) == ["IA916", "IA922"]
    there = account(droplet(region="ams3"), firewalls=(firewall(),))
    settings = sized("s-4vcpu-8gb", region="ams3")
    assert codes(wanted(settings), there, REMEMBERED) == ["IA916", "IA922"]


def test_a_size_that_stays_is_not_judged() -> None:
    sold_out = replace(LIVE, sizes={"s-2vcpu-4gb": LIVE.sizes["s-2vcpu-4gb"]})
    assert codes(wanted(), sold_out, REMEMBERED) == []


def test_more_droplets_than_the_account_may_have_are_not_begun() -> None:
    two = plan(service("shop"), service("wiki", "basil"), settings=QUIET)
    others = [droplet(number, f"x{number}", tags=()) for number in (8, 9)]
    assert codes(two, account(*others, droplet_limit=4), State()) == []
    _, problems = reconcile(two, account(*others, droplet_limit=3), State())
    assert [problem.code.id for problem in problems] == ["IA917"]
    assert "may have 3 droplets and has 2; 2 more are planned: `basil`, `lime`" in (
        problems[0].message
    )


def test_a_limit_counts_gpu_droplets_too_and_stops_nothing_that_is_there() -> None:
    gpus = (droplet(8, "g", tags=()),)
    assert codes(wanted(), account(gpu_droplets=gpus, droplet_limit=1), State()) == ["IA917"]
    assert codes(wanted(), replace(LIVE, droplet_limit=0), REMEMBERED) == []


def test_another_region_or_network_is_refused_with_the_way_out() -> None:
    _, problems = reconcile(wanted(sized("s-1vcpu-1gb", region="ams3")), LIVE, REMEMBERED)
    assert [problem.code.id for problem in problems] == ["IA915"]
    assert problems[0].message.startswith("`lime` has region nyc3, and is to have ams3")
    assert "`lime: {region: nyc3}`" in (problems[0].hint or "")
    networks = replace(
        account(droplet(vpc="vpc-1"), firewalls=(firewall(),)), vpcs={"old": "vpc-1", "new": "v-2"}
    )
    _, problems = reconcile(wanted(sized("s-1vcpu-1gb", vpc="new")), networks, REMEMBERED)
    assert [problem.code.id for problem in problems] == ["IA915"]
    assert problems[0].message.startswith("`lime` has vpc old, and is to have new")


def test_a_change_that_only_counts_when_a_droplet_is_made_is_said_to_be_ignored() -> None:
    made_with = {"image": "debian-12-x64", "sshKeys": ["7", "8"]}
    live = replace(LIVE, ssh_keys={"ops": 8, "dev": 7})
    settings = replace(QUIET, droplet=Droplet(image="ubuntu-24-04-x64", ssh_keys=("ops",)))
    assert codes(wanted(settings), live, state(host_state(7, inputs=made_with))) == [
        "IA923",
        "IA923",
    ]
    same = replace(QUIET, droplet=Droplet(image="debian-12-x64", ssh_keys=("ops", "dev")))
    assert codes(wanted(same), live, state(host_state(7, inputs=made_with))) == []
