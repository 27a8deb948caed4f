"""Where locks and records lie, read and deleted one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from infra_apply.engine.install.find import Engine
from infra_apply.engine.lock.model import Lock, Machine, Process, RunRecord
from infra_apply.engine.lock.site import LockSite, file_backend, find_site

RECORD = RunRecord(Machine("box", None, "boot", None), Process(2, "x"), Process(1, "y"))


@pytest.fixture
def site(tmp_path: Path) -> LockSite:
    (tmp_path / "locks").mkdir()
    return LockSite("dev", "file:///s", tmp_path / "locks", tmp_path / "records")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n")
    return folder


def write_lock(site: LockSite, name: str, content: str = "{}") -> Lock:
    assert site.locks is not None
    (site.locks / name).write_text(content)
    (site.locks / f"{name}.attrs").write_text("{}")
    return next(lock for lock in site.read_locks() if lock.name == name)


@pytest.mark.parametrize(
    ("backend", "folder"),
    [
        ("file:///var/state", "/var/state"),
        ("file:///var/my%20state?no_tmp_dir=true", "/var/my state"),
        ("file:///srv/infra/state?metadata=skip", "/srv/infra/state"),
        ("file://../state", "/work/state"),
        ("file://.", "/work/project"),
        ("s3://bucket/state", None),
        ("https://api.pulumi.com/ada", None),
        ("", None),
    ],
)
def test_a_backend_that_is_a_folder_is_found_as_the_engine_finds_it(
    backend: str, folder: str | None
) -> None:
    expected = Path(folder) if folder else None
    assert file_backend(backend, Path("/work/project")) == expected


def test_the_home_of_a_backend_is_the_system_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/elsewhere")
    home = file_backend("file://~", Path("/work"))
    assert home is not None and home != Path("/elsewhere") and home.is_absolute()
    assert file_backend("file://~/state", Path("/work")) == home / "state"


def test_the_locks_of_a_folder_are_beside_its_stacks_and_the_records_are_no_locks(
    project: Path,
) -> None:
    environ = {"PULUMI_BACKEND_URL": "file:///s"}
    site = find_site(Engine(Path("none"), "3.259.0", "cache", ""), project, "dev", environ)
    assert site.locks == Path("/s/.pulumi/locks/organization/tiny/dev")
    assert site.records == Path("/s/.pulumi/infra-apply/runs/organization/tiny/dev")


def test_records_of_another_backend_s_stacks_are_the_user_s_each_stack_s_its_own(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "own"))
    engine = Engine(Path("none"), "3.259.0", "cache", "")
    sites = [
        find_site(engine, project, stack, {"PULUMI_BACKEND_URL": backend})
        for stack in ("dev", "prod")
        for backend in ("s3://a", "s3://b")
    ]
    assert {site.locks for site in sites} == {None}
    assert len({site.records for site in sites}) == 4
    assert all(site.read_locks() == () for site in sites)


@pytest.mark.process
def test_without_a_variable_the_engine_itself_names_its_backend(
    project: Path, script: Callable[[str, str], Path]
) -> None:
    pulumi = script("own/pulumi", """echo '{"user": "ada", "url": "file:///from/login"}'\n""")
    site = find_site(Engine(pulumi, "3.259.0", "cache", ""), project, "dev", {})
    assert site.locks == Path("/from/login/.pulumi/locks/organization/tiny/dev")


@pytest.mark.process
def test_an_engine_that_names_no_backend_leaves_the_explanation_to_the_run(
    project: Path, script: Callable[[str, str], Path]
) -> None:
    pulumi = script("own/pulumi", "echo 'error: not logged in' >&2\nexit 1\n")
    assert find_site(Engine(pulumi, "3.259.0", "cache", ""), project, "dev", {}).locks is None


@pytest.mark.parametrize(
    ("backend", "place"),
    [
        ("s3://state/acme?endpoint=x&secret=hush", "s3://state/acme"),
        ("postgres://ada:hush@db:5432/state", "postgres://db/state"),
        ("file:///var/state", "file:///var/state"),
    ],
)
def test_the_place_of_a_stack_is_named_without_secrets(
    backend: str, place: str, tmp_path: Path
) -> None:
    assert LockSite("dev", backend, None, tmp_path).place == place


def test_exactly_one_lock_is_deleted(site: LockSite) -> None:
    mine = write_lock(site, "a.json")
    theirs = write_lock(site, "b.json")
    assert site.delete_lock(mine)
    assert site.read_locks() == (theirs,)
    assert site.locks is not None
    assert sorted(file.name for file in site.locks.iterdir()) == ["b.json", "b.json.attrs"]


def test_a_lock_that_changed_since_it_was_read_stays(site: LockSite) -> None:
    before = write_lock(site, "a.json")
    after = write_lock(site, "a.json", '{"pid": 3}')
    assert not site.delete_lock(before)
    assert site.read_locks() == (after,)


def test_a_lock_that_is_gone_is_not_deleted_again(site: LockSite) -> None:
    lock = write_lock(site, "a.json")
    assert site.delete_lock(lock)
    assert not site.delete_lock(lock)


def test_a_lock_file_that_cannot_be_read_is_a_lock(site: LockSite) -> None:
    assert site.locks is not None
    (site.locks / "a.json").mkdir()
    assert site.read_locks() == (Lock("a.json", b"", None),)


def test_a_record_is_kept_whole_and_replaced_in_its_place(site: LockSite) -> None:
    file = site.write_record(RECORD)
    other = site.write_record(RECORD)
    bound = RunRecord(RECORD.machine, RECORD.engine, RECORD.command, "a.json")
    assert site.write_record(bound, file) == file
    assert site.read_records() == {file: bound, other: RECORD}
    (site.records / "broken.json").write_text("{")
    assert set(site.read_records()) == {file, other}
    site.delete_record(file)
    site.delete_record(file)
    assert set(site.read_records()) == {other}
