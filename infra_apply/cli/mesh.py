"""`infra-apply mesh`: the mesh's services map, regenerated from every manifest."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra_apply.cli.common.company import read_company
from infra_apply.cli.common.findings import print_problems
from infra_apply.cli.common.options import add_project_flags
from infra_apply.diagnostics.report.paths import relative
from infra_apply.errors import Refusal
from infra_apply.fleet.quarantine import entries_of_mesh
from infra_apply.inputs import files, mesh
from infra_apply.plan.company import Company
from infra_apply.services_map.build import (
    Regenerated,
    UnreadableMesh,
    regenerate,
    removals,
    services_map,
)
from infra_apply.terminal.layout import plural
from infra_apply.terminal.printing import print_answer, print_json, print_remark
from infra_apply.terminal.safe_text import printable


def add_parser(subparsers: Any) -> None:
    """Add `mesh`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "mesh",
        help="regenerate the mesh's services map",
        description="Prints the services map of every stack's manifests; --check and --write "
        "compare it with net-tools' mesh-hosts.json and put it there.",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="exit 1 and a diff if it is stale")
    mode.add_argument("--write", action="store_true", help="put it into mesh-hosts.json")
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    add_project_flags(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print, compare or write the map; with errors in the fleet only the diagnostics, and 1."""
    company = read_company(arguments)
    findings = company.findings
    print_problems(findings, strict=arguments.strict)
    if findings.errors or (arguments.strict and findings.warnings) or company.mesh_hosts is None:
        return 1
    entries = services_map(company.fleet)
    if not (arguments.check or arguments.write):
        print_json(entries)
        return 0
    before = _same_content(company, company.mesh_hosts)
    file_name = relative(str(company.mesh_hosts), Path.cwd())
    try:
        kept = entries_of_mesh(company.fleet)
        regenerated = regenerate(before, entries, kept)
    except UnreadableMesh as error:
        raise Refusal(
            f"{file_name} is not overwritten: {error}",
            state="nothing was written",
            next_step="mend the file, or remove its `services`",
        ) from None
    for line in removals(regenerated):
        print_remark(printable(f"{file_name}: {line}"))
    compare = _check if arguments.check else _write
    return compare(company.mesh_hosts, file_name, before, regenerated, len(entries))


def _same_content(company: Company, path: Path) -> bytes:
    """Read the file again, and make sure that it is the one the fleet was checked against."""
    try:
        content = files.content(str(path), mesh.MAX_BYTES)
    except OSError as error:
        raise Refusal(f"{path} cannot be read any more: {files.reason(error)}") from None
    now, _ = mesh.parse(str(path), content)
    then = company.fleet.mesh
    if now is None or then is None or (now.hosts, now.services) != (then.hosts, then.services):
        raise Refusal(
            f"{path} changed while it was being read",
            state="nothing was written",
            next_step="run the same again",
        )
    return content


def _check(path: Path, file_name: str, before: bytes, regenerated: Regenerated, count: int) -> int:
    del path
    if regenerated.content == before:
        print_answer(f"{file_name}: the services map is up to date ({plural(count, 'service')})")
        return 0
    for line in _difference(file_name, before, regenerated.content):
        print_answer(printable(line))
    print_remark(f"{file_name}: the services map is stale; run infra-apply mesh --write")
    return 1


def _write(path: Path, file_name: str, before: bytes, regenerated: Regenerated, count: int) -> int:
    if regenerated.content == before:
        print_answer(f"{file_name}: the services map was up to date ({plural(count, 'service')})")
        return 0
    files.replace(path, before, regenerated.content)
    print_answer(f"{file_name}: wrote the services map ({plural(count, 'service')})")
    return 0


def _difference(file_name: str, before: bytes, after: bytes) -> Iterator[str]:
    old, new = (content.decode("utf-8").splitlines() for content in (before, after))
    return difflib.unified_diff(
        old, new, f"{file_name} (as it is)", f"{file_name} (regenerated)", lineterm=""
    )
