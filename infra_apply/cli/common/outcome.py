"""What a run of the engine did, or would do, on stdout; what it said, on stderr."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from infra_apply.apply.verdict import is_summary, judge
from infra_apply.apply.wording import message_text
from infra_apply.engine.events import EngineMessage, Step
from infra_apply.engine.run import Outcome
from infra_apply.engine.tree import lines
from infra_apply.errors import Outage
from infra_apply.plan.model import Plan
from infra_apply.plan.text import not_rendered, notes
from infra_apply.terminal.layout import wants_colour
from infra_apply.terminal.printing import print_answer, print_json, print_remark


def show(  # noqa: PLR0913 - what to show, and how
    outcome: Outcome,
    plan: Plan,
    verb: str,
    output_format: str,
    *,
    known: Sequence[EngineMessage] = (),
    reword: Callable[[str], str] = str,
) -> int:
    """Print an outcome as `text` or `json`; 0 if it went well, 3 after outages alone, else 1.

    What was done is printed also when the run failed; messages that are `known` are not repeated.
    `reword` is applied to each message.
    """
    code = exit_code(outcome)
    if output_format == "json":
        print_json(as_json(outcome, plan, verb, reword))
        return code
    print_messages(outcome.diagnostics, plan, verb, but=known, reword=reword)
    if not outcome.ok and not outcome.acted:
        return code
    colour = wants_colour(sys.stdout)
    answer = lines(outcome.steps, colour, done=outcome.acted, notes=notes(plan))
    print_answer("\n".join([*answer, *(not_rendered(plan) if verb == "preview" else ())]))
    return code


def exit_code(outcome: Outcome) -> int:
    """Return the exit code of a run that was not stopped from outside."""
    if outcome.ok:
        return 0
    return Outage.exit_code if judge(outcome.diagnostics).may_go_on else 1


def print_messages(
    messages: Sequence[EngineMessage],
    plan: Plan,
    verb: str,
    *,
    but: Sequence[EngineMessage] = (),
    reword: Callable[[str], str] = str,
) -> None:
    """Print warnings and errors on stderr, each once; not those that are in `but`, too."""
    known = set(_worth_saying(but, plan, verb))
    for text in _worth_saying(messages, plan, verb):
        if text not in known:
            print_remark(reword(text))


def as_json(
    outcome: Outcome, plan: Plan, verb: str, reword: Callable[[str], str] = str
) -> dict[str, Any]:
    """Return `{"version": 1, "verb", "stack", "ok", "changes", "steps", "messages"}`.

    Steps that change nothing are only counted; secrets are "[secret]", as the engine gives them.
    A step's `status` is planned, done, failed or unfinished; `changes` counts only what was done,
    or in a preview what would be.
    """
    return {
        "version": 1,
        "verb": verb,
        "stack": plan.stack,
        "ok": outcome.ok,
        "changes": dict(outcome.changes),
        "steps": [_step(step, acted=outcome.acted) for step in outcome.steps if step.op != "same"],
        "messages": [
            {
                "severity": message.severity,
                "message": reword(message_text(message, plan)),
                "urn": message.urn or None,
            }
            for message in outcome.diagnostics
            if _is_shown(message)
        ],
    }


def _step(step: Step, *, acted: bool) -> dict[str, Any]:
    status = "unfinished" if step.status == "started" else step.status
    return {
        "op": step.op,
        "status": status if acted else "planned",
        "type": step.type,
        "name": step.name,
        "urn": step.urn,
        "changed": sorted({*step.changed, *step.detailed_diff}),
    }


def _is_shown(message: EngineMessage) -> bool:
    """Say whether a message is for people: of a plugin's stderr what it calls a warning."""
    if message.severity == "info#err":
        return message.message.startswith(PLUGIN_WARNING)
    return message.severity in _SHOWN and not is_summary(message.message)


def _worth_saying(messages: Sequence[EngineMessage], plan: Plan, verb: str) -> list[str]:
    """Pick warnings and errors; the many refusals of protected resources become one."""
    texts, refused = [], []
    for message in messages:
        if not _is_shown(message):
            continue
        if _PROTECTED.search(message.message):
            refused.append(message.urn.rpartition("::")[2])
        else:
            texts.append(message_text(message, plan))
    if refused:
        names = ", ".join(sorted(set(refused)))
        texts.append(
            f"refused: {len(refused)} protected resources would be deleted ({names})\n"
            "  state: nothing was changed\n"
            f"  next:  {_ENDING if verb == 'destroy' else _DROPPED}"
        )
    return list(dict.fromkeys(texts))


_ENDING: Final = (
    "infra-apply rehearse destroy --everything lifts the protection, in a rehearsal only"
)
_DROPPED: Final = (
    "bring back what declared them; a host that is meant to go is first "
    "applied with `protect: false`"
)
PLUGIN_WARNING: Final = "warning: "
_SHOWN: Final = frozenset({"info", "warning", "error"})
_PROTECTED: Final = re.compile(r"cannot be deleted\s+because it is protected")
