"""Two companies on one account, with the real engine: random lives, and who may touch what."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.companies import manifest, write
from tests.e2e.company import configure
from tests.e2e.shell import Shell
from tests.two_fleets.judge import held_by, reaches

FLEETS: Final = ("acme", "birch")
OVERDUE: Final = "infra-apply-deadline:1700000000"
_SETTINGS: Final[Mapping[str, Any]] = {
    "droplet": {"region": "nyc1", "size": "s-1vcpu-1gb", "sshKeys": ["ops"]},
    "gpu": {
        "profiles": {
            "batch": {"size": ["gpu-l40sx1-48gb"], "region": ["tor1"], "userData": "worker.sh"}
        },
        "pools": {"train": {"maxSlots": 3, "maxHours": 12}, "infer": {"maxSlots": 3}},
    },
}


@dataclass(frozen=True, slots=True)
class Names:
    """What a company calls its hosts, its services and its pool."""

    hosts: tuple[str, str]
    projects: tuple[str, str]
    pool: str


SAME: Final = Names(("lime", "basil"), ("shop", "wiki"), "train")
NAMES: Final[Mapping[str, tuple[Names, Names]]] = {
    "same": (SAME, SAME),
    "disjoint": (SAME, Names(("elm", "fir"), ("cart", "docs"), "infer")),
}


@dataclass(frozen=True, slots=True)
class Company:
    """A fleet, its project and its state; the account is handed to whoever acts."""

    fleet: str
    names: Names
    shell: Shell


@dataclass(frozen=True, slots=True)
class Step:
    """One command of one fleet, its exit code, and its first error."""

    fleet: str
    what: str
    code: int = 0
    error: str = ""


@dataclass(slots=True)
class Life:
    """What was done, with its exit code, and what should not have happened."""

    steps: list[Step] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def live(folder: Path, naming: str, seed: int, steps: int) -> Life:
    """Let both companies act in turn, at random; whatever one does, the other's stays as it is."""
    chance, life = random.Random(seed), Life()  # noqa: S311
    companies = [
        _company(folder / fleet, fleet, names)
        for fleet, names in zip(FLEETS, NAMES[naming], strict=True)
    ]
    for number in range(steps):
        act: Act
        if number < len(companies):  # each begins with what it has to lose
            actor, act = companies[number], _begin
        else:
            actor = chance.choice(companies)
            act = chance.choice(_ACTS)
        (other,) = (company for company in companies if company is not actor)
        before = _read(other)
        if before:
            _write(actor, before)
        step = act(actor, chance)
        after = _read(actor)
        life.steps.append(step)
        expected = _overdue(before) if act is _reap else before
        if held_by(expected, other.fleet) != held_by(after, other.fleet):
            life.wrong.append(f"step {number}: {step.what} changed what is {other.fleet}'s")
        life.wrong += [f"step {number}: {reach}" for reach in reaches(after)]
        _write(other, after)
    return life


def _company(folder: Path, fleet: str, names: Names) -> Company:
    made_anyway = {host: {"create": True} for host in names.hosts}
    settings = {**_SETTINGS, "fleet": fleet, "hosts": made_anyway}
    project = write(folder, {}, settings=settings, hosts=names.hosts)
    (project / "worker.sh").write_text("#!/bin/sh\nexec worker\n")
    (folder / "account").mkdir(mode=0o700)
    return Company(fleet, names, Shell(project, folder / "account"))


def _manifests(
    fleet: str, names: Names, chance: random.Random, share: float
) -> dict[str, dict[str, Any]]:
    """Return manifests of a share of the services, and of the pool, which calls them."""
    projects = [project for project in names.projects if chance.random() < share]
    ports = chance.sample(range(8080, 8090), len(projects))
    manifests = {
        f"{project}/.infra.yaml": manifest(
            project,
            service={"host": chance.choice(names.hosts), "port": port},
            database={
                "cluster": "shared-pg", "name": f"{fleet}-{project}", "user": f"{fleet}-{project}",
            },
            depends_on=[other for other in projects if other != project and chance.random() < 0.5],
        )
        for project, port in zip(projects, ports, strict=True)
    }  # fmt: skip
    gpu = {"mode": "on-demand", "droplet": "batch"}
    manifests[f"{names.pool}/.infra.yaml"] = manifest(names.pool, gpu=gpu, depends_on=projects)
    return manifests


