"""The project's folder for pulumi.automation, changing nothing in it that was not asked for."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import yaml
from pulumi.automation import (
    LocalWorkspace,
    OutputMap,
    PulumiCommand,
    PulumiFn,
    Stack,
    UpdateSummary,
)


class Workspace(LocalWorkspace):
    """Selects no stack, and creates one without writing to the project's own stack files.

    Nor does it ask whether a stack exists: what is run says so, and asking takes as long as a
    quarter of a preview.

    `pulumi stack select` would choose what the user's next plain `pulumi up` acts on, and `pulumi
    stack init` writes an encryption salt into `Pulumi.<stack>.yaml`. With `config_elsewhere` (a
    --config-file is given) a stack is created from a bare copy of the project; the salt then goes
    into that file, with the first run.
    """

    def __init__(
        self,
        pulumi_project: Path,
        command: PulumiCommand,
        program: PulumiFn | None,
        *,
        config_elsewhere: bool,
    ) -> None:
        super().__init__(work_dir=str(pulumi_project), program=program, pulumi_command=command)
        self._config_elsewhere = config_elsewhere

    def select_stack(self, stack_name: str) -> None:
        """Do nothing."""

    def create_stack(self, stack_name: str) -> None:
        """Create the stack. Raises CommandError."""
        args = ["stack", "init", "--no-select", stack_name]
        if not self._config_elsewhere:
            self.pulumi_command.run(args, self.work_dir, {})
            return
        with tempfile.TemporaryDirectory(prefix="infra-apply-") as folder:
            Path(folder, "Pulumi.yaml").write_text(
                _without_config(project_file(Path(self.work_dir)))
            )
            self.pulumi_command.run(args, folder, {})


class QuietStack(Stack):
    """Asks the engine for nothing after a run: the run's events are enough.

    After `up`, `refresh` and `destroy` the Automation API would ask for the outputs, with secrets,
    and the history. These calls know no --config-file and write an encryption salt into the
    project's own stack file; they also take a second.
    """

    def outputs(self) -> OutputMap:
        """Return nothing instead of asking the engine."""
        return {}

    def info(self, show_secrets: bool = True) -> UpdateSummary:  # noqa: ARG002 - as there
        """Return any value that is not None; nothing else of it is read."""
        now = dt.datetime.now(tz=dt.UTC)
        return UpdateSummary(
            kind="update", start_time=now, message="", environment={}, config={}, result="unknown"
        )


def project_file(pulumi_project: Path) -> Path:
    """The folder's Pulumi.yaml or Pulumi.yml; the first one's path where there is neither."""
    files = [pulumi_project / "Pulumi.yaml", pulumi_project / "Pulumi.yml"]
    return next((file for file in files if file.is_file()), files[0])


def _without_config(file: Path) -> str:
    """Give what says where a stack of this project lives, and nothing of its configuration."""
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    kept = {key: settings[key] for key in ("name", "runtime", "backend") if key in settings}
    return yaml.safe_dump(kept)
