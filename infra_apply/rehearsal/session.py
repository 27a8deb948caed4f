"""A rehearsal on disk and in the environment: the real engine, a simulated DigitalOcean.

Nothing of the user's reaches it: no token, no endpoint, no encrypted value, no Pulumi setting. The
engine runs in a shadow of the project, because making a stack writes into the stack's file.
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
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import yaml

from infra_apply.engine.install.find import Engine
from infra_apply.errors import Outage, Refusal, Usage
from infra_apply.inputs.pulumi_project import Project, settings_values
from infra_apply.inputs.yaml_reader import read
from infra_apply.plan.model import Plan
from infra_apply.rehearsal.plugin.install import install
from infra_apply.rehearsal.simulator.faults import load
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.seed.catalogue import REGIONS
from infra_apply.rehearsal.simulator.server import Server, serve

TOKEN: Final = "rehearsal-token"  # noqa: S105 - it opens nothing


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Where the engine runs, with what environment, and which plugin it finds there."""

    folder: Path
    environment: Mapping[str, str]
    server: Server
    plugin: Literal["real", "stand-in"]


@dataclass(frozen=True, slots=True)
class Stage:
    """What a rehearsal is made of: where all is kept, a faults file, the clock's factor.

    Without an engine only the API can be served.
    """

    engine: Engine | None
    directory: Path
    faults: Path | None = None
    clock: float = 1.0


@contextmanager
def rehearsal(
    project: Project,
    stack: str,
    stage: Stage,
    *,
    plan: Plan | None,
    config_file: Path | None = None,
) -> Iterator[Rehearsal]:
    """Serve the account of the stage's directory and prepare all an engine needs to use it.

    The account is seeded with what the plan names, unless the directory already holds one.
    Raises Refusal if the API's address is not on this machine.
    """
    with served(stage, plan) as server:
        engine_folder = stage.directory / "engine"
        home, state = engine_folder / "home", engine_folder / "state"
        state.mkdir(parents=True, exist_ok=True)
        folder = _shadow(project, stack, engine_folder / "project", config_file)
        plugin = _plugin(home)
        environment = _environment(stage, server.url, home, state)
        yield Rehearsal(folder, environment, server, plugin)


@contextmanager
def served(stage: Stage, plan: Plan | None) -> Iterator[Server]:
    """Serve the account of the stage's directory alone. Raises Usage, Refusal."""
    with ExitStack() as stack:
        try:
            played = load(stage.faults) if stage.faults else ()
            server = stack.enter_context(
                serve(
                    stage.directory,
                    seed_of(plan),
                    token=TOKEN,
                    faults=played,
                    clock_scale=stage.clock,
                )
            )
        except (OSError, ValueError) as error:
            reason = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else error
            raise Usage(
                f"the rehearsal cannot be set up: {reason}",
                next_step="mend what it names, or name another directory with --account",
            ) from None
        if not is_loopback(server.url):
            raise Refusal(f"the simulated API listens on {server.url}, which is not this machine")
        yield server


def select_stack(rehearsal: Rehearsal, engine: Engine, stack: str) -> None:
    """Make the stack, if there is none yet, and the one that commands without --stack mean."""
    _pulumi(rehearsal, engine, "stack", "select", stack, "--create")


def lift_protection(rehearsal: Rehearsal, engine: Engine, stack: str) -> None:
    """Let everything in the throwaway state be deleted: what counts is what the state remembers."""
    select_stack(rehearsal, engine, stack)
    state = json.loads(_pulumi(rehearsal, engine, "stack", "export"))
    for resource in (state.get("deployment") or {}).get("resources") or ():
        resource.pop("protect", None)
        resource.pop("retainOnDelete", None)
    _pulumi(rehearsal, engine, "stack", "import", given=json.dumps(state))


