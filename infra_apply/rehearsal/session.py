"""A rehearsal: the real engine on a copy of the project, against a simulated DigitalOcean.

Nothing of the user's reaches it: no token, no endpoint, no encrypted value, no Pulumi setting. The
project is copied because creating a stack writes to the stack's file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from infra_apply.engine.install.find import Engine
from infra_apply.errors import Outage, Refusal, Usage
from infra_apply.inputs.pulumi_project import Project
from infra_apply.plan.model import Plan
from infra_apply.rehearsal.passphrase import passphrase_of
from infra_apply.rehearsal.plan_seed import seed_for
from infra_apply.rehearsal.plugin.install import install
from infra_apply.rehearsal.project_copy import copy_project
from infra_apply.rehearsal.simulator.api import new_token
from infra_apply.rehearsal.simulator.faults import load_faults
from infra_apply.rehearsal.simulator.server import Server, serve


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The folder in which the engine runs, its process environment, and the plugin it uses."""

    folder: Path
    env: Mapping[str, str]
    server: Server
    plugin: Literal["real", "stand-in"]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a rehearsal.

    `directory` keeps the account and the engine's state, `faults` is a faults file, and
    `clock_scale` divides every wait. `limits` keeps DigitalOcean's rate limits. Without an engine
    only the API can be served.
    """

    engine: Engine | None
    directory: Path
    faults: Path | None = None
    clock_scale: float = 1.0
    limits: bool = False


@contextmanager
def start_rehearsal(
    project: Project,
    stack: str,
    options: Options,
    *,
    plan: Plan | None,
    config_file: Path | None = None,
) -> Iterator[Rehearsal]:
    """Serve an account and prepare everything that an engine needs to use it.

    The account is seeded with what the plan names, unless the directory already holds one.
    Raises Usage if the directory or the faults file cannot be used, and Refusal if the API's
    address is not on this machine, or a link stands where it would write.
    """
    with serve_api(options, plan) as server:
        engine_folder = options.directory / "engine"
        home, state = engine_folder / "home", engine_folder / "state"
        for folder in (engine_folder, home, state):
            _make_private(folder)
        folder = copy_project(project, stack, engine_folder / "project", config_file)
        plugin = _provide_plugin(home)
        env = _engine_env(options, server, home, state, passphrase_of(engine_folder))
        yield Rehearsal(folder, env, server, plugin)


@contextmanager
def serve_api(options: Options, plan: Plan | None) -> Iterator[Server]:
    """Serve the account in the options' directory, without an engine. Raises Usage, Refusal.

    The API accepts one token, which is another one each time.
    """
    with ExitStack() as stack:
        try:
            faults = load_faults(options.faults) if options.faults else ()
            server = stack.enter_context(
                serve(
                    options.directory,
                    seed_for(plan),
                    token=new_token(),
                    faults=faults,
                    clock_scale=options.clock_scale,
                    limits=options.limits,
                )
            )
        except (OSError, ValueError) as error:
            reason = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else error
            raise Usage(
                f"the rehearsal cannot be set up: {reason}",
                next_step="mend what it names, or name another directory with --account",
            ) from None
        if not _is_loopback(server.url):
            raise Refusal(f"the simulated API listens on {server.url}, which is not this machine")
        yield server


def kept_state(directory: Path, engine: Engine) -> tuple[Path, dict[str, str]] | None:
    """Return the folder and the environment in which an engine reads the state that was kept.

    None where a directory keeps none. Nothing is served, and nothing is written but what the engine
    itself writes. Raises Refusal where others may read the state's passphrase.
    """
    engine_folder = directory / "engine"
    state = engine_folder / "state"
    if not (state / ".pulumi").is_dir():
        return None
    env = _state_env(engine, engine_folder / "home", state, passphrase_of(engine_folder))
    return engine_folder / "project", env


def select_stack(rehearsal: Rehearsal, engine: Engine, stack: str) -> None:
    """Select the stack for commands without --stack; create it if it does not exist."""
    _pulumi(rehearsal, engine, "stack", "select", stack, "--create")


def lift_protection(rehearsal: Rehearsal, engine: Engine, stack: str) -> None:
    """Unprotect every resource of the throwaway state; the engine reads protection from there."""
    select_stack(rehearsal, engine, stack)
    state = json.loads(_pulumi(rehearsal, engine, "stack", "export"))
    for resource in (state.get("deployment") or {}).get("resources") or ():
        resource.pop("protect", None)
        resource.pop("retainOnDelete", None)
    _pulumi(rehearsal, engine, "stack", "import", stdin=json.dumps(state))


def _pulumi(rehearsal: Rehearsal, engine: Engine, *arguments: str, stdin: str | None = None) -> str:
    """Run a short command of the CLI and return what it printed. Raises Outage."""
    process = subprocess.run(  # noqa: S603 - the engine itself
        [str(engine.path), *arguments, "--non-interactive"],
        cwd=rehearsal.folder,
        env=dict(rehearsal.env),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise Outage(f"pulumi {' '.join(arguments[:2])} failed: {process.stderr.strip()}")
    return process.stdout


def _is_loopback(url: str) -> bool:
    """Say whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _provide_plugin(home: Path) -> Literal["real", "stand-in"]:
    """Use the real DigitalOcean plugin where it is installed, and the stand-in elsewhere."""
    sdk_version = version("pulumi_digitalocean")
    name = "pulumi-resource-digitalocean"
    if shutil.which(name):
        return "real"  # the engine takes the one on PATH first
    installed = Path.home() / ".pulumi" / "plugins" / f"resource-digitalocean-v{sdk_version}"
    if (installed / name).is_file():
        link = home / "plugins" / installed.name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(installed)
        return "real"
    install(home, sdk_version, Path(sys.executable))
    return "stand-in"


