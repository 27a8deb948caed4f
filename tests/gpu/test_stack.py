"""A pool's stack: what it remembers, and its private settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from infra_apply import naming
from infra_apply.engine.install.find import Engine
from infra_apply.engine.lock.waiting import Patience
from infra_apply.errors import Outage
from infra_apply.gpu.engine_settings import engine_environ, private_config
from infra_apply.gpu.pool import Remembered
from infra_apply.gpu.stack import Backend
from infra_apply.gpu.state import remembered_in

DROPLET = "digitalocean:index/droplet:Droplet"
URN = f"urn:pulumi:prod.gpu.train::infra-apply::{DROPLET}::"


def test_a_state_remembers_droplets_by_the_slot_s_id() -> None:
    resources = [
        {"type": "pulumi:pulumi:Stack", "urn": "urn:pulumi:x"},
        {"type": DROPLET, "urn": f"{URN}aaaaaa", "id": "17"},
        {"type": DROPLET, "urn": f"{URN}bbbbbb", "id": ""},
    ]
    pending = [{"type": "creating", "resource": {}}]
    exported = {"deployment": {"resources": resources, "pending_operations": pending}}
    assert remembered_in(exported) == Remembered({"aaaaaa": 17}, unfinished=True, exists=True)
    assert remembered_in({"deployment": {}}) == Remembered()


def test_an_unfinished_deletion_needs_no_clearing() -> None:
    exported = {"deployment": {"pending_operations": [{"type": "deleting"}]}}
    assert not remembered_in(exported).unfinished


@pytest.mark.process
def test_a_state_that_another_run_is_writing_is_read_again(
    tmp_path: Path, script: Callable[[str, str], Path]
) -> None:
    pulumi = script(
        "pulumi",
        """
        test -e finished && { echo '{"deployment": {}}'; exit 0; }
        echo 'error: failed to load checkpoint: EOF' >&2
        exit 1
        """,
    )
    patience = Patience(pause=lambda _seconds: (tmp_path / "finished").touch())
    engine = Engine(pulumi, "3.259.0", "cache", "")
    backend = Backend(engine, tmp_path, {}, tmp_path / "none", patience)
    assert backend.remembered("prod.gpu.train") == Remembered()
    assert (tmp_path / "finished").exists()


@pytest.mark.process
def test_a_state_that_stays_unreadable_is_an_outage(
    tmp_path: Path, script: Callable[[str, str], Path]
) -> None:
    pulumi = script("pulumi", "echo 'error: failed to load checkpoint: EOF' >&2\nexit 1\n")
    pauses: list[float] = []
    engine = Engine(pulumi, "3.259.0", "cache", "")
    backend = Backend(engine, tmp_path, {}, tmp_path / "none", Patience(pause=pauses.append))
    with pytest.raises(Outage, match="the state of stack prod.gpu.train cannot be read"):
        backend.remembered("prod.gpu.train")
    assert sum(pauses) == 5


def test_the_private_settings_keep_how_secrets_are_kept_and_no_credentials(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    text = yaml.safe_dump(
        {
            "encryptionsalt": "v1:salt",
            "config": {
                "digitalocean:token": {"secure": "v1:x"},
                "digitalocean:apiEndpoint": "https://api.example.com",
                "digitalocean:httpRetryMax": 9,
                "digitalocean:requestsPerSecond": 2,
                "infra-apply:fleet": "acme",
            },
        }
    )
    file.write_text(text)
    private = private_config(file, tmp_path)
    assert yaml.safe_load(private.read_text()) == {
        "encryptionsalt": "v1:salt",
        "config": {"digitalocean:requestsPerSecond": 2, "digitalocean:httpRetryMax": "0"},
    }
    assert file.read_text() == text


@pytest.mark.parametrize("broken", ["config: [", "- a\n", "config: 3", ""])
def test_a_broken_stack_file_says_nothing(broken: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_text(broken)
    private = private_config(tmp_path / "Pulumi.prod.yaml", tmp_path)
    assert yaml.safe_load(private.read_text()) == {"config": {"digitalocean:httpRetryMax": "0"}}


def test_a_stack_file_that_is_a_pipe_or_a_bomb_says_nothing(tmp_path: Path) -> None:
    for write in (os.mkfifo, lambda path: Path(path).write_text("[" * 100_000)):
        write(tmp_path / "Pulumi.prod.yaml")
        private = private_config(tmp_path / "Pulumi.prod.yaml", tmp_path)
        assert yaml.safe_load(private.read_text())["config"].keys() == {"digitalocean:httpRetryMax"}
        (tmp_path / "Pulumi.prod.yaml").unlink()


def test_the_provider_gets_the_account_that_was_looked_at() -> None:
    given = {"DIGITALOCEAN_TOKEN": "other", "HOME": "/h"}
    assert engine_environ(given, endpoint="http://127.0.0.1:1", token="mine") == {
        "DIGITALOCEAN_API_URL": "http://127.0.0.1:1",
        "DIGITALOCEAN_TOKEN": "mine",
        "HOME": "/h",
    }


@pytest.mark.parametrize("project", ["train", "geo.api", "a.gpu.b"])
def test_a_pool_s_stack_is_named_after_environment_and_project(project: str) -> None:
    assert naming.pool_of_stack(naming.pool_stack("dev", project)) == ("dev", project)


@pytest.mark.parametrize("stack", ["prod", "prod.gpu.", ".gpu.train", "prod.gpus.train"])
def test_no_other_stack_is_taken_for_a_pool_s(stack: str) -> None:
    assert naming.pool_of_stack(stack) is None


def test_a_slot_s_tag_is_one_that_the_provider_takes() -> None:
    assert naming.is_tag(naming.slot_tag("acme", "geo.api-dev", "aaaaaa"))
