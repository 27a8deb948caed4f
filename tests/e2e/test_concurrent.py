"""Several runs on one stack at once, killed ones, and a state that cannot be read or written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.companies import manifest, write
from tests.e2e.shell import Shell
from tests.schedules.strike import MARK, kill

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

SETTINGS = {"network": {"ssh": ["198.51.100.0/24"]}, "fleet": "acme"}
COMPANY = {
    "wiki/.infra.yaml": manifest(
        "wiki",
        service={"host": "lime", "port": 8081},
        database={"cluster": "shared-pg", "name": "wiki", "user": "wiki"},
    )
}
BACKEND = Path("engine/state/.pulumi")
STATE = BACKEND / "stacks/infra-apply/prod.json"


@pytest.fixture
def company(tmp_path: Path, shell: Callable[[Path], Shell]) -> Shell:
    company = shell(write(tmp_path, COMPANY, settings=SETTINGS))
    slow_droplet = "[{method: POST, path: /v2/droplets, when: after, delay: 8}]"
    (company.project / "faults.yaml").write_text(slow_droplet)
    return company


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A company whose stack is applied; the tests that share it change nothing of it."""
    folder = tmp_path_factory.mktemp("applied")
    company = Shell(write(folder, COMPANY, settings=SETTINGS), folder / "account")
    company.json("up")
    return company


def start(company: Shell, verb: str, *words: str, mark: str = "") -> subprocess.Popen[str]:
    """Start a verb of a rehearsal that `kill(mark)` ends; go on without waiting for its end."""
    return company.start(verb, *words, env={**os.environ, MARK: mark})


