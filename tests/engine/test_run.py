"""The engine through the Automation API: outcomes, failures, locks and Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra_apply.engine import tree
from infra_apply.engine.events import Event, Phase, Step, Summary
from infra_apply.engine.install.find import Engine
from infra_apply.engine.run import Outcome, Verb, run
from infra_apply.errors import Outage, Retry, Usage

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
SLOW = """
import os
from slow import Slow
Slow("made")
"""
# A resource whose creation says that it has begun, and ends when it is told to.
SLOW_PARTS = """
import os, time
from pathlib import Path
from pulumi.dynamic import CreateResult, Resource, ResourceProvider
HERE = Path(__file__).parent
class Provider(ResourceProvider):
    def create(self, props):
        (HERE / "begun").touch()
        while not (HERE / "finish").exists():
            time.sleep(0.02)
        return CreateResult("an-id", {})
class Slow(Resource):
    def __init__(self, name):
        super().__init__(Provider(), name, {})
"""


@pytest.fixture
def go(real_engine: Engine, engine_environment: Mapping[str, str]) -> Callable[..., Outcome]:
    def call(verb: Verb, folder: Path, **given: Any) -> Outcome:
        options: dict[str, Any] = {
            "engine": real_engine,
            "stack": "dev",
            "environment": engine_environment,
            "on_event": lambda _event: None,
            "create_stack": True,
        }
        return run(verb, project=folder, **{**options, **given})

    return call


def ops(outcome: Outcome) -> dict[str, str]:
    return {step.name: step.op for step in outcome.steps}


def test_a_plan_is_a_value_and_draws_as_a_tree(
    go: Callable[..., Outcome], project: Callable[..., Path]
) -> None:
    outcome = go("preview", project(HOSTS))
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
    made = go("up", folder, on_event=events.append)
    assert made.ok
    assert set(ops(made).values()) == {"create"}
    assert [event for event in events if isinstance(event, Phase)] == [Phase(1), Phase(2)]
    assert Summary({"create": 4}) in events
    assert {step.status for step in made.steps} == {"done"}
    assert set(ops(go("preview", folder)).values()) == {"same"}
    assert go("refresh", folder).ok
    gone = go("destroy", folder)
    assert gone.ok
    assert gone.changes == {"delete": 4}


def test_a_run_error_is_an_outcome_with_the_programs_own_words(
    go: Callable[..., Outcome], project: Callable[..., Path]
) -> None:
    message = "a.yaml:1:2: error[IA1]: no\n  hint: x"
    outcome = go("up", project(f"import pulumi\nraise pulumi.RunError({message!r})\n"))
    assert not outcome.ok
    errors = [each.message for each in outcome.diagnostics if each.severity == "error"]
    assert errors == [message]


def test_what_a_failed_preview_planned_is_not_made(
    go: Callable[..., Outcome], project: Callable[..., Path]
) -> None:
    folder = project(f"{HOSTS}\nraise pulumi.RunError('no')\n")
    events: list[Event] = []
    assert not go("up", folder, on_event=events.append).ok
    assert Phase(2) not in events
    assert set(ops(go("preview", project(HOSTS))).values()) == {"create"}


def test_the_engine_gets_the_given_environment_only(
    go: Callable[..., Outcome], project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DIGITALOCEAN_TOKEN", "PULUMI_ACCESS_TOKEN", "SIZE"):
        monkeypatch.setenv(name, "leaked")
    program = "import os\nprint('leaks', [k for k, v in os.environ.items() if v == 'leaked'])\n"
    outcome = go("preview", project(program))
    assert [each.message for each in outcome.diagnostics] == ["leaks []"]


def test_a_config_file_from_elsewhere_is_used(
    go: Callable[..., Outcome], project: Callable[..., Path], tmp_path: Path
) -> None:
    config = tmp_path / "elsewhere.yaml"
    config.write_text("config:\n  tiny:greeting: hello\n")
    program = "import pulumi\nprint(pulumi.Config().get('greeting'))\n"
    outcome = go("preview", project(program), config_file=config)
    assert [each.message for each in outcome.diagnostics] == ["hello"]


def test_with_a_config_file_from_elsewhere_the_projects_files_stay_as_they_are(
    go: Callable[..., Outcome], project: Callable[..., Path], tmp_path: Path
) -> None:
    folder = project("")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  tiny:greeting: mine\n")
    before = {file: file.read_bytes() for file in folder.glob("*.*")}
    config = tmp_path / "elsewhere.yaml"
    config.write_text("config:\n  tiny:greeting: hello\n")
    assert go("up", folder, config_file=config).ok
    assert {file: file.read_bytes() for file in folder.glob("*.*")} == before


def test_a_function_runs_in_place_of_the_projects_program(
    go: Callable[..., Outcome], project: Callable[..., Path]
) -> None:
    import pulumi  # noqa: PLC0415

    def program() -> None:
        pulumi.ComponentResource("infra-apply:index:Slot", "k3x9qa")

    outcome = go("preview", project("raise SystemExit(9)"), program=program)
    assert outcome.ok
    assert ops(outcome) == {"tiny-dev": "create", "k3x9qa": "create"}


def test_the_stack_that_the_user_selected_stays_selected(
    go: Callable[..., Outcome],
    project: Callable[..., Path],
    real_engine: Engine,
    engine_environment: dict[str, str],
) -> None:
    folder = project(HOSTS)

    def pulumi(*words: str) -> str:
        return subprocess.run(
            [real_engine.path, *words],
            cwd=folder,
            env=engine_environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    pulumi("stack", "init", "mine")
    go("preview", folder, stack="prod")
    go("preview", folder, stack="prod")
    assert pulumi("stack", "--show-name") == "mine\n"


def test_an_unknown_stack_is_a_usage_error_that_lists_those_that_exist(
    go: Callable[..., Outcome], project: Callable[..., Path]
) -> None:
    folder = project(HOSTS)
    go("preview", folder)
    with pytest.raises(Usage, match=r"^no stack named prod in .*; there are: dev\n") as caught:
        go("preview", folder, stack="prod", create_stack=False)
    assert caught.value.next_step == "pulumi stack init prod"


def test_a_folder_without_a_project_is_a_usage_error(
    go: Callable[..., Outcome], tmp_path: Path
) -> None:
    with pytest.raises(Usage, match="is no Pulumi project"):
        go("preview", tmp_path)


def test_a_wrong_passphrase_is_a_usage_error(
    go: Callable[..., Outcome], project: Callable[..., Path], engine_environment: dict[str, str]
) -> None:
    folder = project(HOSTS)
    go("preview", folder)
    wrong = {**engine_environment, "PULUMI_CONFIG_PASSPHRASE": "other"}
    with pytest.raises(Usage, match="passphrase of its secrets is missing or wrong"):
        go("preview", folder, environment=wrong)


def test_an_engine_that_is_gone_is_an_outage(
    go: Callable[..., Outcome], project: Callable[..., Path], tmp_path: Path
) -> None:
    missing = Engine(tmp_path / "pulumi", "3.259.0", "cache", "")
    with pytest.raises(Outage, match="does not start: No such file") as caught:
        go("preview", project(HOSTS), engine=missing)
    assert caught.value.next_step == "infra-apply engine install"


def test_an_engine_that_is_killed_is_an_outage(
    go: Callable[..., Outcome],
    project: Callable[..., Path],
    script: Callable[[str, str], Path],
) -> None:
    dying = Engine(script("dying/pulumi", "kill -9 $$\n"), "3.259.0", "cache", "")
    with pytest.raises(Outage, match="the engine was ended by signal 9"):
        go("preview", project(HOSTS), engine=dying)


def test_a_locked_stack_names_its_holder_and_the_way_out(
    go: Callable[..., Outcome], project: Callable[..., Path]
) -> None:
    folder = project(SLOW, slow=SLOW_PARTS)
    outcomes: list[Outcome] = []
    first = threading.Thread(target=lambda: outcomes.append(go("up", folder)))
    first.start()
    try:
        wait_for(folder / "begun", first.is_alive)
        with pytest.raises(Retry) as caught:
            go("up", folder)
    finally:
        (folder / "finish").touch()
        first.join()
    assert " (process " in caught.value.tried
    assert " since 2" in caught.value.tried
    assert caught.value.next_step.endswith("pulumi cancel --stack dev")
    assert outcomes[0].ok


def test_ctrl_c_lets_the_engine_finish_what_is_in_flight_and_leaves_no_process(
    real_engine: Engine,
    engine_environment: dict[str, str],
    project: Callable[..., Path],
    go: Callable[..., Outcome],
) -> None:
    folder = project(SLOW, slow=SLOW_PARTS)
    program = textwrap.dedent(f"""
        import json, sys
        from pathlib import Path
        from infra_apply.engine.install.find import Engine
        from infra_apply.engine.run import run
        def on_tick():
            if Path({str(folder / "begun")!r}).exists():
                print("begun", flush=True)
        try:
            run("up", engine=Engine(Path({str(real_engine.path)!r}), "3.259.0", "cache", ""),
                project=Path({str(folder)!r}), stack="dev", create_stack=True,
                environment=json.loads(sys.argv[1]), on_event=lambda event: None, on_tick=on_tick)
        except KeyboardInterrupt:
            sys.exit(130)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program, json.dumps(engine_environment)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        (folder / "finish").touch()
        process.stdout.read()
    assert process.returncode == 130
    assert processes_with(engine_environment["PULUMI_HOME"]) == []
    after = go("preview", folder)
    assert ops(after)["made"] == "same"


def test_a_step_carries_what_the_engine_knows(
    go: Callable[..., Outcome], project: Callable[..., Path], engine_environment: dict[str, str]
) -> None:
    folder = project(SLOW, slow=SLOW_PARTS)
    (folder / "finish").touch()
    made = next(step for step in go("up", folder).steps if step.name == "made")
    assert isinstance(made, Step)
    assert (made.op, made.id, made.status, made.custom) == ("create", "an-id", "done", True)
    assert made.parent_urn.endswith("::tiny-dev")
    assert made.type == "pulumi-python:dynamic:Resource"
    assert "pulumi-python::default" in made.provider
    assert "[secret]" in json.dumps(dict(made.inputs))
    assert (Path(engine_environment["PULUMI_HOME"])).exists()


def wait_for(path: Path, going: Callable[[], bool]) -> None:
    while not path.exists():
        assert going(), f"{path.name} never came"


def processes_with(text: str) -> list[str]:
    """Name the processes whose environment holds `text`."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if text.encode() in environ.read_bytes():
                found.append((environ.parent / "cmdline").read_text())
        except OSError:
            continue
    return found
