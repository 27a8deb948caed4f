"""Which of PostgreSQL's programs are used."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.rehearsal.postgres import binaries
from infra_apply.rehearsal.postgres.binaries import (
    Installation,
    Unavailable,
    choose,
    find_installations,
)
from infra_apply.rehearsal.postgres.clusters import max_connections
from tests.rehearsal.postgres.required import require_postgres

MAJORS = st.integers(min_value=9, max_value=30)


@given(st.sets(MAJORS, min_size=1), MAJORS)
def test_the_cluster_s_version_is_used_else_the_nearest_newer_else_the_newest(
    there: set[int], wanted: int
) -> None:
    installations = [Installation(major, Path(f"/{major}")) for major in there]
    chosen = choose(installations, wanted).major
    assert chosen in there
    if wanted in there:
        assert chosen == wanted
    elif chosen > wanted:
        assert not any(wanted <= major < chosen for major in there)
    else:
        assert chosen == max(there)


@pytest.mark.parametrize(
    ("size", "connections"),
    [
        ("db-s-1vcpu-1gb", 25),
        ("db-s-2vcpu-4gb", 100),
        ("gd-40vcpu-160gb", 1000),
        ("db-amd-1vcpu-2gb", 50),
        ("unheard of", 25),
        ("db-s-1vcpu-0gb", 25),
    ],
)
def test_a_cluster_has_as_many_connections_as_digitalocean_documents(
    size: str, connections: int
) -> None:
    assert max_connections(size) == connections


def test_without_programs_the_reason_is_that_it_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="not installed"):
        find_installations([tmp_path])


def programs(folder: Path, body: str) -> Path:
    """Write a folder of programs that do what a shell's lines say."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.process
def test_of_one_major_version_the_first_is_used(tmp_path: Path) -> None:
    require_postgres()
    first, second, other = (
        programs(tmp_path / name, f"echo 'postgres (PostgreSQL) {version}'")
        for name, version in (("a", "16.4 (Debian 16.4-1)"), ("b", "16.9"), ("c", "18beta1"))
    )
    installations = find_installations([second, first, other])
    assert [installation.major for installation in installations] == [16, 18]
    assert [installation.programs for installation in installations] == [second, other]


@pytest.mark.process
def test_programs_that_do_not_run_are_the_reason(tmp_path: Path) -> None:
    require_postgres()
    folder = programs(tmp_path / "bin", "echo no libpq >&2; exit 1")
    with pytest.raises(Unavailable, match="postgres does not run: no libpq"):
        find_installations([folder])


def test_root_needs_a_way_to_be_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = programs(tmp_path / "bin", "exit 1")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(Unavailable, match="does not run as root, and there is no `unshare`"):
        find_installations([folder])


def test_where_a_user_namespace_is_refused_the_reason_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "unshare: Operation not permitted\n")

    folder = programs(tmp_path / "bin", "exit 1")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(binaries, "run_program", refuse)
    with pytest.raises(Unavailable, match="as root, and unshare: Operation not permitted"):
        find_installations([folder])
