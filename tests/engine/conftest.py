from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from infra_apply.engine.install import find
from infra_apply.engine.language import files
from tests.engine.tiny_project import environ_below, write_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
    """Give what a run needs, with a backend of its own that holds no stack yet."""
    return environ_below(tmp_path, real_engine)


@pytest.fixture(scope="session")
def shared_environ(
    tmp_path_factory: pytest.TempPathFactory, real_engine: find.Engine
) -> dict[str, str]:
    """Give the same to tests that change no state: the stack `dev` of project `tiny` is there."""
    folder = tmp_path_factory.mktemp("shared")
    environ = environ_below(folder, real_engine)
    write_project(folder, "")
    subprocess.run(
        [real_engine.path, "--non-interactive", "stack", "init", "dev"],
        cwd=folder,
        env=environ,
        check=True,
        capture_output=True,
    )
    return environ


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Write a Pulumi project below tmp_path: its program, and further modules by name."""
    return lambda program, **modules: write_project(tmp_path / "project", program, **modules)
