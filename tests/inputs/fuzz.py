"""Broken files by the thousand: manifests, settings and meshes with bytes changed at random.

Every one must give a result or an error at a place that exists: no traceback, no hang, and it can
be shown in every format. `python -m tests.inputs.fuzz 1000000` tries that many by hand and prints
how many of each kind there were; what fails is kept in ./fuzz-failures.
"""

from __future__ import annotations

import hashlib
import random
import signal
import sys
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from infra_apply.diagnostics.codes import Severity
from infra_apply.diagnostics.lines import lines_of
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.diagnostics.report import github, json, sarif, text
from infra_apply.fleet.check import check
from infra_apply.fleet.load import Loaded
from infra_apply.fleet.model import Fleet
from infra_apply.inputs import manifest, mesh
from infra_apply.inputs import settings as settings_door
from infra_apply.inputs.pulumi_project import settings_values
from infra_apply.inputs.yaml_reader import read

ROOT = Path(__file__).parents[2]
SECONDS = 5
"""How much of the processor's time one document may take; a usual one takes a few milliseconds."""

TOKENS = (
    *(b"\t", b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r", b"\n", b"\x85"),
    *(b"&a ", b"*a", b"<<: ", b"<<: *a\n", b"? ", b": ", b"- ", b"--- ", b"...\n", b"%YAML 1.1\n"),
    *(b"[", b"]", b"{", b"}", b",", b"#", b"|\n", b">-\n", b"'", b'"', b"\\", b"!!str ", b"! "),
    *(b"!!python/object:os.system ", b"~", b"no", b"22:22", b"0o17", b"1e999", b".inf", b".nan"),
    *(b"9" * 5000, b"[" * 200, b"2024-13-45", b"\xe2\x80\xa8", b"\xf0\x9f\x98\x80", b"\\ud800"),
    *(b"a." * 20000, b"a" * 40000, b" " * 40000, b"a: " * 9000, b"- " * 9000, b"eyJ-" * 9000),
    *(b"project: ", b"depends_on: [a, a]\n", b"service: {port: -1}\n", b"1e400", b"-", b"\\0"),
)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Valid files of each kind, to begin from."""

    manifests: tuple[bytes, ...]
    settings: tuple[bytes, ...]
    meshes: tuple[bytes, ...]


def corpus() -> Corpus:
    """Read the example company and the valid manifests."""
    manifests = [
        file
        for folder in (ROOT / "examples", ROOT / "tests" / "manifests" / "valid")
        for file in sorted(folder.rglob("*.yaml"))
    ]
    settings = sorted((ROOT / "stacks").glob("*.yaml"))
    settings += sorted((ROOT / "tests" / "manifests" / "invalid").glob("*/stacks/*.yaml"))
    meshes = sorted(ROOT.glob("examples/net-tools/*.json"))
    return Corpus(
        *(tuple(one.read_bytes() for one in kind) for kind in (manifests, settings, meshes))
    )


def mutated(source: bytes, choose: random.Random) -> bytes:
    """Change a file at one to eight places."""
    changed = bytearray(source)
    for _ in range(choose.choice((1, 1, 1, 2, 3, 8))):
        at = choose.randrange(len(changed) + 1)
        end = min(len(changed), at + choose.choice((0, 1, 1, 3, 20)))
        how = choose.randrange(5)
        if how == 0:
            changed[at:end] = b""
        elif how == 1:
            changed[at:end] = bytes(choose.randrange(256) for _ in range(end - at))
        elif how == 2:
            changed[at:at] = changed[at : at + choose.randrange(80)] * choose.choice((1, 1, 2, 50))
        else:
            changed[at:end] = choose.choice(TOKENS)
    return bytes(changed)


def one_manifest(source: bytes, folder: Path) -> str:
    """Read and check a manifest beside a neighbour; returns what became of it."""
    path = folder / ".infra.yaml"
    path.write_bytes(source)
    parsed, found = manifest.parse(str(path), source)
    _judge(parsed, found, source)
    shop, _ = manifest.parse("/shop/.infra.yaml", _NEIGHBOUR)
    both = tuple(one for one in (parsed, shop) if one is not None)
    _show(Loaded(Fleet(both, _MESH, mesh_named=True), found, 2), folder)
    return "manifest accepted" if parsed else "manifest refused"


def one_stack_file(source: bytes, folder: Path) -> str:
    """Read a stack file's settings and check them against a fleet of one."""
    path = folder / "Pulumi.prod.yaml"
    path.write_bytes(source)
    document, found = read(str(path), source)
    parsed = None
    if document is not None:
        parsed, problems = settings_door.parse("prod", settings_values(document), document)
        found += problems
    _judge(parsed, found, source)
    shop, _ = manifest.parse("/shop/.infra.yaml", _NEIGHBOUR)
    fleet = Fleet((shop,) if shop else (), _MESH, parsed, (parsed,) if parsed else ())
    _show(Loaded(fleet, found, 1), folder)
    return "settings accepted" if parsed else "settings refused"


def one_mesh(source: bytes, folder: Path) -> str:
    """Read a mesh file and check a manifest against it."""
    path = folder / "mesh-hosts.json"
    path.write_bytes(source)
    parsed, found = mesh.parse(str(path), source)
    _judge(parsed, found, source)
    shop, _ = manifest.parse("/shop/.infra.yaml", _NEIGHBOUR)
    _show(Loaded(Fleet((shop,) if shop else (), parsed, mesh_named=True), found, 1), folder)
    return "mesh accepted" if parsed else "mesh refused"


def _judge(result: object, found: tuple[Diagnostic, ...], source: bytes) -> None:
    errors = [one for one in found if one.severity is Severity.ERROR]
    assert result is not None or errors, "neither a result nor an error"
    lines = lines_of(source)
    for one in found:
        line, column = one.place.line, one.place.column
        assert line is None or 1 <= line <= len(lines) + 1, f"{one.code} is on line {line}"
        if line is not None and column is not None and line <= len(lines):
            assert 1 <= column <= len(lines[line - 1]) + 2, f"{one.code} is in column {column}"


def _show(loaded: Loaded, folder: Path) -> None:
    found = check(loaded)
    shown = text.findings(found, folder)
    assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in shown), "control"
    for reporter in (json, sarif, github):
        reporter.findings(found, folder).encode()


