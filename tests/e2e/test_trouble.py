"""What a rehearsal is given may be wrong: words, the right exit code, no traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.companies import manifest, write
from tests.e2e.shell import Shell

pytestmark = pytest.mark.engine


@pytest.fixture
def company(tmp_path: Path, shell: Callable[[Path], Shell]) -> Shell:
    return shell(write(tmp_path, {"wiki/.infra.yaml": manifest("wiki", service={"host": "lime"})}))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--faults", "nowhere.yaml"), "nowhere.yaml: No such file or directory"),
        (("--faults", "Pulumi.yaml"), "must be a list of faults"),
        (("--account", "/proc/nowhere"), "/proc/nowhere: No such file or directory"),
        (("--clock", "0"), "0 is no number above 0"),
        (("--config-file", "nowhere/Pulumi.prod.yaml"), "does not exist"),
        (("-C", "nowhere"), "Pulumi.yaml cannot be read"),
    ],
)
def test_what_a_rehearsal_cannot_use_is_a_usage_error(
    company: Shell, flags: tuple[str, ...], words: str
) -> None:
    done = company.run("rehearse", "preview", *flags)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_an_account_that_was_broken_by_hand_is_named_and_left_as_it_is(company: Shell) -> None:
    company.account.mkdir()
    file = company.account / "account.json"
    file.write_text("{")
    done = company.rehearse("preview")
    assert done.returncode == 2
    assert f"{file} is not JSON" in done.stderr
    assert file.read_text() == "{"


def test_a_fault_that_is_played_ends_the_run_with_the_apis_words(company: Shell) -> None:
    faults = company.project / "faults.yaml"
    faults.write_text("[{method: POST, path: /v2/droplets, status: 422, times: 9}]")
    done = company.rehearse("up", "--faults", "faults.yaml")
    assert done.returncode == 1
    assert "422" in done.stderr
    assert "Traceback" not in done.stderr
    assert company.json("up")["changes"]["create"] == 1


def test_a_command_that_does_not_exist_is_a_usage_error(company: Shell) -> None:
    done = company.rehearse("exec", "--", "no-such-command")
    assert done.returncode == 2
    assert "no-such-command cannot be run" in done.stderr
