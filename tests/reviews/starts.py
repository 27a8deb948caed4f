"""Starts: random companies with a reviewed plan, and what applying it does where nothing moved."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any, Final

from infra_apply.engine.install import find
from infra_apply.inputs import pulumi_project
from infra_apply.plan.stack import plan_stack
from infra_apply.rehearsal import session
from infra_apply.rehearsal.plugin.install import install
from infra_apply.rehearsal.simulator.seed.build import seed
from tests.companies import manifest
from tests.reviews import manifest_edits, settings_edits
from tests.reviews.account_edits import JSON, post, post_droplet
from tests.reviews.companies import (
    CLUSTERS,
    SSH_KEYS,
    STACK,
    Company,
    draw_company,
    write_company,
)
from tests.reviews.harmless import git
from tests.reviews.judge import Observed
from tests.reviews.manifest_edits import Edit
from tests.reviews.runs import CLOCK, Engine, Served, copy_folder, served
from tests.reviews.settings_edits import retired
from tests.schedules.fleets import add_bystanders

# What a reviewed plan is to have, with how often.
KINDS: Final[Mapping[str, int]] = {
    "fresh": 3,  # creates alone
    "adopting": 2,  # creates and imports
    "edited": 5,  # creates and updates
    "adopting later": 2,  # an import beside what was applied
    "retiring": 2,  # protection is lifted, perhaps beside updates
    "half retired": 2,  # deletions, or forgetting
}
PLAN: Final = "reviewed.json"
# Those after which a plan is there to be reviewed.
REVIEWED_EDITS: Final[tuple[Edit, ...]] = (
    manifest_edits.other_port,
    manifest_edits.new_dependency,
    manifest_edits.dropped_dependency,
    manifest_edits.new_database,
    manifest_edits.new_project,
    settings_edits.other_ssh,
    settings_edits.other_tunnel,
    settings_edits.other_public,
    settings_edits.other_size,
    settings_edits.other_tags,
    settings_edits.other_backups,
    settings_edits.other_limits,
    settings_edits.growing_disk,
)


class NotReviewableError(Exception):
    """What was drawn is refused, or comes to nothing: there is nothing to be reviewed."""


@dataclass(frozen=True, slots=True)
class Start:
    """A folder with a company, its account, its state and its reviewed plan.

    `reference` is what applying the plan does to a copy of it.
    """

    kind: str
    company: Company
    folder: Path
    engine: Engine
    reference: Observed


def prepare(seed_of_all: int, number: int, folder: Path, python: Path) -> Start:
    """Make the start of this number: the first one that can be reviewed of those it draws.

    `python` runs everything.
    """
    for attempt in range(30):
        rng = Random(f"{seed_of_all}/start {number}/{attempt}")  # noqa: S311 - it is to be repeated
        try:
            return _prepare(rng, folder, python)
        except NotReviewableError:
            shutil.rmtree(folder)
    raise ValueError(f"start {number}: nothing that can be reviewed in 30 draws")


def observe(folder: Served, *words: str | Path) -> Observed:
    """Run `infra-apply` and keep everything that a judge asks for."""
    account, state = deepcopy(folder.server.state()), folder.deployment()
    run = folder.infra_apply(*words)
    after = deepcopy(folder.server.state())
    return Observed(run.code, run.output, run.requests, account, after, state, folder.deployment())


def account_of(company: Company) -> JSON:
    """Return an account with the clusters and keys that edits may name, and with bystanders."""
    clusters = [(name, None) for name in CLUSTERS]
    account = seed(clusters=clusters, ssh_keys=SSH_KEYS, extra_sizes=["gpu-l40sx1-48gb"])
    return add_bystanders(deepcopy(account), company.fleet())


def _prepare(rng: Random, folder: Path, python: Path) -> Start:
    kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
    company = draw_company(rng)
    account = account_of(company)
    if kind == "adopting":
        company = _adopt(rng, company, account)
    folder.mkdir(parents=True)
    project = write_company(company, folder, python)
    _require_plan(project)
    (folder / "account.json").write_text(json.dumps(account))
    engine = _make_stack(folder, python)
    with served(folder, engine) as home:
        if kind not in {"fresh", "adopting"}:
            _require(home.infra_apply("up", "--yes").code == 0)
            company = _edited(rng, kind, company, home)
            write_company(company, folder, python)
            _require_plan(project)
        git(project, "init", "--quiet")
        git(project, "add", ".")
        git(project, "commit", "--quiet", "--message", "reviewed")
        _save(home)
        if kind == "half retired":
            _require(home.infra_apply("up", "--plan", folder / PLAN).code == 0)
            _save(home)
    copy_folder(folder, folder / "reference")
    with served(folder / "reference", engine) as copy:
        reference = observe(copy, "up", "--plan", folder / PLAN)
    _require(reference.code == 0)
    _require(kind == "retiring" or bool(reference.requests) or kind == "half retired")
    return Start(kind, company, folder, engine, reference)


def _edited(rng: Random, kind: str, company: Company, home: Served) -> Company:
    edited: Company | None = company
    if kind in {"retiring", "half retired"}:
        edited = retired(rng, company)
    if kind == "adopting later" and edited:
        account = deepcopy(home.server.state())
        edited = _adopt_new(rng, edited, account)
        home.server.edit(lambda _: account)
    for edit in rng.sample(REVIEWED_EDITS, rng.randint(1, 3) if kind == "edited" else 1):
        if kind == "edited" or rng.random() < 0.4:
            edited = (edit(rng, edited) or edited) if edited else None
    _require(edited is not None)
    assert edited is not None
    return edited


def _adopt(rng: Random, company: Company, account: JSON) -> Company:
    """Put hand-made droplets and databases into the account, and adopt them in the settings."""
    edited = company.copy()
    hosts = edited.settings.setdefault("hosts", {})
    for host in rng.sample(edited.hosts, rng.randint(1, len(edited.hosts))):
        size = edited.settings.get("droplet", {}).get("size", "s-1vcpu-1gb")
        post_droplet(account, host, size=size, tags=["hand-made"])
        hosts[host] = {"adopt": account["droplets"][-1]["id"]}
        if rng.random() < 0.5:
            hosts[host]["firewall"] = "managed"
    for project, keys in edited.manifests.items():
        claim = keys.get("database")
        if claim and rng.random() < 0.6:
            clusters = edited.settings.setdefault("databases", {})
            clusters.setdefault(claim["cluster"], {}).setdefault("adopt", []).append(project)
            cluster = next(c for c in account["databases"] if c["name"] == claim["cluster"])
            for collection in ("dbs", "users"):
                post(account, f"databases/{cluster['id']}/{collection}", {"name": project})
    return edited


def _adopt_new(rng: Random, company: Company, account: JSON) -> Company:
    """Adopt a hand-made droplet for a project that is new."""
    edited = company.copy()
    post_droplet(account, "mint", tags=["hand-made"])
    hosts = edited.settings.setdefault("hosts", {})
    hosts["mint"] = {"adopt": account["droplets"][-1]["id"], "firewall": "managed"}
    keys: dict[str, Any] = {"service": {"host": "mint", "port": 8300}}
    if rng.random() < 0.5:
        keys["depends_on"] = [rng.choice(edited.projects)]
    edited.manifests["news"] = manifest("news", **keys)
    return edited


def _make_stack(folder: Path, python: Path) -> Engine:
    engine = find.find(os.environ)
    if engine is None:
        raise LookupError("no engine: run `make setup`")
    options = session.Options(engine, folder / "rehearsal", clock_scale=CLOCK)
    project = pulumi_project.find(folder / "company")
    with session.start_rehearsal(project, STACK, options, plan=None) as rehearsal:
        session.select_stack(replace(rehearsal, folder=folder / "company"), engine, STACK)
        if rehearsal.plugin == "stand-in":
            home = folder / "rehearsal" / "engine" / "home"
            install(home, version("pulumi_digitalocean"), python)
    (folder / "rehearsal" / "engine" / "state").rename(folder / "state")
    return Engine(engine.path, rehearsal.env, python)


def _save(home: Served) -> None:
    _require(home.infra_apply("preview", "--save", home.folder / PLAN).code == 0)


def _require_plan(project: Path) -> None:
    _require(plan_stack(pulumi_project.find(project), STACK).plan is not None)


def _require(condition: bool) -> None:
    if not condition:
        raise NotReviewableError
