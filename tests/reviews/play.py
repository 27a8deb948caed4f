"""Plays a case: a start, one change, and then `up` with the plan that was reviewed before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, Literal, TypeAlias

from tests.reviews.account_edits import ACCOUNT_EDITS, AccountEdit
from tests.reviews.companies import write_company
from tests.reviews.harmless import BYSTANDERS, FILE_EDITS, FileEdit
from tests.reviews.judge import Verdict, judge
from tests.reviews.manifest_edits import MANIFEST_EDITS, Edit
from tests.reviews.runs import Served, copy_folder, served
from tests.reviews.settings_edits import SETTINGS_EDITS
from tests.reviews.starts import PLAN, Start, observe
from tests.reviews.state_edits import STATE_EDITS, StateEdit

Domain: TypeAlias = Literal["account", "state", "manifest", "settings", "without effect"]
Apply: TypeAlias = Callable[[Random, Start, Served], bool]


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change: `apply` makes one, and returns whether the start has what it changes."""

    domain: Domain
    kind: str
    apply: Apply


@dataclass(frozen=True, slots=True)
class Played:
    """A case that was played, and what the reviewed `up` said."""

    start: str
    change: Change
    verdict: Verdict
    output: str
    seconds: float


def play(start: Start, seed: int, number: int, folder: Path) -> Played:
    """Play a case on a copy of its start in `folder`; its change is drawn by seed and number."""
    rng = Random(f"{seed}/case {number}")  # noqa: S311 - it is to be repeated
    return play_first(start, list(_in_drawn_order(rng)), rng, folder)


def play_first(start: Start, changes: Sequence[Change], rng: Random, folder: Path) -> Played:
    """Play the first of some changes for which the start has what it changes."""
    began = time.monotonic()
    copy_folder(start.folder, folder)
    with served(folder, start.engine) as copy:
        change = next(change for change in changes if change.apply(rng, start, copy))
        observed = observe(copy, "up", "--plan", start.folder / PLAN)
        verdict = judge(start.reference, observed)
    return Played(start.kind, change, verdict, observed.output, time.monotonic() - began)


def _in_drawn_order(rng: Random) -> Iterator[Change]:
    """Yield all changes: half of the cases begin with one that has no effect."""
    with_effect = [change for change in CHANGES if change.domain != "without effect"]
    without = [change for change in CHANGES if change.domain == "without effect"]
    rng.shuffle(with_effect)
    rng.shuffle(without)
    yield from [*without, *with_effect] if rng.random() < 0.5 else [*with_effect, *without]


def _company_change(edit: Edit) -> Apply:
    def apply(rng: Random, start: Start, copy: Served) -> bool:
        edited = edit(rng, start.company)
        if edited is not None:
            write_company(edited, copy.folder, start.engine.python)
        return edited is not None

    return apply


def _account_change(edit: AccountEdit) -> Apply:
    def apply(rng: Random, start: Start, copy: Served) -> bool:
        account = deepcopy(copy.server.state())
        changed = edit(rng, start.company, account)
        if changed:
            copy.server.edit(lambda _: account)
        return changed

    return apply


def _state_change(edit: StateEdit) -> Apply:
    def apply(rng: Random, _start: Start, copy: Served) -> bool:
        deployment = copy.deployment()
        changed = edit(rng, deployment)
        if changed:
            copy.edit_deployment(deployment)
        return changed

    return apply


def _file_change(edit: FileEdit) -> Apply:
    return lambda rng, start, copy: edit(rng, start.company, copy.project)


def _refreshed(_rng: Random, _start: Start, copy: Served) -> bool:
    return copy.pulumi("refresh", "--yes", "--skip-preview").code == 0


def _changes() -> Iterator[Change]:
    domains: Mapping[Domain, Mapping[str, Edit]] = {
        "manifest": MANIFEST_EDITS,
        "settings": SETTINGS_EDITS,
    }
    for domain, edits in domains.items():
        for kind, edit in edits.items():
            yield Change(domain, kind, _company_change(edit))
    for kind, account_edit in ACCOUNT_EDITS.items():
        yield Change("account", kind, _account_change(account_edit))
    for kind, state_edit in STATE_EDITS.items():
        yield Change("state", kind, _state_change(state_edit))
    for kind, file_edit in FILE_EDITS.items():
        yield Change("without effect", kind, _file_change(file_edit))
    for kind, account_edit in BYSTANDERS.items():
        yield Change("without effect", kind, _account_change(account_edit))
    yield Change("without effect", "state refreshed", _refreshed)


CHANGES: Final = tuple(_changes())
