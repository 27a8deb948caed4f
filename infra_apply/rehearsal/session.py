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
from collections.abc import Callable, Iterator, Mapping
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
from infra_apply.rehearsal.folders import make_private
from infra_apply.rehearsal.passphrase import passphrase_of
from infra_apply.rehearsal.plan_seed import seed_for
from infra_apply.rehearsal.plugin.install import install
from infra_apply.rehearsal.postgres.binaries import Unavailable
from infra_apply.rehearsal.postgres.clusters import ClusterServers, cluster_servers, is_postgres
from infra_apply.rehearsal.project_copy import copy_project
from infra_apply.rehearsal.simulator.account.messages import ErrorResponse
from infra_apply.rehearsal.simulator.api import new_token
from infra_apply.rehearsal.simulator.faults import load_faults
from infra_apply.rehearsal.simulator.server import Server, serve

POSTGRES: Final = "INFRA_APPLY_REHEARSAL_POSTGRES"
"""`off` in the user's environment: PostgreSQL clusters are simulated only. In the engine's it says
whether they are real servers (`on` or `off`)."""


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
    only the API can be served. With `postgres`, the account's PostgreSQL clusters are real servers
    where that can be had; where not, and the plan has databases on them, `remark` is called once
    with a line that says so.
    """

    engine: Engine | None
    directory: Path
    faults: Path | None = None
    clock_scale: float = 1.0
    limits: bool = False
    postgres: bool = False
    remark: Callable[[str], None] = lambda _line: None


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
    address is not on this machine, or a link stands where it would write. Raises Outage if a
    PostgreSQL server with data does not start.
    """
    with _serve(options, plan) as (server, postgres):
        engine_folder = options.directory / "engine"
        home, state = engine_folder / "home", engine_folder / "state"
        for folder in (engine_folder, home, state):
            make_private(folder)
        folder = copy_project(project, stack, engine_folder / "project", config_file)
        plugin = _provide_plugin(home)
        env = _engine_env(options, server, home, state, passphrase_of(engine_folder))
        env[POSTGRES] = "on" if postgres else "off"
        yield Rehearsal(folder, env, server, plugin)


@contextmanager
def serve_api(options: Options, plan: Plan | None) -> Iterator[Server]:
    """Serve the account in the options' directory, without an engine.

    The API accepts one token, which is another one each time. Raises Usage, Refusal, Outage.
    """
    with _serve(options, plan) as (server, _):
        yield server


@contextmanager
def _serve(options: Options, plan: Plan | None) -> Iterator[tuple[Server, bool]]:
    """Serve the account, and say whether its PostgreSQL clusters are real servers."""
    with ExitStack() as stack:
        # They are stopped last: a late effect may still change them.
        servers = stack.enter_context(cluster_servers(options.directory / "postgres"))
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
                    on_change=servers.follow,
                )
            )
        except (OSError, ValueError) as error:
            reason = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else error
            raise _unusable(reason) from None
        if not _is_loopback(server.url):
            raise Refusal(f"the simulated API listens on {server.url}, which is not this machine")
        yield server, _start_servers(servers, server, options, plan)


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


def _start_servers(
    servers: ClusterServers, server: Server, options: Options, plan: Plan | None
) -> bool:
    """Start the servers of the account's PostgreSQL clusters; False where there are none."""
    names = {cluster["name"] for cluster in server.state()["databases"] if is_postgres(cluster)}
    if not options.postgres or not names:
        return False
    if os.environ.get(POSTGRES) == "off":
        reason = f"{POSTGRES} is off"
    else:
        reason = _why_unavailable(servers, server)
    if reason and plan and names & {database.cluster for database in plan.databases}:
        options.remark(
            f"rehearsal: no PostgreSQL here ({reason}): separation of databases is not exercised"
        )
    return not reason


def _why_unavailable(servers: ClusterServers, server: Server) -> str:
    """Start the servers, and write their addresses into the account; say why that cannot be."""
    try:
        servers.start(server.state())
        server.edit(servers.connected)
    except Unavailable as reason:
        servers.stop()
        return str(reason)
    except KeyError as error:  # somebody's edit of the account left it out
        raise _unusable(f"{server.account_path}: something in it has no {error}") from None
    except (ErrorResponse, ValueError) as error:
        raise _unusable(f"{server.account_path}: {error}") from None
    return ""


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


def _unusable(reason: object) -> Usage:
    return Usage(
        f"the rehearsal cannot be set up: {reason}",
        next_step="mend what it names, or name another directory with --account",
    )


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
