"""The vendor's own installer, through pulumi.automation, in a child that can be ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from infra_apply.engine.child_process import ChildFailed, run
from infra_apply.engine.install.find import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from infra_apply.terminal.layout import StatusLine

TIMEOUT = 300.0
"""Seconds; the release is an archive of about 150 MB."""

# `PulumiCommand.install` has no timeout of its own. It fetches a small script first: 15 s for that,
# 5 s of them to connect, decide whether its host can be reached; the timeout ends the rest. The
# last line printed is the reason that people see.
_INSTALL = """
import os, socket, subprocess, sys, threading, urllib.error
try:
    from pulumi.automation import PulumiCommand
    from semver import VersionInfo
except ImportError:
    sys.exit("the Pulumi SDK is not installed in " + sys.executable)
def unreachable():
    print("its host cannot be reached (no answer in 15 s)", flush=True)
    os._exit(1)
reach = threading.Timer(15, unreachable)
reach.daemon = True
reach.start()
call = subprocess.check_output
def check_output(command, **options):
    if "--install-root" in command:
        reach.cancel()
    return call(command, **options)
subprocess.check_output = check_output
socket.setdefaulttimeout(5)
try:
    PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
except urllib.error.HTTPError as error:
    sys.exit(f"its host answered {error.code}")
except (urllib.error.URLError, TimeoutError) as error:
    sys.exit(f"its host cannot be reached ({getattr(error, 'reason', error)})")
except Exception as error:
    sys.exit(f"it failed: {error}")
"""


def install(
    root: Path,
    environ: Mapping[str, str],
    status_line: StatusLine,
    command: tuple[str, ...] = (sys.executable, "-c", _INSTALL),
) -> None:
    """Install the release into `root`. `command` is run with `root` and the version appended.

    Raises ChildFailed when the vendor cannot be reached, refuses, or takes too long.
    """
    status_line.show("engine: downloading the vendor's release")
    try:
        run(
            [*command, str(root), VERSION],
            environ=environ,
            cwd=root,
            on_line=lambda _line: None,
            on_tick=status_line.tick,
            timeout=TIMEOUT,
        )
    except ChildFailed as failed:
        reason = str(failed).removeprefix("exit code 1: ")
        raise ChildFailed(reason, failed.lines) from None
    finally:
        status_line.end()
