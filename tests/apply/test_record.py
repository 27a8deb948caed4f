"""The log of runs: who, when, from which commits, what; and nothing secret."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra_apply.apply.record import append, commits_of, entry
from tests.apply.steps import outcome, step

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)


def test_a_line_names_what_was_changed_and_no_value(tmp_path: Path) -> None:
    run = outcome(
        step("create", "Droplet", "lime", inputs={"userData": "hunter2"}),
        step("create", "Droplet", "basil", status="failed"),
        step("same", "Firewall", "lime"),
    )
    line = entry("prod", tmp_path, run, {"/c": "abc"}, now=NOW)
    assert line["at"] == "2026-11-25T10:00:00+00:00"
    assert "@" in line["who"]
    assert (line["stack"], line["commits"], line["ok"]) == ("prod", {"/c": "abc"}, True)
    assert [(change["op"], change["name"]) for change in line["changes"]] == [("create", "lime")]
    assert "hunter2" not in json.dumps(line)


def test_lines_are_appended_to_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "state" / "log.jsonl"
    append(file, {"stack": "prod"})
    append(file, {"stack": "dev"})
    assert [json.loads(line)["stack"] for line in file.read_text().splitlines()] == ["prod", "dev"]
    assert file.stat().st_mode & 0o077 == 0


def test_a_log_that_is_a_link_or_a_pipe_is_not_written_to(tmp_path: Path) -> None:
    """The attack: an account folder in a clone, with `log.jsonl -> ~/.bashrc`."""
    precious, file = tmp_path / ".bashrc", tmp_path / "log.jsonl"
    precious.write_text("kept")
    for target in (precious, tmp_path / "elsewhere"):
        file.symlink_to(target)
        with pytest.raises(OSError, match="symbolic link"):
            append(file, {"stack": "prod"})
        file.unlink()
    os.mkfifo(file)
    with pytest.raises(OSError, match=str(file)):
        append(file, {"stack": "prod"})
    assert precious.read_text() == "kept"
    assert sorted(tmp_path.iterdir()) == [precious, file]


@pytest.mark.process
def test_each_repository_is_named_once_with_its_commit(tmp_path: Path) -> None:
    repository = tmp_path / "shop"
    (repository / "deep").mkdir(parents=True)
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    commits = commits_of([repository, repository / "deep", tmp_path])
    assert commits == {str(repository): head.stdout.strip()}
