"""Attacks on the cached engine, which gets the tokens of every run: it is refused, never run."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from infra_apply.engine.install import find, trust
from infra_apply.engine.install.find import Engine, Skipped

SUM = "0" * 64


@pytest.fixture
def binary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine in the cache, as an install leaves it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = find.cached_binary()
    path.parent.mkdir(parents=True)
    for name in ("pulumi", "pulumi-language-python"):
        (path.parent / name).write_text("#!/bin/sh\necho v3.259.0\n")
        (path.parent / name).chmod(0o755)
    trust.record(path.parent.parent)
    return path


def refused() -> str:
    """Return why the cached engine is refused."""
    candidate = find.examine_cached()
    assert isinstance(candidate, Skipped)
    assert candidate.untrusted
    assert "infra-apply engine install --force" in candidate.refusal().next_step
    return candidate.why


def test_an_engine_as_it_was_put_there_is_used_without_being_run(binary: Path) -> None:
    why = "version 3.259.0 in the cache, as it was put there"
    assert find.find({}) == Engine(binary, "3.259.0", "cache", why)


def test_a_swapped_engine_is_refused(binary: Path) -> None:
    facts = binary.stat()
    binary.write_text("#!/bin/sh\necho v3.259.9\n")  # of the same size
    os.utime(binary, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert refused() == (f"{binary} is not what was put there: its SHA-256 is not the recorded one")
    assert find.find({}) is None


def test_an_engine_that_was_found_right_before_is_refused_once_it_is_swapped(binary: Path) -> None:
    for _ in range(2):
        assert isinstance(find.examine_cached(), Engine)
    facts = binary.stat()
    binary.write_text("#!/bin/sh\necho v3.259.9\n")
    os.utime(binary, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert "its SHA-256 is not the recorded one" in refused()


def test_an_engine_is_hashed_once_and_again_when_its_file_was_touched(
    binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[Path] = []

    def hash_of(file: Path) -> str:
        hashed.append(file)
        return SUM

    monkeypatch.setattr(trust, "_hash", hash_of)
    (binary.parents[1] / trust.RECORD).write_text(f"{SUM}  bin/pulumi\n")
    for _ in range(3):
        find.examine_cached()
    assert hashed == [binary]
    os.utime(binary, ns=(1, 1))
    find.examine_cached()
    assert hashed == [binary, binary]


@pytest.mark.parametrize("trick", ["written by others", "a link"])
def test_a_note_that_others_may_write_vouches_for_nothing(
    binary: Path, tmp_path: Path, trick: str
) -> None:
    find.examine_cached()
    note = binary.parents[1] / trust.CHECKED
    text = note.read_text()
    binary.write_text("#!/bin/sh\necho v3.259.9\n")
    facts = binary.stat()
    numbers = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_ctime_ns)
    forged = f"{text.splitlines()[0]}\n{' '.join(map(str, numbers))}\n"
    if trick == "a link":
        note.unlink()
        (tmp_path / "forged").write_text(forged)
        note.symlink_to(tmp_path / "forged")
    else:
        note.write_text(forged)
        note.chmod(0o666)
    assert "its SHA-256 is not the recorded one" in refused()


@pytest.mark.parametrize("mode", [0o757, 0o775, 0o777])
def test_an_engine_that_others_may_write_is_refused(binary: Path, mode: int) -> None:
    binary.chmod(mode)
    assert refused() == f"{binary} is not run: others may write {binary} (mode {mode:04o})"


@pytest.mark.parametrize("above", range(4))
def test_a_folder_of_the_cache_that_others_may_write_is_refused(binary: Path, above: int) -> None:
    folder = binary.parents[above]
    folder.chmod(0o777)
    assert refused() == f"{binary} is not run: others may write {folder} (mode 0777)"


def test_the_folders_above_the_cache_are_its_owners_business(binary: Path) -> None:
    binary.parents[4].chmod(0o777)
    assert isinstance(find.examine_cached(), Engine)


@pytest.mark.parametrize("name", ["pulumi-language-python", "git"])
def test_a_program_beside_the_engine_that_others_may_write_is_refused(
    binary: Path, name: str
) -> None:
    (binary.parent / name).write_text("#!/bin/sh\n")
    (binary.parent / name).chmod(0o777)
    assert f"others may write {binary.parent / name}" in refused()


def test_a_record_that_others_may_write_is_refused(binary: Path) -> None:
    (binary.parents[1] / trust.RECORD).chmod(0o666)
    assert f"others may write {binary.parents[1] / trust.RECORD}" in refused()


@pytest.mark.parametrize("text", ["", "no sum\n", "\udcff\x00"])
def test_an_engine_beside_a_broken_record_is_refused(binary: Path, text: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    (binary.parents[1] / trust.RECORD).write_bytes(data)
    assert "is not what was put there" in refused()


@pytest.mark.parametrize("at", ["binary", "folder", "record"])
def test_another_users_engine_is_refused(
    binary: Path, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = binary.parents[1]
    path = {"binary": binary, "folder": folder, "record": folder / trust.RECORD}[at]
    _show_owner(path, 4711, monkeypatch)
    assert refused() == f"{binary} is not run: {path} belongs to another user (id 4711)"


def test_an_engine_that_root_put_there_serves_every_user(
    binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _show_owner(binary, 0, monkeypatch)
    assert isinstance(find.examine_cached(), Engine)


def _show_owner(path: Path, owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file look as if it belonged to somebody else."""
    real = Path.lstat

    def lstat(self: Path) -> os.stat_result:
        facts = list(real(self))
        if self == path:
            facts[stat.ST_UID] = owner
        return os.stat_result(facts)

    monkeypatch.setattr(Path, "lstat", lstat)


