"""A file is read no further than its limit, and replaced at once or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from infra_apply.errors import Outage, Refusal
from infra_apply.inputs.files import content, replace


def test_a_file_is_never_read_further_than_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"x" * 100_000)
    for limit in (0, 10, 16 * 1024, 99_999, 100_000, 200_000):
        assert len(content(str(path), limit)) == min(limit + 1, 100_000)


def test_content_changes_and_mode_and_symlink_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    file = tmp_path / "real" / "mesh.json"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link = tmp_path / "mesh.json"
    link.symlink_to("real/mesh.json")
    replace(link, b"old", b"new")
    assert link.is_symlink()
    assert os.readlink(link) == "real/mesh.json"  # noqa: PTH115 - as written, not resolved
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["mesh.json"]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "mesh.json"
    file.write_bytes(b"newer")
    with pytest.raises(Refusal, match="changed while"):
        replace(file, b"old", b"ours")
    assert file.read_bytes() == b"newer"
    assert list(tmp_path.iterdir()) == [file]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mesh.json"
    file.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Outage, match="no space left on device"):
        replace(file, b"old", b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_is_gone_is_an_outage(tmp_path: Path) -> None:
    with pytest.raises(Outage, match="no such file"):
        replace(tmp_path / "mesh.json", b"", b"new")
