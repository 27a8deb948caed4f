"""Installs the stand-in where the engine looks for the DigitalOcean provider's plugin."""

from __future__ import annotations

import shlex
from pathlib import Path

PACKAGE_ROOT = Path(__file__).resolve().parents[3]


def install(pulumi_home: Path, version: str, python: Path) -> Path:
    """Install the stand-in as plugin `digitalocean` of this version; returns its executable.

    `pulumi_home` must be private to the rehearsal: the stand-in takes the real plugin's place
    there. `python` is an interpreter that has pulumi; this package is put on its path.
    """
    directory = pulumi_home / "plugins" / f"resource-digitalocean-v{version}"
    directory.mkdir(parents=True, exist_ok=True)
    script = directory / "pulumi-resource-digitalocean"
    script.write_text(
        "#!/bin/sh\n"
        f"PYTHONPATH={shlex.quote(str(PACKAGE_ROOT))}${{PYTHONPATH:+:$PYTHONPATH}}\n"
        f"INFRA_APPLY_REHEARSAL_PLUGIN_VERSION={shlex.quote(version)}\n"
        "export PYTHONPATH INFRA_APPLY_REHEARSAL_PLUGIN_VERSION\n"
        f'exec {shlex.quote(str(python))} -m infra_apply.rehearsal.plugin "$@"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    return script
