"""`infra-apply check [ROOT...]`: every mistake that can be known without the cloud."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from infra_apply.cli.common.options import (
    add_project_flags,
    named_stack_of,
    pulumi_project_of,
    stack_of,
)
from infra_apply.diagnostics.model import Findings, Place
from infra_apply.diagnostics.report import text
from infra_apply.diagnostics.unforeseen import Unforeseen
from infra_apply.errors import Usage
from infra_apply.fleet.check import check
from infra_apply.fleet.folders import Root
from infra_apply.fleet.load import load
from infra_apply.inputs.manifest import environment_of
from infra_apply.inputs.settings import Settings
from infra_apply.terminal.layout import wants_colour
from infra_apply.terminal.printing import print_answer

FORMATS: Final = ("text", "json", "sarif", "github")


def add_parser(subparsers: Any) -> None:
    """Add `check`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "check",
        help="check manifests, everything at once",
        description="Checks the manifests of project folders, or of every stack's settings.",
    )
    parser.add_argument("root", nargs="*", metavar="ROOT", help="a project folder")
    parser.add_argument(
        "--mesh-hosts", metavar="FILE", type=Path, help="net-tools' mesh-hosts.json"
    )
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    add_project_flags(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; 1 if there is an error, or a warning with `--strict`.

    What a failing rule raised is raised again when the findings of the others are printed.
    """
    failure: BaseException | None = None
    # What is read stays until the end: looking for garbage would cost a quarter of the time.
    gc.disable()
    try:
        findings = _of_roots(arguments) if arguments.root else _of_stacks(arguments)
    except Unforeseen as error:
        findings, failure = error.findings, error.__cause__
    finally:
        gc.enable()
    report = _report(findings, arguments.format)
    print_answer(report, annotations=arguments.format == "github")
    if failure is not None:
        raise failure
    return int(findings.errors > 0 or (arguments.strict and findings.warnings > 0))


def _report(findings: Findings, output_format: str) -> str:
    here = Path.cwd()
    if output_format == "text":
        colour = wants_colour(sys.stdout)
        return text.findings(findings, here, colour=colour)
    # Loaded by name, because every commit pays for what is imported here.
    return str(
        import_module(f"infra_apply.diagnostics.report.{output_format}").findings(findings, here)
    )


def _of_roots(arguments: argparse.Namespace) -> Findings:
    """Check the folders named, with a stack's settings if one is named too."""
    settings: Settings | None = None
    base = Path.cwd()
    problems: tuple[Any, ...] = ()
    if arguments.directory or arguments.stack or arguments.config_file:
        from infra_apply.plan.stack import stack_settings  # noqa: PLC0415

        project = pulumi_project_of(arguments)
        settings, problems = stack_settings(
            project, stack_of(arguments), config_file=arguments.config_file
        )
        base = project.folder
    mesh_hosts = _mesh_hosts(arguments, settings, base)
    named = dict.fromkeys(_folder(root) for root in arguments.root)  # two manifests, one folder
    roots = [Root(folder, Place(folder), literal=True) for folder in named]
    loaded = load(roots, base, mesh_hosts, settings=settings)
    return check(replace(loaded, diagnostics=loaded.diagnostics + problems))


def _mesh_hosts(
    arguments: argparse.Namespace, settings: Settings | None, base: Path
) -> Path | None:
    if arguments.mesh_hosts:
        return Path(arguments.mesh_hosts).absolute()
    return base / settings.mesh_hosts if settings else None


def _folder(root: str) -> str:
    """A manifest stands for the folder it is in, whatever stands in its place."""
    path = os.path.abspath(root)  # noqa: PTH100 - a name of this kind may lead nowhere
    is_file = os.path.lexists(path) and not os.path.isdir(path)  # noqa: PTH112
    if is_file or environment_of(path) is not None:
        return os.path.dirname(path)  # noqa: PTH120
    return path


def _of_stacks(arguments: argparse.Namespace) -> Findings:
    """Check the projects of every stack, or of the one named, each stack with its settings."""
    # Here, because the check of a folder in every commit does not pay for what it has no use for.
    from infra_apply.plan.stack import check_stacks  # noqa: PLC0415

    project = pulumi_project_of(arguments)
    named = named_stack_of(arguments)
    names = project.stacks() if named is None else (named,)
    if not names:
        raise Usage(
            f"nothing to check: {project.stacks_folder} has no stack file",
            next_step="name project folders: infra-apply check ROOT...",
        )
    return check_stacks(project, names, config_file=arguments.config_file)
