from __future__ import annotations

import dataclasses
import os
import shutil
import stat
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from infra_apply.engine.install import find
from infra_apply.engine.language import files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write an executable sh script at a path below tmp_path."""

    def write(name: str, body: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{textwrap.dedent(body)}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write


@pytest.fixture(scope="session")
def real_engine(tmp_path_factory: pytest.TempPathFactory) -> find.Engine:
    """Give the installed engine with this checkout's language host beside it."""
    engine = find.find(os.environ)
    assert engine is not None, "no engine: run `infra-apply engine install`"
    folder = tmp_path_factory.mktemp("engine")
    path = folder / "pulumi"
    try:
        path.hardlink_to(engine.path.resolve())  # a copy would be 115 MB
    except OSError:
        shutil.copy(engine.path.resolve(), path)
    files.install(folder)
    return dataclasses.replace(engine, path=path)


@pytest.fixture
def engine_environ(tmp_path: Path, real_engine: find.Engine) -> dict[str, str]:
    """Give what a run needs and nothing of this machine's own settings."""
    (tmp_path / "state").mkdir()
    return {
        "HOME": str(tmp_path),
        "PATH": f"{real_engine.path.parent}:/usr/bin:/bin",
        "VIRTUAL_ENV": sys.prefix,
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Write a Pulumi project: its program, and further files by name."""

    def write(program: str, options: str = "", **files: str) -> Path:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        (folder / "Pulumi.yaml").write_text(f"name: tiny\nruntime:\n  name: python\n{options}")
        (folder / "__main__.py").write_text(textwrap.dedent(program))
        for name, text in files.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(text))
        return folder

    return write
