"""`infra-apply init`: a first manifest from flags, checked before it is written."""

from __future__ import annotations

import argparse
import json
import os
import re
from pathlib import Path
from typing import Any, Final, get_args

from infra_apply.cli.common.schema_text import schema_text
from infra_apply.diagnostics.model import Findings
from infra_apply.errors import Refusal, Usage
from infra_apply.fleet.check import check
from infra_apply.fleet.load import Loaded
from infra_apply.fleet.model import Fleet
from infra_apply.inputs import files, manifest
from infra_apply.inputs.manifest import Environment, Provider
from infra_apply.terminal.printing import print_answer, print_remark
from infra_apply.terminal.safe_text import printable

SCHEMA_FILE: Final = ".infra.schema.json"
"""Stands beside the manifest, so that an editor finds it in every clone and without a network."""


def add_parser(subparsers: Any) -> None:
    """Add `init`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "init",
        help="make a first manifest",
        description="Makes a project's first manifest from flags, checks it and writes it.",
        epilog=f"The first line names {SCHEMA_FILE}, written beside the manifest: editors with "
        "yaml-language-server complete and check keys by it.",
    )
    parser.add_argument("folder", nargs="?", default=".", metavar="FOLDER", help="default: here")
    parser.add_argument("--project", metavar="NAME", help="default: the folder's name")
    parser.add_argument("--environment", choices=get_args(Environment), default="prod")
    parser.add_argument("--provider", choices=get_args(Provider), default="digitalocean")
    service = parser.add_argument_group("service")
    service.add_argument("--host", help="a host of the mesh")
    service.add_argument("--port", type=int)
    service.add_argument("--runtime")
    service.add_argument("--systemd-unit", metavar="UNIT")
    database = parser.add_argument_group("database")
    database.add_argument("--database", metavar="CLUSTER", help="a shared cluster")
    database.add_argument("--database-name", metavar="NAME", help="default: after the project")
    database.add_argument("--database-user", metavar="USER", help="default: after the project")
    parser.add_argument("--gpu", metavar="DROPLET", help="a GPU size or a profile, on demand")
    parser.add_argument("--depends-on", metavar="PROJECT", action="append", default=[])
    parser.add_argument("--schema", metavar="PATH", help=f"name this one, not {SCHEMA_FILE}")
    parser.add_argument("--force", action="store_true", help="overwrite a manifest")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the manifest. Raises Usage for flags that make none, Refusal to overwrite, Outage."""
    folder = Path(arguments.folder).absolute()
    if not folder.is_dir():
        raise Usage(f"there is no folder {folder}", next_step=f"mkdir -p {folder}")
    path = folder / manifest.name_of(arguments.environment)
    lines = _lines(arguments, arguments.project or Path(os.path.realpath(folder)).name)
    source = _encoded("\n".join(lines) + "\n")
    parsed, diagnostics = manifest.parse(str(path), source)
    fleet = Fleet((parsed,) if parsed else (), alone=True)
    _report(check(Loaded(fleet, diagnostics, 1)))
    _write(path, source, overwrite=arguments.force)
    if not arguments.schema:
        _write_schema(folder / SCHEMA_FILE, overwrite=arguments.force)
    return 0


def _report(findings: Findings) -> None:
    """Show what was found, without lines: the file is not there yet."""
    for diagnostic in findings.diagnostics:
        hint = f"\n  hint: {printable(diagnostic.hint)}" if diagnostic.hint else ""
        print_remark(
            f"{diagnostic.severity}[{diagnostic.code}]: {printable(diagnostic.message)}{hint}"
        )
    if findings.errors:
        raise Refusal("these flags make no valid manifest", state="nothing was written")


def _lines(arguments: argparse.Namespace, project: str) -> list[str]:
    own = re.sub(r"\W+", "_", project.casefold(), flags=re.ASCII).strip("_") or "app"
    if arguments.environment != "prod":
        own += f"_{arguments.environment}"
    database = {
        "cluster": arguments.database,
        "name": arguments.database_name or own,
        "user": arguments.database_user or own,
    }
    if not arguments.database and (arguments.database_name or arguments.database_user):
        raise Usage("--database-name and --database-user need --database CLUSTER")
    service = {
        "host": arguments.host,
        "runtime": arguments.runtime,
        "port": arguments.port,
        "systemd_unit": arguments.systemd_unit,
    }
    return [
        f"# yaml-language-server: $schema={arguments.schema or SCHEMA_FILE}",
        "apiVersion: infra/v1",
        f"project: {_scalar(project)}",
        *([] if arguments.environment == "prod" else [f"environment: {arguments.environment}"]),
        f"provider: {arguments.provider}",
        *(_block("database", database) if arguments.database else []),
        *_block("service", service),
        *_block("gpu", {"mode": "on-demand", "droplet": arguments.gpu} if arguments.gpu else {}),
        *_items("depends_on", arguments.depends_on),
    ]


def _block(key: str, values: dict[str, str | int | None]) -> list[str]:
    lines = [f"  {name}: {_scalar(value)}" for name, value in values.items() if value is not None]
    return [f"{key}:", *lines] if lines else []


def _items(key: str, values: list[str]) -> list[str]:
    return [f"{key}:", *(f"  - {_scalar(value)}" for value in values)] if values else []


def _scalar(value: str | int) -> str:
    """Write a value so that YAML 1.1 and 1.2 read back what was given."""
    if isinstance(value, int) or (_PLAIN.fullmatch(value) and value.casefold() not in _WORDS):
        return str(value)
    # JSON leaves a few letters as they are that YAML takes for a line break, or not at all.
    return _TO_ESCAPE.sub(
        lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False)
    )


_TO_ESCAPE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_PLAIN: Final = re.compile(r"[A-Za-z][\w./-]*(?: [\w./-]+)*", re.ASCII)
_WORDS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Usage(
            "a flag or the folder's name is not UTF-8 text",
            next_step="name the project with --project NAME",
        ) from None


def _write(path: Path, source: bytes, *, overwrite: bool) -> None:
    if overwrite:
        files.write(path, source)
    else:
        try:
            files.create(path, source)
        except FileExistsError:
            raise Refusal(
                f"{path} is there already",
                state="nothing was written",
                next_step="edit it, or replace it with --force",
            ) from None
    print_answer(f"wrote {path}")


def _write_schema(path: Path, *, overwrite: bool) -> None:
    schema = schema_text().encode()
    if _holds(path, schema):
        return
    if os.path.lexists(path) and not overwrite:
        print_answer(f"kept {path}, which is another one; `infra-apply schema` prints ours")
        return
    _write(path, schema, overwrite=overwrite)


def _holds(path: Path, source: bytes) -> bool:
    try:
        return files.content(str(path), len(source)) == source
    except OSError:
        return False
