"""The credentials of a stack file: read as the rest of it is, and never through a link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra_apply.cli.common.credentials import configured_credentials
from infra_apply.inputs.pulumi_project import Project

TEXT = "config:\n  digitalocean:token: {secure: v1:x}\n  digitalocean:apiEndpoint: https://a.test\n"
NOTHING = {"token": None, "apiEndpoint": None}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "project" / "stacks").mkdir(parents=True)
    return Project(tmp_path / "project", "company", tmp_path / "project" / "stacks")


def test_they_are_given_as_they_are_written(project: Project) -> None:
    project.stack_file("prod").write_text(TEXT)
    expected = {"token": {"secure": "v1:x"}, "apiEndpoint": "https://a.test"}
    assert configured_credentials(project.stack_file("prod"), project) == expected


def test_a_link_out_of_the_project_is_not_followed(project: Project, tmp_path: Path) -> None:
    (tmp_path / "others.yaml").write_text(TEXT)
    project.stack_file("prod").symlink_to(tmp_path / "others.yaml")
    assert configured_credentials(project.stack_file("prod"), project) == NOTHING


def test_a_file_that_was_named_may_be_a_link(project: Project, tmp_path: Path) -> None:
    (tmp_path / "others.yaml").write_text(TEXT)
    (tmp_path / "Pulumi.prod.yaml").symlink_to(tmp_path / "others.yaml")
    given = configured_credentials(tmp_path / "Pulumi.prod.yaml", project)
    assert given["apiEndpoint"] == "https://a.test"


def test_a_pipe_is_not_waited_for_and_a_bomb_is_nothing(project: Project) -> None:
    os.mkfifo(project.stack_file("pipe"))
    assert configured_credentials(project.stack_file("pipe"), project) == NOTHING
    project.stack_file("bomb").write_text("config: " + "[" * 100_000)
    assert configured_credentials(project.stack_file("bomb"), project) == NOTHING
    assert configured_credentials(project.stack_file("none"), project) == NOTHING