def _link_binary(binary: Path, elsewhere: Path) -> Path:
    binary.rename(elsewhere)
    binary.symlink_to(elsewhere)
    return binary


def _link_bin(binary: Path, elsewhere: Path) -> Path:
    binary.parent.rename(elsewhere)
    binary.parent.symlink_to(elsewhere)
    return binary.parent


def _link_cache(binary: Path, elsewhere: Path) -> Path:
    binary.parents[3].rename(elsewhere)
    binary.parents[3].symlink_to(elsewhere)
    return binary.parents[3]


def _link_host(binary: Path, elsewhere: Path) -> Path:
    host = binary.with_name("pulumi-language-python")
    host.rename(elsewhere)
    host.symlink_to(elsewhere)
    return host


@pytest.mark.parametrize("link", [_link_binary, _link_bin, _link_cache, _link_host])
def test_a_link_in_the_cache_is_refused(
    binary: Path, tmp_path: Path, link: Callable[[Path, Path], Path]
) -> None:
    linked = link(binary, tmp_path / "elsewhere")
    assert refused() == f"{binary} is not run: {linked} is a link"


@pytest.mark.process
def test_a_link_to_an_engine_on_the_path_does_not_take_that_engine_away(
    binary: Path, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    for file in tuple(binary.parent.iterdir()):
        file.rename(tmp_path / "bin" / file.name)
    binary.symlink_to(tmp_path / "bin" / "pulumi")
    engine = find.find({"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"})
    assert engine is not None
    assert (engine.path, engine.origin) == (tmp_path / "bin" / "pulumi", "path")


def test_what_an_install_leaves_nobody_else_may_write(binary: Path) -> None:
    folder = binary.parents[1]
    (folder / trust.RECORD).unlink()
    for path in (folder, binary.parent, binary):
        path.chmod(0o777)
    before = os.umask(0)
    try:
        trust.record(folder)
    finally:
        os.umask(before)
    assert isinstance(find.examine_cached(), Engine)
    assert (folder / trust.RECORD).read_text().endswith("  bin/pulumi\n")