def _make_private(folder: Path) -> None:
    """Make a folder that its owner alone may use; a link in its place is not followed."""
    if folder.is_symlink():
        raise Refusal(
            f"{folder} is a link, and the rehearsal's state is written through none",
            state="nothing was done",
            next_step="remove it, or name another folder with --account",
        )
    folder.mkdir(mode=0o700, exist_ok=True)


def _engine_env(
    options: Options, server: Server, home: Path, state: Path, passphrase: str
) -> dict[str, str]:
    return {
        **_state_env(options.engine, home, state, passphrase),
        "DIGITALOCEAN_API_URL": server.url,
        "DIGITALOCEAN_TOKEN": server.token,
        "INFRA_APPLY_REHEARSAL_CLOCK": str(options.clock_scale),
    }


def _state_env(engine: Engine | None, home: Path, state: Path, passphrase: str) -> dict[str, str]:
    inherited = {
        key: value
        for key, value in os.environ.items()
        if key in _INHERITED or key.startswith(_INHERITED_PREFIXES)
    }
    engines = [str(engine.path.parent)] if engine else []
    path = os.pathsep.join([*engines, f"{sys.prefix}/bin", inherited.get("PATH", "")])
    return {
        **inherited,
        "PATH": path,
        "PULUMI_HOME": str(home),
        # Without the empty files of attributes: a kill leaves one half written, and then the state
        # cannot be read (measured with engine 3.259).
        "PULUMI_BACKEND_URL": f"{state.as_uri()}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": passphrase,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


# What a shell and a Python interpreter need. No proxy: all that a rehearsal talks to is on this
# machine, and grpc would send even that through one. No credentials: nobody asks for any.
_INHERITED: Final = frozenset(
    {
        "COLORTERM", "COLUMNS", "HOME", "LANG", "LANGUAGE", "LINES", "LOGNAME", "NO_COLOR", "PATH",
        "PWD", "SHELL", "TERM", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV",
    }
)  # fmt: skip
_INHERITED_PREFIXES: Final = ("INFRA_APPLY_", "LC_", "PYTHON", "XDG_")
