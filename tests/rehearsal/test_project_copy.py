"""The copy of a project on which a rehearsal runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra_apply.inputs.pulumi_project import Project, find
from infra_apply.rehearsal.project_copy import copy_project

SETTINGS = {
    "encryptionsalt": "v1:real-salt",
    "config": {
        "infra-apply:fleet": "acme",
        "infra-apply:droplet": {"region": "nyc1", "size": {"secure": "cipher"}},
        "infra-apply:external": {"secure": "cipher"},
        "digitalocean:token": "dop_v1_real",
        "digitalocean:apiEndpoint": "https://api.digitalocean.com",
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    (folder / "stacks").mkdir(parents=True)
    write(
        folder / "Pulumi.yaml",
        {
            "name": "infra",
            "runtime": {"name": "python", "options": {"virtualenv": ".venv"}},
            "stackConfigDir": "stacks",
            "backend": {"url": "https://api.pulumi.com"},
            "plugins": {"providers": []},
            "config": {"digitalocean:httpRetryMax": {"value": "0"}},
        },
    )
    for stack in ("dev", "prod"):
        write(folder / "stacks" / f"Pulumi.{stack}.yaml", SETTINGS)
    return find(folder)


def write(file: Path, content: Any) -> None:
    file.write_text(yaml.safe_dump(content))


def load(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def test_only_our_own_settings_that_are_not_encrypted_are_copied(
    project: Project, tmp_path: Path
) -> None:
    copy = copy_project(project, "prod", tmp_path / "copy", None)
    for stack in ("dev", "prod"):
        assert load(copy / "stacks" / f"Pulumi.{stack}.yaml") == {
            "config": {"infra-apply:fleet": "acme"}
        }


def test_the_copy_runs_the_real_program_with_this_interpreter_and_no_backend(
    project: Project, tmp_path: Path
) -> None:
    copy = copy_project(project, "prod", tmp_path / "copy", None)
    assert load(copy / "Pulumi.yaml") == {
        "name": "infra",
        "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}},
        "main": str(project.folder),
        "stackConfigDir": "stacks",
        "config": {"digitalocean:httpRetryMax": {"value": "0"}},
    }


def test_how_often_the_provider_asks_is_copied_and_nothing_else_of_the_projects_configuration(
    project: Project, tmp_path: Path
) -> None:
    file = project.folder / "Pulumi.yaml"
    settings = load(file) | {
        "config": {"digitalocean:httpRetryMax": {"value": "0"}, "digitalocean:token": "dop_v1_x"}
    }
    file.write_text(yaml.safe_dump(settings))
    copy = copy_project(project, "prod", tmp_path / "copy", None)
    assert load(copy / "Pulumi.yaml")["config"] == {"digitalocean:httpRetryMax": {"value": "0"}}


def test_a_config_file_takes_the_place_of_its_stacks_file_alone(
    project: Project, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    write(other, {"config": {"infra-apply:fleet": "other"}})
    copy = copy_project(project, "prod", tmp_path / "copy", other)
    fleets = {
        stack: load(copy / "stacks" / f"Pulumi.{stack}.yaml")["config"]["infra-apply:fleet"]
        for stack in ("dev", "prod")
    }
    assert fleets == {"dev": "acme", "prod": "other"}


def test_a_second_copy_keeps_the_salt_of_the_rehearsals_own_state(
    project: Project, tmp_path: Path
) -> None:
    file = copy_project(project, "prod", tmp_path / "copy", None) / "stacks" / "Pulumi.prod.yaml"
    write(file, {"encryptionsalt": "v1:throwaway", "config": {"infra-apply:fleet": "old"}})
    copy_project(project, "prod", tmp_path / "copy", None)
    assert load(file) == {
        "encryptionsalt": "v1:throwaway",
        "config": {"infra-apply:fleet": "acme"},
    }
