"""A company with a GPU pool, and `infra-apply` run as its user runs it, in a rehearsal."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from unittest import mock

import pytest
import yaml

from infra_apply.cli.main import main
from tests.companies import manifest, write
from tests.warm import interpreter

CACHED = Path.home() / ".cache/infra-apply/engine/v3.259.0/bin/pulumi"
ENGINE = os.environ.get("INFRA_APPLY_TEST_ENGINE") or shutil.which("pulumi") or str(CACHED)
PROGRAM = (
    sys.executable,
    "-c",
    "import sys; from infra_apply.cli.main import main; sys.exit(main())",
)
# For tests that run the engine in this process: the Automation API leaves event loops to the
# garbage collector, which complains of them, and is run while the test still ignores that.
ENGINE_IN_THIS_PROCESS = [
    pytest.mark.engine,
    pytest.mark.usefixtures("collected", "warm_interpreters"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SETTINGS: dict[str, Any] = {
    "fleet": "acme",
    "droplet": {"region": "nyc1", "size": "s-1vcpu-1gb", "sshKeys": ["ops"]},
    "network": {"ssh": ["198.51.100.0/24"]},
    "gpu": {
        "profiles": {
            "batch": {
                "size": ["gpu-l40sx1-48gb", "gpu-h100x1-80gb"],
                "region": ["tor1", "nyc2"],
                "userData": "worker.sh",
            }
        },
        "pools": {"train": {"maxSlots": 4, "maxHours": 12}},
    },
}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Stage:
    """A company's folder and the rehearsal beside it."""

    company: Path
    directory: Path

    def run(self, *words: str, clock: float = 100) -> Ran:
        """Run a command to its end, in this process: to start another takes as long again."""
        out, err = io.StringIO(), io.StringIO()
        python = interpreter()  # for what the engine starts
        with ExitStack() as stack:
            stack.enter_context(mock.patch("sys.executable", str(python)))
            stack.enter_context(mock.patch("sys.prefix", str(python.parent.parent)))
            stack.enter_context(mock.patch.dict(os.environ, environment(), clear=True))
            stack.enter_context(mock.patch("sys.stdin", io.StringIO()))
            stack.enter_context(chdir(self.company))
            stack.enter_context(redirect_stdout(out))
            stack.enter_context(redirect_stderr(err))
            code = main(self.words(*words, clock=clock))
        return Ran(code, out.getvalue(), err.getvalue())

    def run_apart(self, *words: str, clock: float = 100) -> Ran:
        """Run a command to its end in a process of its own."""
        done = subprocess.run(
            [*PROGRAM, *self.words(*words, clock=clock)], capture_output=True, text=True,
            check=False, stdin=subprocess.DEVNULL, env=environment(), cwd=self.company, timeout=120,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    def words(self, *words: str, clock: float) -> list[str]:
        """Add what every command is given; `gpu reap` has no project and no stack."""
        stack = [] if "reap" in words else ["--stack", "prod"]
        flags = [*stack, "--account", str(self.directory), "--clock", str(clock)]
        at = words.index("--") if "--" in words else len(words)
        return [*words[:at], *flags, *words[at:]]

    def scale(self, count: int, *flags: str, clock: float = 100) -> Ran:
        return self.run("gpu", "scale", "train", str(count), "--yes", *flags, clock=clock)

    def status(self) -> Any:
        return self.run("gpu", "status", "--format", "json").json()

    def slots(self) -> dict[str, tuple[int, str]]:
        """Slot id -> (droplet id, time of creation), of the account itself."""
        found = {}
        for droplet in self.account()["droplets"]:
            for tag in droplet["tags"]:
                if tag.startswith("infra-apply-slot:acme:train:"):
                    found[tag.rpartition(":")[2]] = (droplet["id"], droplet["created_at"])
        return found

    def gpus(self) -> list[int]:
        droplets = self.account()["droplets"]
        return [droplet["id"] for droplet in droplets if droplet["size_slug"].startswith("gpu-")]

    def account(self) -> Any:
        return json.loads((self.directory / "account.json").read_text())

    def edit(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change each droplet as somebody else would, while nothing runs."""
        account = self.account()
        for droplet in account["droplets"]:
            change(droplet)
        self.write(account)

    def twin(self, **changes: Any) -> int:
        """Put another droplet like the first into the account, while nothing runs; its id."""
        account = self.account()
        account["droplets"].append(account["droplets"][0] | {"id": 499999999} | changes)
        self.write(account)
        return 499999999

    def write(self, account: Any) -> None:
        fresh = self.directory / "account.mine"
        fresh.write_text(json.dumps(account))
        fresh.replace(self.directory / "account.json")

    def requests(self, method: str, path: str = "/v2/droplets") -> list[Any]:
        file = self.directory / "requests.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        every = [json.loads(line) for line in lines if line.endswith("}")]
        return [
            request
            for request in every
            if request["method"] == method and request["path"].startswith(path)
        ]

    def fleet_is_unchanged(self) -> bool:
        done = self.run("rehearse", "preview", "--format", "json")
        assert done.code == 0, done.err
        return {*done.json()["changes"]} == {"same"}

    @contextmanager
    def started(self, *words: str, clock: float) -> Iterator[subprocess.Popen[bytes]]:
        """Start a command that is to be killed; nothing of it is left behind."""
        child = subprocess.Popen(
            [*PROGRAM, *self.words(*words, clock=clock)], env=environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=self.company,
        )  # fmt: skip
        try:
            yield child
        finally:
            for pid in [*descendants(child.pid), child.pid]:
                kill(pid)
            child.wait()


def stage(folder: Path, **changes: Any) -> Stage:
    """A company of a service and a pool that calls it."""
    manifests = {
        "shop/.infra.yaml": manifest("shop", service={"host": "lime", "port": 8080}),
        "train/.infra.yaml": manifest(
            "train",
            gpu={"mode": "on-demand", "droplet": "batch"},
            database={"cluster": "shared-pg", "name": "train", "user": "train"},
            depends_on=["shop"],
        ),
    }
    company = write(folder, manifests, settings=SETTINGS | changes)
    (company / "worker.sh").write_text("#!/bin/sh\nexec worker --key hush\n")
    return Stage(company, folder / "rehearsal")


def environment() -> Mapping[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DIGITALOCEAN_", "PULUMI_"))}
    return {**kept, "PATH": f"{Path(ENGINE).parent}{os.pathsep}{os.environ['PATH']}"}


def descendants(pid: int) -> list[int]:
    """Every process below one, whatever its session."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(words[1]), []).append(int(entry.name))
    found: list[int] = []
    level = [pid]
    while level:
        level = [child for parent in level for child in parents.get(parent, ())]
        found += level
    return found


def kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return


def until(true: Callable[[], object], *, within: float = 60) -> None:
    """Look again and again until something is so; fail after `within` seconds."""
    moment = Event()
    for _ in range(int(within / 0.05)):
        if true():
            return
        moment.wait(0.05)
    raise AssertionError("it never came to be")


def faults(folder: Path, *played: Mapping[str, Any]) -> Sequence[str]:
    file = folder / "faults.yaml"
    file.write_text(yaml.safe_dump([dict(fault) for fault in played]))
    return ("--faults", str(file))
