"""`preview --save FILE` and `up --plan FILE`: what was reviewed is what is done, or nothing is."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from infra_apply.apply.letting_go import LettingGo
from infra_apply.apply.remembered import read_state
from infra_apply.apply.saved_plan import SavedPlan, as_text, moved, parse_saved_plan, save_plan
from infra_apply.apply.target import Target
from infra_apply.digitalocean.read import read_account_id
from infra_apply.engine.run import Outcome
from infra_apply.errors import Refusal, Usage
from infra_apply.inputs.files import write
from infra_apply.reconcile.state import State


def save_reviewed(
    target: Target,
    planned: Outcome,
    letting_go: LettingGo,
    commits: Mapping[str, str],
    file: Path,
) -> None:
    """Write a preview's digest into a file that only its user may read. Raises Refusal, Outage."""
    state, key = read_state(target), secrets.token_bytes(32)
    saved = _digest(target, planned, letting_go, state, commits=commits, key=key)
    write(file, as_text(saved).encode(), private=True)


def read_reviewed(file: Path) -> SavedPlan:
    """Read what `preview --save` wrote. Raises Usage."""
    try:
        return parse_saved_plan(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Usage(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise Usage(
            f"{file} cannot be used: {error}",
            next_step="make one: infra-apply preview --save FILE",
        ) from None


def require_reviewed(
    target: Target,
    planned: Outcome,
    letting_go: LettingGo,
    commits: Mapping[str, str],
    saved: SavedPlan,
) -> None:
    """Raise Refusal, naming what moved, where a preview is not what was reviewed."""
    state, key = read_state(target), bytes.fromhex(saved.key)
    now = _digest(target, planned, letting_go, state, commits=commits, key=key)
    differences = list(moved(saved, now))
    if not differences:
        return
    lines = [f"  {difference}" for difference in differences]
    raise Refusal(
        "\n".join(["this is not what was reviewed:", *lines, *_since(saved, now)]),
        state="nothing was changed",
        next_step="preview it again with --save, and have that reviewed",
    )


def _digest(  # noqa: PLR0913 - all that is reviewed
    target: Target,
    planned: Outcome,
    letting_go: LettingGo,
    state: State,
    *,
    commits: Mapping[str, str],
    key: bytes,
) -> SavedPlan:
    account = read_account_id(target.client)
    return save_plan(
        target.plan, planned.steps, letting_go, state, account=account, commits=commits, key=key
    )


def _since(saved: SavedPlan, now: SavedPlan) -> list[str]:
    """Say what moved below the preview, which may be why."""
    lines = [
        f"  since then {folder} moved from {saved.commits[folder][:10]} to {commit[:10]}"
        for folder, commit in now.commits.items()
        if saved.commits.get(folder, commit) != commit
    ]
    if saved.state != now.state:
        lines.append("  since then the stack was applied by somebody, or its state was changed")
    return lines
