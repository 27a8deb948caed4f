"""Tags are written by everybody with tag rights: none ends a machine that is no slot, none hides
what bills from those who pay, and none disturbs how another droplet is judged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply import naming
from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.gpu.recognition import slots_of, suspects_of
from infra_apply.gpu.status import Status, as_json, text
from tests.gpu.droplets import NOW, OWNER, live, pool, slot
from tests.gpu.reaping import verdicts

OVERDUE = slot(1, "aaaaaa", deadline=NOW - 1)
SLOT = "infra-apply-slot:acme:train:aaaaaa"
PAST = "infra-apply-deadline:1"
UNREADABLE = (
    "infra-apply-slot:_x110000_:a",
    "infra-apply-slot:_x1b_:a",
    "infra-apply-slot:_xd800_:aaaaaa",
    "infra-apply-slot:acme:_x202e_:aaaaaa",
    "infra-apply-slot:acme:_x9b_:aaaaaa",
    "infra-apply-slot:_xffffffffffffffffffffff_:aaaaaa",
    "infra-apply-slot::",
    "infra-apply-slot:",
)


@pytest.mark.parametrize("tag", UNREADABLE)
def test_a_slot_tag_that_cannot_be_read_is_said_and_the_overdue_slot_ends(tag: str) -> None:
    odd = live(2, tag)
    assert verdicts(odd, OVERDUE) == {1: "destroy", 2: "report"}
    held = pool(odd, OVERDUE)
    assert [slot.droplet.id for slot in held.slots] == [1]
    status = Status("prod", {"train": held}, suspects=suspects_of([odd, OVERDUE], "acme"))
    lines = "\n".join(text(status, NOW))
    assert "droplet 2 (train-gpu-2): its name is not a slot's" in lines
    assert lines.replace("\n", "").isprintable()
    assert [entry["droplet"] for entry in as_json(status, NOW)["slots"]] == [1]


@pytest.mark.parametrize("tag", UNREADABLE)
def test_a_further_slot_tag_does_not_shield_an_overdue_slot(tag: str) -> None:
    shielded = slot(1, "aaaaaa", deadline=NOW - 1, tags=(tag,))
    assert verdicts(shielded) == {1: "destroy"}


@pytest.mark.parametrize(
    "name", ["lime", "train-gpu-server", "train-gpu-bbbbbb", "other-gpu-aaaaaa"]
)
def test_a_standing_gpu_machine_given_two_tags_is_reported_and_never_ended(name: str) -> None:
    standing = live(1, "env:prod", "project:train", OWNER, SLOT, PAST, name=name)
    assert verdicts(standing) == {1: "report"}
    assert not pool(standing).slots


def test_a_host_that_is_called_like_a_slot_and_given_its_tags_is_never_ended() -> None:
    tags = (OWNER, "infra-apply-host:acme:train-gpu-aaaaaa", SLOT, PAST)
    assert verdicts(live(1, *tags, name="train-gpu-aaaaaa")) == {1: "report"}


def test_a_strangers_machine_given_every_tag_of_a_slot_is_never_ended() -> None:
    assert verdicts(live(1, OWNER, SLOT, PAST, name="their-database")) == {1: "report"}


def test_a_slot_whose_slot_tag_was_removed_is_reported() -> None:
    bare = live(1, OWNER, PAST, "infra-apply-pool:acme:train", name="train-gpu-aaaaaa")
    assert verdicts(bare) == {1: "report"}
    assert [suspect.why for suspect in suspects_of([bare], "acme")] == ["its slot's tag is gone"]


def test_a_slot_whose_owner_tag_was_removed_is_reported() -> None:
    assert verdicts(slot(1, owner=None, deadline=NOW - 1)) == {1: "report"}


def test_a_slot_of_another_environment_than_its_owner_is_reported() -> None:
    dev = slot(1, owner="infra-apply:acme:dev", deadline=NOW - 1)
    assert verdicts(dev) == {1: "report"}


def test_tags_that_differ_from_ours_in_case_are_ours() -> None:
    loud = slot(1, owner=OWNER.upper(), deadline=None, tags=("Infra-Apply-Deadline:1",))
    shouting = live(1, *(tag.upper() for tag in loud.tags), name="Train-gpu-AAAAAA")
    for droplet in (loud, shouting):
        assert verdicts(droplet) == {1: "destroy"}
        assert len(pool(droplet).slots) == 1 and not pool(droplet).suspects


def test_a_slot_made_before_its_tag_had_the_fleet_is_known_by_its_owner() -> None:
    former = live(
        1, naming.former_slot_tag("train", "aaaaaa"), OWNER, PAST, name="train-gpu-aaaaaa"
    )
    assert verdicts(former) == {1: "destroy"}
    assert len(pool(former).slots) == 1
    assert verdicts(former, fleet="rival") == {}


def test_a_slot_that_two_fleets_claim_is_reported_to_both_and_ended_by_neither() -> None:
    rivals = (naming.slot_tag("rival", "train", "aaaaaa"), "infra-apply:rival:prod")
    both = slot(1, deadline=NOW - 1, tags=rivals)
    for fleet in ("acme", "rival"):
        assert verdicts(both, fleet=fleet) == {1: "report"}


def test_another_fleet_s_owner_tag_alone_does_not_shield_an_overdue_slot() -> None:
    shielded = slot(1, deadline=NOW - 1, tags=("infra-apply:rival:prod",))
    assert verdicts(shielded) == {1: "destroy"}


pieces = st.sampled_from(
    [
        "infra-apply-slot:", "infra-apply-deadline:", "infra-apply-lease:", "infra-apply:",
        "infra-apply-host:", "acme", "rival", "train", "aaaaaa", "prod", "dev", ":", "_x1b_",
        "_x110000_", "_xd800_", "-", "1", "999999999999", "\x1b", "\u202e", "\ud800", "Ⅷ", "İ",
    ]
)  # fmt: skip
any_tags = st.lists(st.lists(pieces, max_size=5).map("".join) | st.text(max_size=8), max_size=6)
names = st.sampled_from(["train-gpu-aaaaaa", "lime", "", "x-dev-gpu-bbbbbb"]) | st.text(max_size=9)
droplets = st.builds(lambda name, tags: live(2, *tags, name=name), names, any_tags)
READABLE = (
    slot(11, "cccccc", lease=NOW),
    slot(12, "dddddd", deadline=NOW - 1),
    slot(13, "eeeeee", made_at=NOW - 60),
)


@given(st.lists(droplets, max_size=3), st.sampled_from(["acme", "rival", ""]))
def test_whatever_tags_there_are_each_readable_slot_is_judged_as_if_alone(
    hostile: list[LiveDroplet], fleet: str
) -> None:
    judged = verdicts(*hostile, *READABLE, fleet=fleet)
    alone: dict[int, str] = {}
    for droplet in READABLE:
        alone |= verdicts(droplet, fleet=fleet)
    assert {number: verdict for number, verdict in judged.items() if number > 2} == alone
    held = pool(*hostile, *READABLE)
    assert {11, 12, 13} <= held.droplets
    suspects = suspects_of(hostile, fleet)
    lines = list(text(Status("prod", {"train": held}, suspects=suspects), NOW))
    assert all(line.isprintable() for line in lines)


@given(any_tags, names)
def test_only_a_droplet_with_the_name_the_slot_tag_and_the_owner_tag_of_one_slot_is_a_slot(
    tags: list[str], name: str
) -> None:
    for found in slots_of([live(1, *tags, name=name)], "acme"):
        lower = {tag.lower() for tag in tags}
        assert name.lower() == f"{found.pool}-gpu-{found.id}".lower()
        assert f"infra-apply:acme:{found.environment}" in lower
        pool_and_slot = f"{found.pool}:{found.id}".lower()
        assert lower & {
            f"infra-apply-slot:acme:{pool_and_slot}",
            f"infra-apply-slot:{pool_and_slot}",
        }
