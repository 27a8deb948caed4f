"""`gpu reap` on a simulated account that others may write tags in."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from infra_apply.cli.main import main
from tests.gpu.stage import SETTINGS, stage

KEPT = Path(__file__).parents[1] / "e2e" / "kept" / "account" / "account.json"
OVERDUE = "infra-apply-deadline:1700000000"
TO_COME = "infra-apply-deadline:99999999999"
OWNER = "infra-apply:acme:prod"
SLOT = "infra-apply-slot:acme:train:aaaaaa"


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an account with no droplet in it; the working folder is no Pulumi project."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "account").mkdir()
    fill(tmp_path / "account")
    return tmp_path / "account"


def fill(account: Path, *names_and_tags: tuple[str, list[str]], made: str = "now") -> None:
    """Write GPU droplets into the account, numbered from 1."""
    content: dict[str, Any] = json.loads(KEPT.read_text())
    gpu = next(d for d in content["droplets"] if d["size_slug"].startswith("gpu-"))
    created = {} if made == "now" else {"created_at": made}
    content["droplets"] = [
        gpu | {"id": number, "name": name, "tags": tags} | created
        for number, (name, tags) in enumerate(names_and_tags, 1)
    ]
    (account / "account.json").write_text(json.dumps(content))


def left(account: Path) -> list[int]:
    return [d["id"] for d in json.loads((account / "account.json").read_text())["droplets"]]


def reap(account: Path, *flags: str) -> int:
    return main(["gpu", "reap", "--account", str(account), "--clock", "1000", *flags])


def test_a_hostile_slot_tag_stops_nothing_and_prints_no_escape(
    account: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(
        account,
        ("a", ["infra-apply-slot:_x110000_:a"]),
        ("b", ["infra-apply-slot:_x1b_:a", OWNER]),
        ("train-gpu-aaaaaa", [SLOT, OWNER, OVERDUE]),
    )
    assert reap(account, "--fleet", "acme") == 1  # what was reported
    assert left(account) == [1, 2]
    out = capsys.readouterr().out
    assert out.count("REPORT") == 2 and out.replace("\n", "").isprintable()


def test_a_misspelt_fleet_does_not_look_like_one_without_slots(
    account: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reap(account, "--fleet", "acme") == 0
    assert "no slot of acme is there\n" in capsys.readouterr().out
    fill(account, ("train-gpu-aaaaaa", [SLOT, OWNER, OVERDUE]))
    assert reap(account, "--fleet", "amce") == 0
    assert "no slot of amce is there; there are slots of: acme\n" in capsys.readouterr().out


def test_another_company_s_slots_stay_whatever_they_are_called(account: Path) -> None:
    theirs = ["infra-apply-slot:rival:train:aaaaaa", "infra-apply:rival:prod", OVERDUE]
    former = ["infra-apply-slot:train:bbbbbb", "infra-apply:rival:prod", OVERDUE]
    fill(account, ("train-gpu-aaaaaa", theirs), ("train-gpu-bbbbbb", former))
    assert reap(account, "--fleet", "acme") == 0
    assert left(account) == [1, 2]
    assert reap(account, "--fleet", "rival") == 0
    assert left(account) == []


def test_a_standing_gpu_machine_given_two_tags_stays(account: Path) -> None:
    fill(account, ("lime", [OWNER, SLOT, OVERDUE]), ("server", [SLOT, OVERDUE]))
    assert reap(account, "--fleet", "acme") == 1
    assert left(account) == [1, 2]


def test_without_settings_a_slot_older_than_a_week_or_max_hours_ends_whatever_its_tags_say(
    account: Path,
) -> None:
    lease = f"infra-apply-lease:{int(time.time())}"
    slot = ("train-gpu-aaaaaa", [SLOT, OWNER, TO_COME, lease])
    fill(account, slot, made="2026-01-01T00:00:00Z")
    assert reap(account, "--fleet", "acme", "--max-hours", "99999999") == 0
    assert left(account) == [1]
    assert reap(account, "--fleet", "acme") == 0
    assert left(account) == []


def test_the_settings_name_the_fleet_and_the_hours(account: Path, tmp_path: Path) -> None:
    fill(account, ("train-gpu-aaaaaa", [SLOT, OWNER, TO_COME]), made="2026-01-01T00:00:00Z")
    pools = {"train": {"maxSlots": 4, "maxHours": 10**7}}
    company = stage(tmp_path / "long", gpu=SETTINGS["gpu"] | {"pools": pools}).company
    assert reap(account, "-C", str(company), "--dry-run") == 0
    short = stage(tmp_path / "short").company
    rival = stage(tmp_path / "rival", fleet="rival").company
    assert reap(account, "-C", str(rival)) == 0
    assert left(account) == [1]
    assert reap(account, "-C", str(short)) == 0
    assert left(account) == []
