"""Whatever names hold, no command prints what steers a terminal, a CI service or a reader's eye."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import infra_apply
from infra_apply.cli.common.outcome import show
from infra_apply.cli.main import main
from infra_apply.engine.events import EngineMessage, Step
from infra_apply.engine.run import Outcome
from infra_apply.gpu.pool import Pool, Remembered
from infra_apply.gpu.slot import Slot
from infra_apply.gpu.status import Status, as_json
from infra_apply.gpu.status import text as status_text
from infra_apply.terminal.printing import print_answer, print_json
from tests.companies import database, manifest, plan, service, write
from tests.gpu.droplets import NOW, slot

NEWLINE = "pg\n::stop-commands::x"
ERROR = "pg##[error]all is lost"
ESCAPES = "pg\x1b[2J\x1b]0;owned\x07\r\x7f\x85\x9b31m"
BIDI = "pg\u202etxt.exe\u2066\u200f\u061c"
SURROGATE = "pg\udc80\ud800"
ATTACKS = (NEWLINE, ERROR, ESCAPES, BIDI, "\n  ::error::x", "\n##vso[task.x]", "<{%x%}>", "a: b\n")

COMMANDS = (
    *(f"check {root} --format {form}" for root in ("", "projects/shop")
      for form in ("text", "json", "sarif", "github")),
    "plan", "plan --format json", "mesh", "mesh --check",
    "map", "map --format json", "map --format mermaid", "map --html map.html",
    "map --impact NAME", "map --impact NAME --format json",
    "cost", "cost --format json", "explain NAME", "plan --stack NAME", "NAME", "check NAME",
    "init NAME", "init . --force --project NAME --host NAME --database NAME --gpu NAME",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command printed, and its exit code; the encoding could hold all of it."""

    code: int
    answer: str
    remarks: str


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def run(
    command: str, name: str = "x", *, encoding: str = "utf-8", kind: type = io.TextIOWrapper
) -> Printed:
    """Run a command line in this process; `name` stands in for NAME in it."""
    words = [name if word == "NAME" else word for word in shlex.split(command)]
    return captured(lambda: main(words), encoding=encoding, kind=kind)