def wait_until(happened: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until something has happened in a run that is under way."""
    while not happened():
        assert process.poll() is None, process.communicate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)


def is_locked(company: Shell) -> bool:
    return any((company.account / BACKEND / "locks").rglob("*.json"))


def has_droplet(company: Shell) -> bool:
    file = company.account / "account.json"
    return file.exists() and bool(json.loads(file.read_text())["droplets"])


@contextmanager
def standing_still(company: Shell, process: subprocess.Popen[str]) -> Iterator[None]:
    """Stop the engine of a run while its droplet is being made, and let it go on afterwards."""
    wait_until(lambda: has_droplet(company), process)
    (lock,) = (company.account / BACKEND / "locks").rglob("*.json")
    engine = int(json.loads(lock.read_text())["pid"])
    os.kill(engine, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(engine, signal.SIGCONT)


def end(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    stdout, stderr = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def names(company: Shell) -> list[list[str]]:
    """The droplets, firewalls, and databases and users that were made."""
    account = company.state_of_account()
    (cluster,) = account["databases"]
    return [
        [droplet["name"] for droplet in account["droplets"]],
        [firewall["name"] for firewall in account["firewalls"]],
        [held["name"] for held in cluster["dbs"] if held["name"] != "defaultdb"],
        [user["name"] for user in cluster["users"] if user["name"] != "doadmin"],
    ]


ONCE = [["lime"], ["acme-lime"], ["wiki"], ["wiki"]]


def test_two_runs_that_start_at_once_on_nothing_both_end_and_make_each_thing_once(
    company: Shell,
) -> None:
    runs = [end(process) for process in (start(company, "up"), start(company, "up"))]
    assert [run.returncode for run in runs] == [0, 0], runs
    assert sorted(run.stdout.splitlines()[-1] for run in runs) == ["9 created", "9 unchanged"]
    assert names(company) == ONCE


def test_a_second_run_waits_and_says_for_whom_and_a_preview_says_that_somebody_is_at_work(
    company: Shell,
) -> None:
    first = start(company, "up", "--faults", "faults.yaml")
    with standing_still(company, first):
        second = start(company, "up")
        said = next((line for line in second.stderr or () if "which is at work" in line), "")
        looked = end(start(company, "preview"))
    assert "stack prod is being worked on by " in looked.stderr
    assert "Traceback" not in looked.stderr
    assert "9 to create" not in looked.stdout
    waited, done = end(second), end(first)
    assert (done.returncode, waited.returncode) == (0, 0), (done, waited)
    assert ", which is at work) since 20" in said
    assert "9 created" in done.stdout
    assert "9 unchanged" in waited.stdout
    assert names(company) == ONCE


def test_plain_pulumi_beside_a_run_names_who_holds_the_lock_and_changes_nothing(
    company: Shell,
) -> None:
    first = start(
        company, "exec", "--faults", "faults.yaml", "--", "pulumi", "up", "--yes", "--skip-preview"
    )
    with standing_still(company, first):
        second = company.pulumi("pulumi up --yes --skip-preview 2>&1; echo code $?; pulumi preview")
    assert "the stack is currently locked by 1 lock(s)" in second.stdout
    assert "code 0" not in second.stdout
    assert "Traceback" not in second.stdout + second.stderr
    done = end(first)
    assert done.returncode == 0, done
    assert names(company) == ONCE
    assert company.json("up")["steps"] == []


def test_the_lock_of_a_killed_run_is_lifted_by_the_next_one_which_says_so(company: Shell) -> None:
    mark = uuid.uuid4().hex
    killed = start(company, "up", "--faults", "faults.yaml", mark=mark)
    wait_until(lambda: has_droplet(company), killed)
    kill(mark)
    end(killed)
    assert is_locked(company)
    healed = company.rehearse("up")
    assert healed.returncode == 0, healed.stderr
    assert "prod: the run that held its lock is gone" in healed.stderr
    assert "the lock is lifted" in healed.stderr
    assert names(company) == ONCE
    assert company.json("up")["steps"] == []


@contextmanager
def in_place_of(path: Path, text: str) -> Iterator[None]:
    """Put a file in the place of what is at a path while the block runs."""
    away = path.with_name("away")
    path.rename(away)
    path.write_text(text)
    try:
        yield
        assert path.read_text() == text, "it was written over"
    finally:
        path.unlink()
        away.rename(path)


def newer(state: str) -> str:
    return json.dumps({**json.loads(state), "version": 99})


def with_a_new_feature(state: str) -> str:
    return json.dumps({**json.loads(state), "version": 4, "features": ["from-tomorrow"]})


@pytest.mark.parametrize(
    ("broken", "reason", "way_on"),
    [
        (newer, "unsupported checkpoint version 99", "a newer one: infra-apply engine which"),
        (with_a_new_feature, "from-tomorrow", "a newer one: infra-apply engine which"),
        (lambda state: state[: len(state) // 2], "unexpected end of JSON input", "as .bak"),
        (lambda _: "", "unexpected end of JSON input", "as .bak"),
    ],
    ids=["of a newer engine", "with a new feature", "torn", "empty"],
)
def test_a_state_that_cannot_be_read_ends_every_run_before_it_does_anything(
    applied: Shell, broken: Callable[[str], str], reason: str, way_on: str
) -> None:
    before = (applied.account / "account.json").read_bytes()
    file = applied.account / STATE
    with in_place_of(file, broken(file.read_text())):
        for verb in ("preview", "up"):
            done = applied.rehearse(verb)
            assert (done.returncode, done.stdout) == (3, ""), done.stderr
            assert "the state of stack prod cannot be read: " in done.stderr
            assert reason in done.stderr
            assert "state: nothing was changed" in done.stderr
            assert way_on in done.stderr
        plain = applied.pulumi("pulumi up --yes --skip-preview 2>&1")
        assert plain.returncode != 0
        assert reason in plain.stdout
    assert (applied.account / "account.json").read_bytes() == before


@pytest.mark.parametrize(
    "folder", [BACKEND / "locks", BACKEND / "stacks"], ids=["of the locks", "of the stacks"]
)
def test_a_folder_of_the_state_that_cannot_be_written_ends_a_run_before_it_does_anything(
    applied: Shell, folder: Path
) -> None:
    before = (applied.account / "account.json").read_bytes()
    state = (applied.account / STATE).read_bytes()
    with in_place_of(applied.account / folder, ""):
        done = applied.rehearse("up")
        assert (done.returncode, done.stdout) == (3, ""), done.stderr
        assert "not a directory" in done.stderr
        assert "state: nothing was changed" in done.stderr
        assert "next:  " in done.stderr
    assert (applied.account / "account.json").read_bytes() == before
    assert (applied.account / STATE).read_bytes() == state
