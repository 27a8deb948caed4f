"""Speed and memory as ratios, each measured in one run: `python -m tests.bench [SIZE...]`.

`check` and `plan` of generated companies are compared with reading and parsing the same files by
`yaml.CSafeLoader` and nothing else, and with check-jsonschema on the same files, if it is there.
Each measurement is a process of its own, so that memory is its peak; start-up is measured alone
and taken off.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from infra_apply.inputs.manifest import json_schema

SIZES = (1_000, 10_000)
ROUNDS = 3

BARE = """
import sys, glob, yaml
for path in sorted(glob.glob(sys.argv[1] + "/*/.infra*.yaml", include_hidden=True)):
    with open(path, "rb") as file:
        yaml.load(file.read(), yaml.CSafeLoader)
"""
IMPORTS = "import yaml, pydantic"
NOTHING = "import yaml"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one process took: seconds by the clock, and its peak memory in megabytes."""

    seconds: float
    megabytes: float


def measure(command: list[str], folder: Path, *, rounds: int = ROUNDS) -> Measured:
    """Run a command a few times; its best time, and its peak memory. Raises if it fails."""
    return min((_once(command, folder) for _ in range(rounds)), key=lambda usage: usage.seconds)


def _once(command: list[str], folder: Path) -> Measured:
    with tempfile.TemporaryFile() as said:
        start = perf_counter()
        child = subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(child.pid, 0)
        seconds = perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            raise RuntimeError(said.read().decode(errors="replace")[-2000:])
    kilobytes = used.ru_maxrss if sys.platform != "darwin" else used.ru_maxrss / 1024
    return Measured(seconds, kilobytes / 1024)


def company(folder: Path, size: int) -> None:
    """Write a Pulumi project and `size` manifests: databases, services, neighbours, a few pools."""
    hosts = max(4, size // 20)
    for number in range(size):
        project = folder / "projects" / f"project-{number:05}"
        project.mkdir(parents=True)
        (project / ".infra.yaml").write_text(_manifest(number, hosts))
    mesh = {f"host-{number:04}": {"kind": "digitalocean"} for number in range(hosts)}
    (folder / "mesh-hosts.json").write_text(json.dumps({"hosts": mesh}))
    (folder / "Pulumi.yaml").write_text("name: bench\nruntime: python\nstackConfigDir: stacks\n")
    (folder / "stacks").mkdir()
    (folder / "stacks" / "Pulumi.prod.yaml").write_text(
        'config:\n  infra-apply:projects: ["projects/*"]\n'
        "  infra-apply:meshHosts: mesh-hosts.json\n"
    )
    (folder / "schema.json").write_text(json.dumps(json_schema()))


def _manifest(number: int, hosts: int) -> str:
    lines = [
        "apiVersion: infra/v1",
        f"project: project-{number:05}",
        "provider: digitalocean",
        "database:",
        f"  cluster: shared-{number % 7}",
        f"  name: project_{number:05}",
        f"  user: project_{number:05}",
        "service:",
        f"  host: host-{number % hosts:04}",
        "  runtime: python",
        f"  port: {8000 + number // hosts}",
        f"  systemd_unit: project-{number:05}.service",
    ]
    if number % 50 == 0:
        lines += ["gpu:", "  mode: on-demand", "  droplet: gpu-l40sx1-48gb"]
    if number > 2:
        lines.append(f"depends_on: [project-{number - 1:05}, project-{number // 2:05}]")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print a table; ratios are to the bare parse of the same run, start-up taken off both."""
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    python = sys.executable
    program = str(Path(python).parent / "infra-apply")
    other = Path(python).parent / "check-jsonschema"
    with tempfile.TemporaryDirectory() as temporary:
        for size in (1, *sizes):
            company(Path(temporary) / str(size), size)
        single = Path(temporary) / "1"
        _start_up(python, program, single)
        print(f"{'manifests':>9}  {'':16} {'seconds':>8} {'ratio':>6} {'MB':>5}")  # noqa: T201
        for size in sizes:
            folder = Path(temporary) / str(size)
            bare = measure([python, "-c", BARE, "projects"], folder)
            parse = bare.seconds - measure([python, "-c", NOTHING], folder).seconds
            _row(size, "bare parse", bare, 1)
            for name, command in {"check": [program, "check"], "plan": [program, "plan"]}.items():
                taken = measure(command, folder)
                start = measure(command, single).seconds
                _row(size, name, taken, (taken.seconds - start) / parse)
            if other.exists():
                files = sorted(str(file) for file in (folder / "projects").glob("*/.infra.yaml"))
                command = [str(other), "--schemafile", "schema.json", *files]
                taken = measure(command, folder, rounds=1)
                _row(size, "check-jsonschema", taken, taken.seconds / parse)


def _start_up(python: str, program: str, folder: Path) -> None:
    imports = measure([python, "-c", IMPORTS], folder, rounds=10)
    check = measure([program, "check", "projects/project-00000"], folder, rounds=10)
    ratio = check.seconds / imports.seconds
    print(f"start-up: check of one project {check.seconds * 1000:.0f} ms, ", end="")  # noqa: T201
    print(f"`{IMPORTS}` {imports.seconds * 1000:.0f} ms: {ratio:.2f} times\n")  # noqa: T201


def _row(size: int, name: str, taken: Measured, ratio: float) -> None:
    line = f"{size:9}  {name:16} {taken.seconds:8.2f} {ratio:6.2f} {taken.megabytes:5.0f}"
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
