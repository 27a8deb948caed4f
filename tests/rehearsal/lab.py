"""A stack on a simulated account, under the real engine and the stand-in plugin."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi import automation as auto
from pulumi.automation._stack import StackInitMode

from infra_apply.rehearsal.plugin.install import install
from infra_apply.rehearsal.simulator.faults import Fault
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import Server, serve
from tests.warm import interpreter

CACHED = Path.home() / ".cache/infra-apply/engine/v3.259.0/bin/pulumi"
ENGINE = os.environ.get("INFRA_APPLY_TEST_ENGINE") or shutil.which("pulumi") or str(CACHED)
SDK = "4.84.1"
CLOCK = 40


class ReadyWorkspace(auto.LocalWorkspace):
    """Its stack is there: to ask for it takes as long as a quarter of a preview."""

    def select_stack(self, stack_name: str) -> None:
        """Do nothing."""


class QuietStack(auto.Stack):
    """Asks for outputs only where a test wants them, not after every update."""

    def outputs(self) -> auto.OutputMap:
        """Return nothing."""
        return {}

    def asked_outputs(self) -> auto.OutputMap:
        return super().outputs()


@dataclass(frozen=True, slots=True)
class Lab:
    """A stack on a simulated account; programs are given run by run."""

    server: Server
    directory: Path

    def stack(self, program: Callable[[], None], url: str | None = None) -> QuietStack:
        return QuietStack("dev", self.workspace(program, url), StackInitMode.SELECT)

    def workspace(
        self, program: Callable[[], None] | None = None, url: str | None = None
    ) -> ReadyWorkspace:
        environment = {
            "PATH": f"{Path(ENGINE).parent}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_HOME": str(self.directory / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.directory}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "DIGITALOCEAN_API_URL": self.server.url if url is None else url,
            "DIGITALOCEAN_TOKEN": "rehearsal-engine",
            "DIGITALOCEAN_HTTP_RETRY_MAX": "1",
            "INFRA_APPLY_REHEARSAL_CLOCK": str(CLOCK),
        }
        return ReadyWorkspace(
            work_dir=str(self.directory / "work"),
            program=program,
            env_vars=environment,
            project_settings=auto.ProjectSettings(name="lab", runtime="python"),
            pulumi_command=auto.PulumiCommand(
                root=str(Path(ENGINE).parents[1]), skip_version_check=True
            ),
        )

    def up(self, program: Callable[[], None]) -> Any:
        return self.stack(program).up().summary.resource_changes

    def preview(self, program: Callable[[], None], **how: Any) -> dict[str, int]:
        summary = self.stack(program).preview(**how).change_summary
        return {auto.OpType(kind).value: count for kind, count in summary.items()}

    def droplets(self) -> list[Any]:
        found: list[Any] = self.server.state()["droplets"]
        return found


@contextmanager
def lab(directory: Path, *faults: Fault) -> Iterator[Lab]:
    install(directory / "home", SDK, interpreter())
    (directory / "work").mkdir()
    state = seed(clusters=[("shared-pg", "pg")], ssh_keys=["alice"])
    with serve(directory / "account", state, clock_scale=CLOCK, faults=faults) as server:
        it = Lab(server, directory)
        it.workspace().create_stack("dev")
        yield it
        assert server.unmodelled == []
