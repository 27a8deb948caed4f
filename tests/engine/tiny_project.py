"""A Pulumi project named `tiny`, and what the engine needs to run it."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from infra_apply.engine.install.find import Engine


def write_project(folder: Path, program: str, **modules: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text("name: tiny\nruntime:\n  name: python\n")
    for name, text in {"__main__": program, **modules}.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
    return folder


def environ_below(folder: Path, engine: Engine) -> dict[str, str]:
    """Name a backend and a home of Pulumi in `folder`, and nothing of this machine's settings."""
    (folder / "state").mkdir()
    return {
        "HOME": str(folder),
        "PATH": f"{engine.path.parent}:/usr/bin:/bin",
        "VIRTUAL_ENV": sys.prefix,
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
