"""`infra-apply map`: the fleet graph as text, data or a page, and what breaks if a part goes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from infra_apply.cli.common.account import add_account_flag
from infra_apply.cli.common.company import read_company
from infra_apply.cli.common.findings import print_problems
from infra_apply.cli.common.options import add_project_flags
from infra_apply.cli.map_live import look
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.errors import Outage, Usage
from infra_apply.inputs.files import write
from infra_apply.map.graph import Graph, build_graph, find_nodes, impact, node_names
from infra_apply.map.json import as_json, impact_json
from infra_apply.map.mermaid import mermaid
from infra_apply.map.model import Picture
from infra_apply.map.page.build import page
from infra_apply.map.text import impact_lines, tree
from infra_apply.terminal.layout import wants_colour
from infra_apply.terminal.printing import print_answer, print_json, print_remark
from infra_apply.terminal.safe_text import printable


def add_parser(subparsers: Any) -> None:
    """Add `map`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "map",
        help="draw the fleet, and say what breaks if something goes away",
        description="Draws every stack's manifests and the mesh, whoever runs them.",
    )
    parser.add_argument("--format", choices=("text", "json", "mermaid"), default="text")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write a page to look at")
    parser.add_argument(
        "--impact", metavar="NAME", help="who is affected if this host, project or cluster goes"
    )
    parser.add_argument(
        "--live", action="store_true", help="look at the account and whether ports answer, too"
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=2.0,
        help="how long a port may take to answer (default: 2)",
    )
    add_account_flag(parser)
    add_project_flags(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Draw the fleet, mistakes included; 1 if it has an error, 3 if the account did not answer."""
    company = read_company(arguments)
    graph = build_graph(company.fleet)
    if arguments.impact is not None:
        _show_impact(arguments, graph)
        return 0
    print_problems(company.findings)
    picture = Picture(company.name, graph, company.findings, str(Path.cwd()))
    complete = True
    if arguments.live or arguments.account:
        looked = look(arguments, company, picture)
        picture, complete = looked.picture, looked.complete
    if arguments.html:
        write(arguments.html, page(picture).encode())
        print_remark(f"{arguments.html}: open it in a browser")
    else:
        _show(arguments.format, picture)
    return int(company.findings.errors > 0) if complete else Outage.exit_code


def _seconds(written: str) -> float:
    try:
        seconds = float(written)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST:
        raise argparse.ArgumentTypeError(f"not seconds, up to {_LONGEST:.0f}: {written!r}")
    return seconds


_LONGEST = 60.0


def _show(output_format: str, picture: Picture) -> None:
    if output_format == "json":
        print_json(as_json(picture))
    elif output_format == "mermaid":
        print_answer("\n".join(mermaid(picture.graph)))
    else:
        colour = wants_colour(sys.stdout)
        print_answer("\n".join(tree(picture, colour=colour)))


def _show_impact(arguments: argparse.Namespace, graph: Graph) -> None:
    gone = find_nodes(graph, arguments.impact)
    if not gone:
        raise Usage(
            f"nothing in the fleet is called `{printable(arguments.impact)}`",
            next_step=did_you_mean(arguments.impact, node_names(graph)) or "",
        )
    affected = impact(graph, (node.id for node in gone))
    if arguments.format == "json":
        answer = impact_json(arguments.impact, gone, affected)
        print_json(answer)
    else:
        print_answer("\n".join(impact_lines(graph, gone, affected)))
