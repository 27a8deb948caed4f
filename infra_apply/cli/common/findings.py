"""Findings on stderr, for the commands whose answer on stdout is something else."""

from __future__ import annotations

import sys
from pathlib import Path

from infra_apply.diagnostics.model import Findings
from infra_apply.diagnostics.report import text
from infra_apply.terminal.layout import plural, wants_colour
from infra_apply.terminal.printing import print_remark


def print_findings(findings: Findings) -> None:
    """Print findings in full, each with its line of the file and its hint."""
    print_remark(findings_text(findings))


def print_problems(findings: Findings, *, strict: bool = False) -> None:
    """Print findings in full if they stop the command; else only how many warnings there are.

    Errors stop it, and with `strict` warnings do too.
    """
    if findings.errors or (strict and findings.warnings):
        print_findings(findings)
    elif findings.warnings:
        warnings = plural(findings.warnings, "warning")
        print_remark(f"{warnings}: infra-apply check shows them")


def findings_text(findings: Findings) -> str:
    """Return findings as they are printed on stderr: in colour if a terminal shows them."""
    colour = wants_colour(sys.stderr)
    return text.findings(findings, Path.cwd(), colour=colour)
