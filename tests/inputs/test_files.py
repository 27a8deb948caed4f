"""A file is read no further than its limit, and written at once or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from infra_apply.errors import Outage, Refusal
from infra_apply.inputs.files import content, create, replace, write


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


def traps(folder: Path) -> dict[str, Path]:
    """What may stand where a file is to be written, by name; `precious` is what they lead to."""
    (folder / "precious").write_text("kept")
    places = {name: folder / name.replace(" ", "-") for name in TRAPS}
    places["link to a file"].symlink_to(folder / "precious")
    places["dangling link"].symlink_to(folder / "nowhere")
    places["link to a folder"].symlink_to(folder)
    places["link to a device"].symlink_to("/dev/null")
    os.mkfifo(places["pipe"])
    places["folder"].mkdir()
    return places


TRAPS = ("link to a file", "dangling link", "link to a folder", "link to a device", "pipe",
         "folder")  # fmt: skip


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("trap", TRAPS)
def test_no_link_is_written_through_and_no_pipe_is_waited_for(
    tmp_path: Path, trap: str, private: bool
) -> None:
    path = traps(tmp_path)[trap]
    names, mode = sorted(tmp_path.iterdir()), path.lstat().st_mode
    with pytest.raises(Refusal, match="cannot be written: it is"):
        write(path, b"text", private=private)
    with pytest.raises(FileExistsError):
        create(path, b"text", private=private)
    assert (tmp_path / "precious").read_text() == "kept"
    assert (sorted(tmp_path.iterdir()), path.lstat().st_mode) == (names, mode)


def test_a_device_is_never_replaced() -> None:
    with pytest.raises(Refusal, match="no regular file"):
        write(Path(os.devnull), b"text")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)  # noqa: PTH116


@pytest.mark.parametrize("name", ["nowhere/file", "x" * 300, "nul\0", "half\ud800", "file/below"])
def test_a_file_that_cannot_be_is_an_outage(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    for put in (write, create):
        with pytest.raises(Outage, match="cannot be written"):
            put(tmp_path / name, b"text")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("former", "private", "after"),
    [
        (None, False, 0o640),
        (None, True, 0o600),
        (0o600, False, 0o600),
        (0o666, False, 0o666),
        (0o4755, False, 0o755),
        (0o644, True, 0o600),
        (0o400, True, 0o600),
    ],
)
def test_a_file_that_is_written_may_be_read_by_nobody_new(
    tmp_path: Path, former: int | None, private: bool, after: int
) -> None:
    file = tmp_path / "file"
    if former is not None:
        file.write_text("longer than what follows")
        file.chmod(former)
    kept = os.umask(0o027)
    try:
        write(file, b"text", private=private)
    finally:
        os.umask(kept)
    assert file.read_bytes() == b"text"
    assert stat.S_IMODE(file.stat().st_mode) == after
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_who_reads_while_a_file_is_written_reads_all_of_one_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    seen = []
    settle = os.fsync

    def look(descriptor: int) -> None:
        seen.append(file.read_bytes())
        settle(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    write(file, b"new")
    assert seen == [b"old", b"new"], "before it is put in place, and after"


def test_where_a_file_is_made_meanwhile_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    monkeypatch.setattr(os, "fsync", lambda _: file.write_bytes(b"theirs"))
    with pytest.raises(FileExistsError):
        create(file, b"ours")
    assert file.read_bytes() == b"theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_belongs_to_a_group_that_is_not_ours_is_not_opened_to_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    file.chmod(0o664)

    def refuse(*_: int) -> None:
        raise PermissionError

    real = os.fstat
    monkeypatch.setattr(os, "fchown", refuse)
    monkeypatch.setattr(
        os, "fstat", lambda number: os.stat_result((*real(number)[:5], 99, 0, 0, 0, 0))
    )
    write(file, b"new")
    monkeypatch.undo()
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
