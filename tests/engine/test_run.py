"""The engine through the Automation API: outcomes, failures, locks and Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra_apply.engine import tree
from infra_apply.engine.events import Event, Phase, Summary
from infra_apply.engine.install.find import Engine
from infra_apply.engine.run import Outcome, Verb, run
from infra_apply.errors import Outage, Retry, Usage
from tests.engine.slow_project import slow_project
from tests.engine.tiny_project import environ_below, write_project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

pytestmark = pytest.mark.engine

HOSTS = """
import os, pulumi
class Host(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("infra-apply:index:Host", name, {"size": os.environ.get("SIZE")}, opts)
fleet = Host("fleet")
for name in ("web10", "web2"):
    Host(name, pulumi.ResourceOptions(parent=fleet))
"""


@dataclass(frozen=True, slots=True)
class LockedRun:
    """What came of an `up` that held the stack's lock, and of a second one meanwhile."""

    first: Outcome
    second: Retry


@pytest.fixture(scope="module")
def locked_run(real_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> LockedRun:
    folder = tmp_path_factory.mktemp("locked")
    up = partial(runner(real_engine, environ_below(folder, real_engine)), "up")
    with slow_project(folder / "project") as slow, ThreadPoolExecutor(1) as pool:
        first = pool.submit(up, slow.folder)
        try:
            slow.wait_until_begun()
            with pytest.raises(Retry) as caught:
                up(slow.folder)
        finally:
            slow.finish()
        return LockedRun(first.result(), caught.value)


@pytest.fixture(scope="module")
def previewed(
    real_engine: Engine,
    shared_environ: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Outcome]:
    """Preview a project once; the engine has then written an encryption salt into its folder."""
    folder = write_project(tmp_path_factory.mktemp("previewed"), HOSTS)
    return folder, runner(real_engine, shared_environ)("preview", folder)


@pytest.fixture
def go(real_engine: Engine, engine_environ: Mapping[str, str]) -> Callable[..., Outcome]:
    """Run the engine with a backend of its own."""
    return runner(real_engine, engine_environ)


@pytest.fixture
def go_shared(real_engine: Engine, shared_environ: Mapping[str, str]) -> Callable[..., Outcome]:
    """Run the engine with the backend that is only read."""
    return runner(real_engine, shared_environ)


def runner(engine: Engine, environ: Mapping[str, str]) -> Callable[..., Outcome]:
    def call(verb: Verb, folder: Path, **overrides: Any) -> Outcome:
        options: dict[str, Any] = {
            "engine": engine,
            "stack": "dev",
            "environ": environ,
            "on_event": lambda _event: None,
            "create_stack": True,
        }
        return run(verb, pulumi_project=folder, **{**options, **overrides})

    return call


def ops(outcome: Outcome) -> dict[str, str]:
    return {step.name: step.op for step in outcome.steps}


def test_a_plan_is_a_value_and_draws_as_a_tree(previewed: tuple[Path, Outcome]) -> None:
    _, outcome = previewed
    assert outcome.ok
    assert outcome.changes == {"create": 4}
    assert tree.lines(outcome.steps, colour=False) == [
        "+ Stack tiny-dev",
        "+   Host fleet",
        "+     Host web2",
        "+     Host web10",
        "",
        "4 to create",
    ]


def test_a_life_of_up_refresh_and_destroy(
    go: Callable[..., Outcome], project: Callable[..., Path]
) -> None:
    folder = project(HOSTS)
    events: list[Event] = []
    applied = go("up", folder, on_event=events.append)
    assert applied.ok
    assert set(ops(applied).values()) == {"create"}
    assert [event for event in events if isinstance(event, Phase)] == [Phase(1), Phase(2)]
    assert Summary({"create": 4}) in events
    assert {step.status for step in applied.steps} == {"done"}
    assert set(ops(go("preview", folder)).values()) == {"same"}
    assert go("refresh", folder).ok
    gone = go("destroy", folder)
    assert gone.ok
    assert gone.changes == {"delete": 4}


def test_a_run_error_is_an_outcome_with_the_programs_own_words(
    go_shared: Callable[..., Outcome], project: Callable[..., Path]
) -> None:
    message = "a.yaml:1:2: error[IA1]: no\n  hint: x"
    outcome = go_shared("up", project(f"import pulumi\nraise pulumi.RunError({message!r})\n"))
    assert not outcome.ok
    errors = [
        diagnostic.message for diagnostic in outcome.diagnostics if diagnostic.severity == "error"
    ]
    assert errors == [message]


def test_what_a_failed_preview_planned_is_not_made(
    go: Callable[..., Outcome], project: Callable[..., Path]
) -> None:
    folder = project(f"{HOSTS}\nraise pulumi.RunError('no')\n")
    events: list[Event] = []
    assert not go("up", folder, on_event=events.append).ok
    assert Phase(2) not in events
    assert set(ops(go("preview", project(HOSTS))).values()) == {"create"}


def test_the_engine_gets_the_given_variables_only(
    go_shared: Callable[..., Outcome], project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DIGITALOCEAN_TOKEN", "PULUMI_ACCESS_TOKEN", "SIZE"):
        monkeypatch.setenv(name, "leaked")
    program = "import os\nprint('leaks', [k for k, v in os.environ.items() if v == 'leaked'])\n"
    outcome = go_shared("preview", project(program))
    assert [diagnostic.message for diagnostic in outcome.diagnostics] == ["leaks []"]


def test_a_config_file_from_elsewhere_is_used_and_the_projects_files_stay_as_they_are(
    go: Callable[..., Outcome], project: Callable[..., Path], tmp_path: Path
) -> None:
    folder = project("import pulumi\nprint(pulumi.Config().get('greeting'))\n")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  tiny:greeting: mine\n")
    contents = {file: file.read_bytes() for file in folder.glob("*.*")}
    config = tmp_path / "elsewhere.yaml"
    config.write_text("config:\n  tiny:greeting: hello\n")
    outcome = go("up", folder, config_file=config)
    assert outcome.ok
    assert [diagnostic.message for diagnostic in outcome.diagnostics] == ["hello"]
    assert {file: file.read_bytes() for file in folder.glob("*.*")} == contents


def test_a_function_runs_in_place_of_the_projects_program(
    go_shared: Callable[..., Outcome], project: Callable[..., Path]
) -> None:
    import pulumi  # noqa: PLC0415

    def program() -> None:
        pulumi.ComponentResource("infra-apply:index:Slot", "k3x9qa")

    outcome = go_shared("preview", project("raise SystemExit(9)"), program=program)
    assert outcome.ok
    assert ops(outcome) == {"tiny-dev": "create", "k3x9qa": "create"}


def test_a_function_and_the_engine_talk_past_a_dead_proxy(
    go_shared: Callable[..., Outcome],
    project: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    shared_environ: Mapping[str, str],
) -> None:
    import pulumi  # noqa: PLC0415

    names = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")
    proxies = {name: "http://127.0.0.1:9" for low in names for name in (low, low.upper())}
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)
    outcome = go_shared(
        "preview",
        project("raise SystemExit(9)"),
        program=lambda: pulumi.export("x", 1),
        environ={**shared_environ, **proxies},
    )
    assert outcome.ok, outcome.diagnostics


def test_the_stack_that_the_user_selected_stays_selected(
    go: Callable[..., Outcome],
    project: Callable[..., Path],
    real_engine: Engine,
    engine_environ: dict[str, str],
) -> None:
    folder = project(HOSTS)

    def pulumi(*words: str) -> str:
        return subprocess.run(
            [real_engine.path, *words],
            cwd=folder,
            env=engine_environ,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    pulumi("stack", "init", "mine")
    go("preview", folder, stack="prod")
    go("preview", folder, stack="prod")
    assert pulumi("stack", "--show-name") == "mine\n"


def test_an_unknown_stack_is_a_usage_error_that_lists_those_that_exist(
    go_shared: Callable[..., Outcome], previewed: tuple[Path, Outcome]
) -> None:
    folder, _ = previewed
    with pytest.raises(Usage, match=r"^no stack named prod in .*; there are: dev\n") as caught:
        go_shared("preview", folder, stack="prod", create_stack=False)
    assert caught.value.next_step == "pulumi stack init prod"


def test_a_folder_without_a_project_is_a_usage_error(
    go: Callable[..., Outcome], tmp_path: Path
) -> None:
    with pytest.raises(Usage, match="is no Pulumi project"):
        go("preview", tmp_path)


def test_a_wrong_passphrase_is_a_usage_error(
    go_shared: Callable[..., Outcome],
    previewed: tuple[Path, Outcome],
    shared_environ: dict[str, str],
) -> None:
    folder, _ = previewed
    wrong = {**shared_environ, "PULUMI_CONFIG_PASSPHRASE": "other"}
    with pytest.raises(Usage, match="passphrase of its secrets is missing or wrong"):
        go_shared("preview", folder, environ=wrong)


def test_an_engine_that_is_gone_is_an_outage(
    go: Callable[..., Outcome], project: Callable[..., Path], tmp_path: Path
) -> None:
    missing = Engine(tmp_path / "pulumi", "3.259.0", "cache", "")
    with pytest.raises(Outage, match="does not start: No such file") as caught:
        go("preview", project(HOSTS), engine=missing)
    assert caught.value.next_step == "infra-apply engine install --force"


def test_an_engine_that_is_killed_is_an_outage(
    go: Callable[..., Outcome],
    project: Callable[..., Path],
    script: Callable[[str, str], Path],
) -> None:
    dying = Engine(script("dying/pulumi", "kill -9 $$\n"), "3.259.0", "cache", "")
    with pytest.raises(Outage, match="the engine was ended by signal 9"):
        go("preview", project(HOSTS), engine=dying)


def test_a_locked_stack_names_its_holder_and_the_way_out(locked_run: LockedRun) -> None:
    assert locked_run.first.ok
    (holder,) = locked_run.second.holders
    assert locked_run.second.message == (
        f"stack dev is locked by {holder.user} (process {holder.pid}) since {holder.since}"
    )
    assert locked_run.second.next_step == "wait for it and run this again"


def test_a_step_carries_what_the_engine_knows(locked_run: LockedRun) -> None:
    step = next(step for step in locked_run.first.steps if step.name == "made")
    assert (step.op, step.id, step.status, step.custom) == ("create", "an-id", "done", True)
    assert step.parent_urn.endswith("::tiny-dev")
    assert step.type == "pulumi-python:dynamic:Resource"
    assert "pulumi-python::default" in step.provider
    assert "[secret]" in json.dumps(dict(step.inputs))


def test_ctrl_c_lets_the_engine_finish_what_is_in_flight_and_leaves_no_process(
    real_engine: Engine,
    engine_environ: dict[str, str],
    go: Callable[..., Outcome],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "project"
    program = textwrap.dedent(f"""
        import json, sys
        from pathlib import Path
        from infra_apply.engine.install.find import Engine
        from infra_apply.engine.run import run
        try:
            run("up", engine=Engine(Path({str(real_engine.path)!r}), "3.259.0", "cache", ""),
                pulumi_project=Path({str(folder)!r}), stack="dev", create_stack=True,
                environ=json.loads(sys.argv[1]), on_event=lambda event: None)
        except KeyboardInterrupt:
            sys.exit(130)
    """)
    command = [sys.executable, "-c", program, json.dumps(engine_environ)]
    with slow_project(folder) as slow, subprocess.Popen(command) as process:
        slow.wait_until_begun()
        process.send_signal(signal.SIGINT)
        slow.finish()
    assert process.returncode == 130
    assert processes_with(engine_environ["PULUMI_HOME"]) == []
    preview = go("preview", folder)
    assert ops(preview)["made"] == "same"


def processes_with(text: str) -> list[str]:
    """Name the processes whose variables hold `text`."""
    commands = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if text.encode() in environ.read_bytes():
                commands.append((environ.parent / "cmdline").read_text())
        except OSError:
            continue
    return commands