def captured(
    call: Callable[[], int | None], *, encoding: str = "utf-8", kind: type = io.TextIOWrapper
) -> Printed:
    """Return what a call prints, decoded strictly."""
    streams = [kind(io.BytesIO(), encoding=encoding, errors="strict") for _ in range(2)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        try:
            code = call() or 0
        except SystemExit as left:
            code = int(left.code or 0)
    for stream in streams:
        stream.flush()
    answer, remarks = (stream.buffer.getvalue().decode(encoding) for stream in streams)
    return Printed(code, answer, remarks)


def require_harmless(command: str, printed: Printed) -> None:
    """Fail on what steers somebody, on a traceback, and on JSON that is none."""
    allowed = r"(?!::(?:error|warning|notice) )" if "--format github" in command else ""
    for text in (printed.answer, printed.remarks):
        assert not re.search(rf"(?m)^{allowed}\s*?::", text)
        assert not re.search(r"##\w*\[|<\{%", text)
        assert all(letter.isprintable() or letter in "\n\t" for letter in text)
    assert "Traceback" not in printed.remarks
    assert "should not happen" not in printed.remarks
    if printed.answer and ("json" in command or "sarif" in command):
        json.loads(printed.answer)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PULUMI_STACK", "DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def company(
    folder: Path,
    name: str,
    *,
    shop: Mapping[str, str] | None = None,
    mesh: Mapping[str, str] | None = None,
) -> Path:
    """Write a company; each mapping says which texts of the manifest or the mesh are others.

    `name` is that of the folder of the only project.
    """
    text, known = dict(shop or {}), dict(mesh or {})
    host = text.get("host", "lime")
    project = write(
        folder,
        {
            f"{name}/.infra.yaml": manifest(
                text.get("project", "shop"),
                provider=text.get("provider", "digitalocean"),
                service={
                    "host": host,
                    "port": 8080,
                    "runtime": text.get("runtime", "python"),
                    "systemd_unit": text.get("systemd_unit", "shop.service"),
                },
                database={
                    "cluster": text.get("cluster", "shared-pg"),
                    "name": text.get("name", "shop"),
                    "user": text.get("user", "shop"),
                },
                gpu={
                    "mode": text.get("mode", "on-demand"),
                    "droplet": text.get("droplet", "gpu-l40sx1-48gb"),
                },
                depends_on=[text["depends_on"]] if "depends_on" in text else [],
                **({text["key"]: text["key"]} if "key" in text else {}),
            )
        },
        settings={
            "droplet": {"region": "nyc3", "size": "s-1vcpu-2gb", "image": "debian-12-x64"},
            "external": {"mail": "http://mail.example"},
        },
    )
    document = {
        "hosts": {
            host: {"kind": "digitalocean", "address": "100.64.0.11"},
            known.get("host", "fennel"): {
                "kind": known.get("kind", "mac"),
                "address": known.get("address", "100.64.0.31"),
            },
        },
        "services": {known.get("service", "wiki"): {"project": known.get("project", "wiki")}},
    }
    (project / "mesh-hosts.json").write_text(json.dumps(document))
    return project


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("attack", [NEWLINE, ERROR, ESCAPES, BIDI])
def test_a_cluster_that_is_named_as_an_attack(
    command: str, attack: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(company(here, "shop", shop={"cluster": attack}))
    require_harmless(command, run(command, attack))


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_raw_escapes_in_what_was_not_checked(
    form: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = {"depends_on": "pay\x1b[2J\x9b\u202e\n::error::x"}
    monkeypatch.chdir(company(here, "shop", shop=unknown))
    printed = run(command := f"check projects/shop --format {form}")
    require_harmless(command, printed)
    assert "pay" in printed.answer


@pytest.mark.parametrize("command", [command for command in COMMANDS if "NAME" not in command])
@pytest.mark.parametrize("key", ["host", "kind", "address", "service", "project"])
def test_a_lone_surrogate_in_the_mesh(
    command: str, key: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(company(here, "shop", mesh={key: SURROGATE}))
    require_harmless(command, run(command))


@pytest.mark.parametrize("command", [command for command in COMMANDS if "NAME" not in command])
def test_a_folder_whose_name_is_not_utf_8(
    command: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        project = company(here, "shop\udcff\x1b[2J\n::x", shop={"depends_on": "nobody"})
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no such names")
    monkeypatch.chdir(project)
    require_harmless(command, run(command))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_text_that_stdout_cannot_encode(
    command: str, encoding: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "café\N{SLICE OF PIZZA}"
    shop = {"cluster": name, "runtime": name, "depends_on": name}
    monkeypatch.chdir(company(here, "shop", shop=shop, mesh={"host": name}))
    require_harmless(command, run(command, name, encoding=encoding))


@pytest.mark.parametrize("command", ["check", "plan", "map"])
def test_the_escapes_of_a_manifest_beside_our_own_colours(
    command: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    attack = "pg\x1b[31m\x1b[0m\x1b[8m\n::x"
    shop = {"cluster": attack, "depends_on": attack}
    monkeypatch.chdir(company(here, "shop", shop=shop))
    printed = run(command, kind=Terminal)
    text = printed.answer + printed.remarks
    assert "\\x1b[8m" in text
    require_harmless(command, Printed(0, re.sub(r"\x1b\[(1;3[136]|0)m", "", text), ""))


@pytest.mark.parametrize("attack", [NEWLINE, ESCAPES, BIDI, SURROGATE])
def test_the_page_of_an_attack_is_written_and_holds_none(
    attack: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(company(here, "shop", mesh={"host": attack}))
    run("map --html map.html")
    page = Path("map.html").read_text(encoding="utf-8")
    assert all(letter.isprintable() or letter in "\n\t" for letter in page)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("attack", [NEWLINE, ERROR, ESCAPES, BIDI, SURROGATE, "<{%x%}>"])
def test_an_attack_in_what_the_engine_says_and_does(attack: str, form: str) -> None:
    step = Step("create", "urn", "digitalocean:index/droplet:Droplet", attack)
    change = replace(step, op="update", urn="urn2", inputs={"a": attack}, old_inputs={"a": "b"})
    message = EngineMessage("warning", attack, urn=attack)
    outcome = Outcome(True, (step, change), (message,), 1.0, {attack: 1})
    stored = plan(service("shop", database=database("shop", cluster=attack)))
    printed = captured(lambda: show(outcome, stored, "preview", form))
    assert "pg" in printed.answer or attack == "<{%x%}>"
    require_harmless(form, printed)


@pytest.mark.parametrize("attack", [NEWLINE, ERROR, ESCAPES, BIDI, SURROGATE])
def test_an_attack_in_a_slot_of_the_account(attack: str) -> None:
    droplet = slot(1, name=attack, size=attack, region=attack, addresses=(attack,))
    pool = Pool((Slot(attack, attack, droplet, "prod"),), Remembered())
    status = Status("prod", {attack: pool})
    require_harmless("", captured(lambda: print_answer("\n".join(status_text(status, NOW)))))
    require_harmless("json", captured(lambda: print_json(as_json(status, NOW))))


def test_a_command_that_was_started_without_streams_does_its_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, None)
    assert main(["schema"]) == 0
    assert main(["explain", "IA000"]) == 2


def test_only_one_module_writes_to_stdout_and_stderr() -> None:
    package = Path(infra_apply.__file__).parent
    writers = {
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        if any(map(_writes, ast.walk(ast.parse(file.read_text(encoding="utf-8")))))
    }
    # What these print is read by the program that starts them, and by nobody else.
    protocols = {
        "engine/install/download.py",
        "engine/language/child.py", "engine/language/host.py", "rehearsal/plugin/__main__.py",
    }  # fmt: skip
    assert writers == protocols


def _writes(node: ast.AST) -> bool:
    """Say whether a node calls `print`, or a stream of sys by its `write` or `writelines`."""
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id == "print"
    return bool(re.match(r"sys\.std(out|err)\.(buffer\.)?write", ast.unparse(node.func)))