_NEIGHBOUR = b"""\
apiVersion: infra/v1
project: shop
provider: digitalocean
service: {host: lime, port: 8080}
database: {cluster: shared-pg, name: shop, user: shop}
gpu: {mode: on-demand, droplet: gpu-l40sx1-48gb}
"""
_MESH, _ = mesh.parse("/mesh.json", b'{"hosts": {"lime": {"kind": "do"}, "thyme": {}}}')


def run(number: int, seed: int, folder: Path) -> Counter[str]:
    """Try `number` documents; raises what the first bad one raises, after keeping its bytes."""
    choose = random.Random(seed)  # noqa: S311 - a fuzzer is to be repeatable
    files = corpus()
    kinds = (
        (one_manifest, files.manifests),
        (one_stack_file, files.settings),
        (one_mesh, files.meshes),
    )
    counted: Counter[str] = Counter()
    signal.signal(signal.SIGPROF, _too_slow)
    for _ in range(number):
        try_one, sources = choose.choices(kinds, (8, 3, 1))[0]
        source = mutated(choose.choice(sources), choose)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            counted[try_one(source, folder)] += 1
        except Exception:
            kept = folder / f"failed-{try_one.__name__}-{hashlib.sha256(source).hexdigest()[:12]}"
            kept.write_bytes(source)
            raise
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    return counted


def _too_slow(_signal: int, _frame: object) -> None:
    raise TimeoutError(f"one document took more than {SECONDS} seconds")


def main() -> int:
    """Try as many documents as the first argument says, from a seed on; count the failures."""
    number, first, chunk = int(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else 0, 1000
    counted: Counter[str] = Counter()
    kept = Path("fuzz-failures")
    with tempfile.TemporaryDirectory() as temporary:
        for done in range(number // chunk):
            try:
                counted += run(chunk, first + done, Path(temporary))
            except Exception:  # noqa: BLE001
                counted["FAILED (the rest of its thousand was skipped)"] += 1
                traceback.print_exc()
            if done % 20 == 0:
                print((done + 1) * chunk, dict(counted), flush=True)  # noqa: T201
        for file in Path(temporary).glob("failed-*"):
            kept.mkdir(exist_ok=True)
            (kept / file.name).write_bytes(file.read_bytes())
    print(counted.total(), dict(counted))  # noqa: T201
    return int(any(key.startswith("FAILED") for key in counted))


if __name__ == "__main__":
    sys.exit(main())