def _pulumi(rehearsal: Rehearsal, engine: Engine, *words: str, given: str | None = None) -> str:
    """Run one small command of the CLI and return what it printed. Raises Outage."""
    done = subprocess.run(  # noqa: S603 - the engine itself
        [str(engine.path), *words, "--non-interactive"],
        cwd=rehearsal.folder,
        env=dict(rehearsal.environment),
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Outage(f"pulumi {' '.join(words[:2])} failed: {done.stderr.strip()}")
    return done.stdout


def is_loopback(url: str) -> bool:
    """Say whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def seed_of(plan: Plan | None) -> dict[str, Any]:
    """Return a fresh account with the clusters, keys, networks and sizes a plan names."""
    if plan is None:
        return seed(clusters=[], ssh_keys=[])
    hosts = plan.hosts
    return seed(
        clusters=[(name, None) for name in sorted({one.cluster for one in plan.databases})],
        ssh_keys=sorted(
            {key for host in hosts for key in host.droplet.ssh_keys}
            | {key for pool in plan.pools for key in pool.ssh_keys}
        ),
        vpcs=sorted(
            {(host.droplet.vpc, _region(host.droplet.region)) for host in hosts if host.droplet.vpc}
        ),
        extra_sizes=sorted(
            {host.droplet.size for host in hosts}
            | {size for pool in plan.pools for size in pool.sizes}
        ),
    )


def _region(wanted: str | None) -> str:
    """A region the simulated account has: a wrong one is found where the real API finds it."""
    return wanted if wanted in REGIONS else "nyc1"


def _shadow(project: Project, stack: str, folder: Path, config_file: Path | None) -> Path:
    """Write a Pulumi project whose program is the real one and whose stack files are copies."""
    source = project.folder / "Pulumi.yaml"
    data: dict[str, Any] = yaml.safe_load(source.read_bytes())
    runtime = data.get("runtime")
    name = runtime.get("name") if isinstance(runtime, dict) else runtime
    # The interpreter that runs this has everything the program needs; its folder need not be the
    # project's .venv.
    data["runtime"] = {"name": name, "options": {"virtualenv": sys.prefix}}
    data["main"] = str(project.folder)
    data["stackConfigDir"] = "stacks"
    for key in ("backend", "plugins", "config"):
        data.pop(key, None)
    stacks = folder / "stacks"
    stacks.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    for other in {*project.stacks(), stack}:
        chosen = config_file if other == stack and config_file else project.stack_file(other)
        _copy_settings(chosen, stacks / f"Pulumi.{other}.yaml")
    return folder


def _copy_settings(source: Path, target: Path) -> None:
    """Copy our own settings; leave out salts, encrypted values and every other namespace."""
    document, _ = read(str(source), source.read_bytes())
    values = settings_values(document) if document else {}
    ours = {f"infra-apply:{name}": value for name, value in values.items() if not _secure(value)}
    kept = {}
    if target.exists():  # the salt of the throwaway state, so that it can be read again
        before = yaml.safe_load(target.read_bytes()) or {}
        kept = {key: before[key] for key in ("encryptionsalt",) if key in before}
    text = yaml.safe_dump({**kept, "config": ours}, sort_keys=False, allow_unicode=True)
    target.write_text(text, encoding="utf-8")


def _secure(value: Any) -> bool:
    if isinstance(value, dict):
        return "secure" in value or any(_secure(inner) for inner in value.values())
    return isinstance(value, list) and any(_secure(inner) for inner in value)


def _plugin(home: Path) -> Literal["real", "stand-in"]:
    """Use the real DigitalOcean plugin where it is installed, and the stand-in elsewhere."""
    wanted = version("pulumi_digitalocean")
    name = "pulumi-resource-digitalocean"
    if shutil.which(name):
        return "real"  # the engine takes the one on PATH first
    installed = Path.home() / ".pulumi" / "plugins" / f"resource-digitalocean-v{wanted}"
    if (installed / name).is_file():
        link = home / "plugins" / installed.name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(installed)
        return "real"
    install(home, wanted, Path(sys.executable))
    return "stand-in"


def _environment(stage: Stage, url: str, home: Path, state: Path) -> dict[str, str]:
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("DIGITALOCEAN_", "PULUMI_", "SPACES_"))
    }
    engine = [str(stage.engine.path.parent)] if stage.engine else []
    path = os.pathsep.join([*engine, f"{sys.prefix}/bin", kept.get("PATH", "")])
    return {
        **kept,
        "PATH": path,
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "DIGITALOCEAN_API_URL": url,
        "DIGITALOCEAN_TOKEN": TOKEN,
        "INFRA_APPLY_REHEARSAL_CLOCK": str(stage.clock),
        "NO_PROXY": "127.0.0.1,localhost,::1",
    }
