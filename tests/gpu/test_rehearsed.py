"""Pools with the real engine: grown, shrunk, broken off, and ended without a state."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.gpu.stage import (
    ENGINE_IN_THIS_PROCESS,
    SETTINGS,
    Stage,
    descendants,
    faults,
    kill,
    stage,
    until,
)

pytestmark = ENGINE_IN_THIS_PROCESS
SLOT = "infra-apply-slot:acme:"


@pytest.fixture
def it(tmp_path: Path) -> Stage:
    return stage(tmp_path)


def break_manifest(it: Stage) -> str:
    file = it.company / "projects" / "train" / ".infra.yaml"
    before = file.read_text()
    file.write_text("gpu: [\n")
    return before


def test_a_pool_grows_and_shrinks_slot_by_slot_beside_an_unchanged_fleet(it: Stage) -> None:
    assert it.run("rehearse", "up").code == 0
    assert it.slots() == {}
    fleet = it.account()["droplets"], it.account()["firewalls"]
    grown = it.scale(3)
    assert grown.code == 0, grown.err
    assert "3 x gpu-l40sx1-48gb in tor1, $1.57 an hour each: $4.71 an hour more" in grown.err
    first = it.slots()
    assert len(first) == 3
    shields = [
        firewall
        for firewall in it.account()["firewalls"]
        if "infra-apply-pool:acme:train" in firewall["tags"]
    ]
    assert len(shields) == 1 and "no firewall" not in grown.err

    before = break_manifest(it)
    refused = it.scale(4)
    assert refused.code == 1 and "error[IA001]" in refused.err
    assert it.slots() == first
    going = sorted(first)[1]
    assert it.scale(2, "--slot", going).code == 0
    assert it.slots() == {slot: first[slot] for slot in first if slot != going}
    (it.company / "projects" / "train" / ".infra.yaml").write_text(before)
    assert it.fleet_is_unchanged()

    break_manifest(it)
    ended = it.scale(0)
    assert (ended.code, ended.out) == (0, "train: 0 slots\n")
    assert it.gpus() == []
    assert (it.account()["droplets"], it.account()["firewalls"]) == fleet
    text = (it.company / "stacks" / "Pulumi.prod.yaml").read_text()
    assert "encryptionsalt" not in text
    assert [file.name for file in (it.company / "stacks").iterdir()] == ["Pulumi.prod.yaml"]


def test_a_slot_has_its_tags_its_key_and_its_image_from_the_first_request_on(
    grown: Stage,
) -> None:
    bodies = [request["body"] for request in grown.requests("POST")]
    slots = {f"train-gpu-{slot}": slot for slot in grown.slots()}
    assert {body["name"] for body in bodies} == {*slots} and len(bodies) == len(slots) == 3
    done_at = (grown.directory / "account.json").stat().st_mtime
    state = "".join(
        file.read_text() for file in (grown.directory / "engine" / "state").rglob("*.json")
    )
    assert "hush" not in state
    for body in bodies:
        (deadline,) = [tag for tag in body["tags"] if tag.startswith("infra-apply-deadline:")]
        assert {*body["tags"]} - {deadline} == {
            f"{SLOT}train:{slots[body['name']]}",
            "infra-apply:acme:prod",
            "infra-apply-pool:acme:train",
            "env:prod",
            "project:train",
            "db:shared-pg",
        }
        assert -120 < int(deadline.rpartition(":")[2]) - done_at - 12 * 3600 <= 0
        assert (body["image"], body["ssh_keys"]) == ("gpu-h100x1-base", [512190])
        assert body["user_data"].startswith("sha256:")
        assert body["name"] in state


def test_plain_pulumi_shows_a_pool_and_refuses_to_update_it(pool_of_three: Stage) -> None:
    before = pool_of_three.slots()
    flags = "--stack prod.gpu.train --non-interactive"
    line = f"pulumi preview {flags} && pulumi up --yes --skip-preview {flags}"
    done = pool_of_three.run_apart("rehearse", "exec", "--", "sh", "-c", line)
    assert "4 unchanged" in done.out and "delete" not in done.out
    assert done.code != 0
    assert "infra-apply gpu scale train N --stack prod" in done.out
    assert "Traceback" not in done.out + done.err
    assert pool_of_three.slots() == before
    assert [slot["in_state"] for slot in pool_of_three.status()["slots"]] == [True] * 3


@pytest.mark.parametrize("whole", [True, False], ids=["everything", "the-command-alone"])
def test_a_run_killed_while_growing_is_taken_up_by_the_next(it: Stage, whole: bool) -> None:
    words = ("gpu", "scale", "train", "3", "--yes")
    with it.started(*words, clock=4) as child:
        until(lambda: it.requests("POST"))
        below = descendants(child.pid)
        for pid in [child.pid, *below] if whole else [child.pid]:
            kill(pid)
        child.wait()
        left = it.slots()
        assert left, "the kill came before the first droplet"
        again = it.scale(3)
        for pid in below:
            kill(pid)
    assert again.code == 0, again.err
    assert len(it.slots()) == 3 == len(it.gpus())
    assert left.items() <= it.slots().items()
    status = it.status()
    assert [slot["in_state"] for slot in status["slots"]] == [True] * 3
    assert status["differences"] == []


@pytest.mark.parametrize("whole", [True, False], ids=["everything", "the-command-alone"])
def test_a_run_killed_while_shrinking_is_taken_up_by_the_next(
    pool_of_three: Stage, whole: bool
) -> None:
    it = pool_of_three
    first = it.slots()
    going = sorted(first)[:2]
    named = ("--slot", going[0], "--slot", going[1])
    with it.started("gpu", "scale", "train", "1", "--yes", *named, clock=4) as child:
        until(lambda: it.requests("DELETE"))
        below = descendants(child.pid)
        for pid in [child.pid, *below] if whole else [child.pid]:
            kill(pid)
        child.wait()
        again = it.scale(1)
        for pid in below:
            kill(pid)
    assert again.code == 0, again.err
    assert len(it.slots()) == 1 == len(it.gpus())
    assert it.slots().items() <= first.items()
    assert it.status()["differences"] == []


def test_an_answer_that_was_lost_leaves_one_droplet_and_it_is_adopted(
    it: Stage, tmp_path: Path
) -> None:
    project = it.company / "Pulumi.yaml"
    # The fleet's program insists on what stands there; a pool does not need it.
    project.write_text(project.read_text().partition("config:")[0])
    lost = faults(
        tmp_path, {"method": "POST", "path": "/v2/droplets", "when": "after", "drop": True}
    )
    grown = it.scale(2, *lost)
    assert grown.code == 0, grown.err
    assert len(it.slots()) == 2 == len(it.gpus()) == len(it.requests("POST"))
    assert it.status()["differences"] == []


def test_a_place_without_room_is_left_for_the_next(it: Stage, tmp_path: Path) -> None:
    full = faults(tmp_path, {"method": "POST", "path": "/v2/droplets", "status": 422})
    grown = it.scale(1, *full)
    assert grown.code == 0, grown.err
    tried = [
        (request["body"]["size"], request["body"]["region"]) for request in it.requests("POST")
    ]
    assert tried == [("gpu-l40sx1-48gb", "tor1"), ("gpu-l40sx1-48gb", "nyc2")]
    assert len({request["body"]["name"] for request in it.requests("POST")}) == 2


def test_without_room_anywhere_nothing_is_made_and_all_is_said(tmp_path: Path) -> None:
    profile = SETTINGS["gpu"]["profiles"]["batch"] | {"region": ["tor1"]}
    it = stage(tmp_path, gpu=SETTINGS["gpu"] | {"profiles": {"batch": profile}})
    full = {"method": "POST", "path": "/v2/droplets", "status": 422, "times": 9}
    grown = it.scale(1, *faults(tmp_path, full))
    assert grown.code == 3 and "no GPU can be had" in grown.err
    tried = [request["body"]["size"] for request in it.requests("POST")]
    assert tried == ["gpu-l40sx1-48gb", "gpu-h100x1-80gb"] and it.gpus() == []


def test_a_second_droplet_of_a_slot_is_ended(pool_of_three: Stage) -> None:
    it = pool_of_three
    first = it.slots()
    it.twin()
    assert any("second one" in difference for difference in it.status()["differences"])
    assert it.scale(3).code == 0
    assert it.slots() == first and len(it.gpus()) == 3


def test_a_slot_that_would_start_no_work_is_not_made_and_those_there_can_be_ended(
    pool_of_three: Stage,
) -> None:
    it = pool_of_three
    file = it.company / "projects" / "train" / ".infra.yaml"
    file.write_text(file.read_text().replace("droplet: batch", "droplet: gpu-l40sx1-48gb"))
    refused = it.scale(4)
    assert refused.code == 1 and refused.err.count("[IA405]") == 1
    assert "train does not grow while this is so" in refused.err
    assert it.requests("POST") == []
    ended = it.scale(2)
    assert ended.code == 0, ended.err
    assert len(it.gpus()) == 2 and "IA405" not in ended.err


def test_growing_says_when_no_reaper_is_known_to_run_and_refuses_where_one_is_required(
    pool_of_three: Stage, tmp_path: Path
) -> None:
    it = pool_of_three
    grow = ("gpu", "scale", "train", "4")  # without --yes it ends at the question
    assert "no reaper has ever left a heartbeat" in it.run(*grow).err
    no_tags = faults(tmp_path, {"method": "GET", "path": "/v2/tags", "status": 403})
    assert "WARNING: whether a reaper runs is not known" in it.run(*grow, *no_tags).err
    file = it.company / "stacks" / "Pulumi.prod.yaml"
    text = file.read_text()
    assert "infra-apply:gpu:\n" in text
    required = text.replace("infra-apply:gpu:\n", "infra-apply:gpu:\n    requireReaper: true\n")
    file.write_text(required)
    for flags in ((), no_tags):
        refused = it.scale(4, *flags)
        assert refused.code == 1 and "`gpu.requireReaper` is true" in refused.err
    assert it.requests("POST") == []

    assert it.run("gpu", "reap", "--fleet", "acme").code == 0
    known = it.run(*grow)
    assert known.code == 1 and "run the same with --yes" in known.err
    assert "reaper" not in known.err
    assert 0 <= it.status()["reaper"]["age"] < 120
    assert it.scale(2).code == 0  # shrinking asks for no reaper


def test_a_slot_at_work_ends_only_by_force(pool_of_three: Stage) -> None:
    it = pool_of_three
    first = it.slots()
    busy = min(first)

    def lease(droplet: dict[str, Any]) -> None:
        if f"{SLOT}train:{busy}" in droplet["tags"]:
            droplet["tags"] = [*droplet["tags"], f"infra-apply-lease:{int(time.time())}"]

    it.edit(lease)
    assert it.scale(1).code == 0
    assert it.slots() == {busy: first[busy]}
    refused = it.scale(0)
    assert refused.code == 1 and "--force" in refused.err
    assert it.slots() == {busy: first[busy]}
    assert it.scale(0, "--force").code == 0
    assert it.gpus() == []


def test_with_the_state_gone_the_reaper_alone_ends_every_slot_and_no_host(
    pool_of_three: Stage,
) -> None:
    it = pool_of_three
    shutil.rmtree(it.directory / "engine")
    shutil.rmtree(it.company)
    it.company.mkdir()

    host = it.twin(name="lime", tags=["env:prod", "infra-apply:acme:prod"])
    young = it.run("gpu", "reap", "--fleet", "acme")
    assert young.code == 0 and "may still be starting" in young.out and len(it.gpus()) == 4

    def overdue(droplet: dict[str, Any]) -> None:
        droplet["tags"] = [
            "infra-apply-deadline:1700000000" if "deadline" in tag else tag
            for tag in droplet["tags"]
        ]

    it.edit(overdue)
    dry = it.run("gpu", "reap", "--fleet", "acme", "--dry-run")
    assert dry.code == 0 and dry.out.count("would end") == 3 and len(it.gpus()) == 4
    reaped = it.run("gpu", "reap", "--fleet", "acme")
    assert reaped.code == 0, reaped.err
    assert it.gpus() == [host]


def test_a_droplet_that_vanished_after_its_202_is_tried_elsewhere(it: Stage) -> None:
    assert it.scale(0).code == 0  # makes the account, and nothing in it
    account = it.account()
    waits = account["waits"]
    it.write(account | {"waits": waits | {"gpu_droplet": 10**6}})
    with it.started("gpu", "scale", "train", "1", "--yes", clock=1000) as child:
        until(lambda: it.requests("GET", "/v2/droplets/4"))
        it.write(it.account() | {"droplets": [], "pending": [], "waits": waits})
        assert child.wait(timeout=100) == 0
    tried = [
        (request["body"]["size"], request["body"]["region"]) for request in it.requests("POST")
    ]
    assert tried == [("gpu-l40sx1-48gb", "tor1"), ("gpu-l40sx1-48gb", "nyc2")]
    assert len(it.slots()) == 1 and it.status()["differences"] == []


def test_a_broken_stack_file_stops_all_since_it_does_not_say_whose_slots_are_meant(
    pool_of_three: Stage,
) -> None:
    it = pool_of_three
    file = it.company / "stacks" / "Pulumi.prod.yaml"
    file.write_text(file.read_text() + "  infra-apply:projekts: [\n")
    for count in (4, 1, 0):
        refused = it.scale(count)
        assert refused.code == 1 and "not known whose slots are meant" in refused.err
    assert len(it.slots()) == 3 == len(it.gpus())


def test_more_than_the_limit_is_refused_and_nobody_to_ask_too(it: Stage) -> None:
    refused = it.scale(5)
    assert refused.code == 1 and "maxSlots" in refused.err
    silent = it.run("gpu", "scale", "train", "1")
    assert silent.code == 1 and "run the same with --yes" in silent.err
    assert "$1.57 an hour" in silent.err
    unknown = it.run("gpu", "scale", "trane", "1", "--yes")
    assert unknown.code == 2 and "did you mean `train`?" in unknown.err
    misspelt = it.run("gpu", "scale", "trane", "0", "--yes")
    assert misspelt.code == 0 and "trane never had a slot" in misspelt.err
    assert it.requests("POST") == []
