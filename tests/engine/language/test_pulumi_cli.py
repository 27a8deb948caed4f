"""`pulumi preview|up|destroy` as a user types them, with the real engine and our language host."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from infra_apply.engine.install.find import Engine

pytestmark = pytest.mark.engine

HOSTS = """
import pulumi
from parts import Host
lime = Host("lime")
Host("pip", pulumi.ResourceOptions(parent=lime))
pulumi.export("greeting", pulumi.Config().get("greeting"))
"""
PARTS = """
import pulumi
class Host(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("infra-apply:index:Host", name, {}, opts)
"""


@pytest.fixture
def pulumi(
    real_engine: Engine, engine_environ: Mapping[str, str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the CLI with a backend of its own."""
    return cli(real_engine, engine_environ)


@pytest.fixture(scope="module")
def pulumi_shared(
    real_engine: Engine, shared_environ: Mapping[str, str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the CLI with the backend that is only read."""
    return cli(real_engine, shared_environ)


def cli(
    engine: Engine, environ: Mapping[str, str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [engine.path, "--non-interactive", *arguments],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def test_a_program_is_previewed_applied_and_destroyed(
    pulumi: Callable[..., subprocess.CompletedProcess[str]], project: Callable[..., Path]
) -> None:
    folder = project(HOSTS, parts=PARTS)
    pulumi(folder, "stack", "init", "dev")
    pulumi(folder, "config", "set", "greeting", "hello")
    preview = pulumi(folder, "preview")
    assert preview.returncode == 0, preview.stderr
    assert "+ 3 to create" in preview.stdout
    up = pulumi(folder, "up", "--yes")
    assert up.returncode == 0, up.stderr
    assert json.loads(pulumi(folder, "stack", "output", "--json").stdout) == {"greeting": "hello"}
    destroy = pulumi(folder, "destroy", "--yes")
    assert destroy.returncode == 0, destroy.stderr
    assert "- 3 deleted" in destroy.stdout


def test_a_run_error_is_shown_as_it_is_without_a_traceback_and_exits_1(
    pulumi_shared: Callable[..., subprocess.CompletedProcess[str]], project: Callable[..., Path]
) -> None:
    folder = project(
        'import pulumi\nraise pulumi.RunError("a.yaml:1:2: error[IA1]: no\\n  hint: x")'
    )
    preview = pulumi_shared(folder, "preview", "--stack", "dev")
    assert preview.returncode == 1
    assert "error: a.yaml:1:2: error[IA1]: no\n      hint: x\n" in preview.stdout
    assert "Traceback" not in preview.stdout + preview.stderr


def test_any_other_error_is_shown_with_the_programs_own_frames(
    pulumi_shared: Callable[..., subprocess.CompletedProcess[str]], project: Callable[..., Path]
) -> None:
    folder = project("def f():\n    raise ValueError('oh')\nf()\n")
    preview = pulumi_shared(folder, "preview", "--stack", "dev")
    assert preview.returncode == 1
    assert "ValueError: oh" in preview.stdout
    assert f'{folder}/__main__.py", line 3, in <module>' in preview.stdout
    assert "runpy" not in preview.stdout


def test_the_names_in_an_error_steer_nobody_who_reads_it(
    pulumi_shared: Callable[..., subprocess.CompletedProcess[str]], project: Callable[..., Path]
) -> None:
    """The attack: an answer of the API quotes a tag, and the engine prints it into a CI's log."""
    folder = project("raise ValueError('the tag\\n::stop-commands::x\\x1b[2J##[error]')")
    preview = pulumi_shared(folder, "preview", "--stack", "dev")
    assert preview.returncode == 1
    printed = preview.stdout + preview.stderr
    assert "ValueError: the tag" in printed
    for steering in ("\n      ::stop", "\n::stop", "\x1b[2J", "##[error]"):
        assert steering not in printed


def test_a_program_that_exits_by_itself_says_its_code(
    pulumi_shared: Callable[..., subprocess.CompletedProcess[str]], project: Callable[..., Path]
) -> None:
    folder = project("import sys\nsys.exit(5)\n")
    preview = pulumi_shared(folder, "preview", "--stack", "dev")
    assert preview.returncode == 1
    assert "the program exited with code 5" in preview.stdout + preview.stderr


def test_a_program_runs_as_main_in_its_folder_and_what_it_prints_is_shown(
    pulumi_shared: Callable[..., subprocess.CompletedProcess[str]], project: Callable[..., Path]
) -> None:
    folder = project(
        """
        import os, sys
        print("out", __name__, os.getcwd(), sys.path[0], sys.argv[0])
        print("err", file=sys.stderr)
        """
    )
    preview = pulumi_shared(folder, "preview", "--stack", "dev")
    assert f"out __main__ {folder} {folder} {folder}" in preview.stdout
    assert "err" in preview.stdout


def test_pulumi_about_names_the_interpreter_and_install_leaves_packages_alone(
    pulumi_shared: Callable[..., subprocess.CompletedProcess[str]],
    project: Callable[..., Path],
    shared_environ: Mapping[str, str],
) -> None:
    folder = project(HOSTS, parts=PARTS)
    python = f"{shared_environ['VIRTUAL_ENV']}/bin/python"
    about = json.loads(pulumi_shared(folder, "about", "--stack", "dev", "--json").stdout)
    assert about["runtime"]["executable"] == python
    # Without --no-plugins it would download the provider's plugin.
    install = pulumi_shared(folder, "install", "--no-plugins")
    assert install.returncode == 0, install.stderr
    assert f"the program runs with {python}" in install.stdout