def _begin(company: Company, chance: random.Random) -> Step:
    return _update(company, chance, share=1)


def _update(company: Company, chance: random.Random, share: float = 0.7) -> Step:
    """Write other manifests, retire what they leave out, and apply."""
    names, projects = company.names, company.shell.project / "projects"
    manifests = _manifests(company.fleet, names, chance, share)
    shutil.rmtree(projects, ignore_errors=True)
    for name, content in manifests.items():
        (projects / name).parent.mkdir(parents=True)
        (projects / name).write_text(json.dumps(content))
    services = [content["service"] for content in manifests.values() if "service" in content]
    kept = {name.split("/")[0] for name in manifests} | {service["host"] for service in services}
    retired = dict.fromkeys(sorted({*names.projects, *names.hosts} - kept), "destroy")
    public = {name: [manifests[f"{name}/.infra.yaml"]["service"]["port"]]
              for name in names.projects if name in kept and chance.random() < 0.3}  # fmt: skip
    configure(company.shell, retired=retired, network={"ssh": [], "public": public})
    done = company.shell.rehearse("up", "--allow-delete", "20", "--no-snapshot")
    return _step(company, f"up of {', '.join(sorted(kept))}", done)


def _scale(company: Company, chance: random.Random) -> Step:
    count = chance.randrange(4)
    words = ("gpu", "scale", company.names.pool, str(count), "--yes", "--stack", "prod")
    return _step(company, f"gpu scale {count}", company.shell.run(*words, *_account(company)))


def _reap(company: Company, _: random.Random) -> Step:
    """Reap when every slot of both is overdue."""
    _write(company, _overdue(_read(company)))
    words = ("gpu", "reap", "--fleet", company.fleet)
    return _step(company, "gpu reap", company.shell.run(*words, *_account(company)))


def _lose_firewall(company: Company, chance: random.Random) -> Step:
    """Let somebody delete one of its firewalls; its next update makes it again."""
    account = _read(company)
    if not account:
        return Step(company.fleet, "nothing is lost")
    own = [
        held
        for held in account.get("firewalls", ())
        if held["name"].startswith(f"{company.fleet}-")
    ]
    gone = chance.choice(own)["name"] if own else ""
    account["firewalls"] = [held for held in account["firewalls"] if held["name"] != gone]
    _write(company, account)
    return Step(company.fleet, f"firewall {gone} is lost")


Act = Callable[[Company, random.Random], Step]
_ACTS: Final[tuple[Act, ...]] = (_update, _update, _update, _scale, _scale, _reap, _lose_firewall)


def _account(company: Company) -> tuple[str, ...]:
    return "--account", str(company.shell.account), "--clock", "200"


def _step(company: Company, what: str, done: subprocess.CompletedProcess[str]) -> Step:
    lines = done.stderr.strip().splitlines() if done.returncode else []
    errors = [line for line in lines if "error" in line.lower()] or lines
    return Step(company.fleet, what, done.returncode, " ".join(errors[:3]))


def _read(company: Company) -> Any:
    file = company.shell.account / "account.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _write(company: Company, account: Any) -> None:
    file = company.shell.account / "account.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(account))


def _overdue(account: Any) -> Any:
    """Return the account with every deadline long gone."""
    copied = json.loads(json.dumps(account))
    for droplet in copied.get("droplets", ()):
        droplet["tags"] = [
            OVERDUE if tag.startswith("infra-apply-deadline:") else tag for tag in droplet["tags"]
        ]
    return copied
