"""How a resource and an error about it are called when a person reads it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from infra_apply import naming
from infra_apply.apply.requests import failed_request
from infra_apply.apply.verdict import has_vanished, is_not_as_planned, was_not_come_to
from infra_apply.engine.events import EngineMessage, name_of_urn
from infra_apply.plan.model import Plan
from infra_apply.reconcile.removal import APPLY_ONCE_MORE


def resource_label(urn: str, plan: Plan) -> str:
    """Call a resource by its kind and name: `Droplet lime`, `Database shop on shared-pg`."""
    kind = urn.split("::")[2].rpartition("$")[2].rpartition(":")[2] if urn.count("::") > 1 else ""
    name = name_of_urn(urn)
    words = _KINDS.get(kind, kind)
    cluster = _clusters(plan).get(name) if kind in _ON_A_CLUSTER else None
    return f"{words} {name} on {cluster}" if cluster else f"{words} {name}"


def message_text(message: EngineMessage, plan: Plan) -> str:
    """Say what a message says, beginning with the resource that it is about.

    What the provider wraps its errors in (its source line, its version, the address of the
    request with the cluster's id) is left out. What plain pulumi leaves to a next run, a run of
    ours does by itself, and it says so.
    """
    text = _clean(message.message).replace(APPLY_ONCE_MORE, _BY_ITSELF)
    kind_of_stack = "pulumi:pulumi:Stack" in message.urn
    if not message.urn or kind_of_stack or message.severity == "info":
        return text
    return f"{resource_label(message.urn, plan)}: {text}"


def _clean(text: str) -> str:
    for tells, words in _IN_OUR_WORDS:
        if tells(text):
            return words
    if "previously-imported resources" in text:
        keys = ", ".join(sorted(set(_CHANGED_KEY.findall(text)))) or "something of it"
        return f"it would be replaced, which deletes it, because of what changes: {keys}"
    unwrapped = _WRAPPING.sub("", text).strip()
    errors = _BETWEEN_ERRORS.split(unwrapped) if "errors occurred:" in text else [unwrapped]
    return "; ".join(_without_request(error.strip()) for error in errors)


def _without_request(text: str) -> str:
    """Say what was answered to a request without its address, which holds the cluster's id."""
    request = failed_request(text)
    if request is None or "://" not in text:
        return text
    before = _TO_REQUEST.match(text)
    doing = before["doing"].strip() if before else ""
    answer = " ".join(filter(None, [str(request.status or ""), request.answer]))
    answered = f"DigitalOcean answered {answer}" if request.status else f"no answer came ({answer})"
    return f"{doing} {answered}" if doing else answered


def _is_protected_from_replacement(text: str) -> bool:
    return "unable to replace resource" in text and "protection" in text


def _clusters(plan: Plan) -> dict[str, str]:
    """Return the cluster of each database by the name of its resources."""
    return {
        name: database.cluster
        for database in plan.databases
        for name in (database.instance, naming.second_login_resource(database.instance))
    }


def _is_gone_while_updating(text: str) -> bool:
    return "reported that the resource did not exist while updating" in text


_CHANGED_KEY: Final = re.compile(r"^(\w+): \{", re.MULTILINE)
_BY_ITSELF: Final = "the update then applies once more by itself: that"
_IN_OUR_WORDS: Final[tuple[tuple[Callable[[str], bool], str], ...]] = (
    (  # what follows may be user data in the clear
        is_not_as_planned,
        "it is no longer what was previewed, and was left as it is; run the same again",
    ),
    (
        _is_protected_from_replacement,
        "it would be replaced, which deletes it; it is protected, and nothing was changed",
    ),
    (has_vanished, "it was made, and DigitalOcean answered 404 when it was read back"),
    (
        _is_gone_while_updating,
        "DigitalOcean answered 404 for it while it was changed; run the same again",
    ),
    (was_not_come_to, "the run ended before it came to it"),
)
_KINDS: Final = {"DatabaseDb": "Database", "DatabaseUser": "Database user"}
_ON_A_CLUSTER: Final = frozenset({"Database", "DatabaseDb", "DatabaseUser", "Grants"})
# Around an error stand, from the outside in, the engine's words for the phase, those of the bridge
# for the call, the provider's own source line, how many errors there were, and the error's class.
_WRAPPING: Final = re.compile(
    r"\A\s*(?:Preview failed: )?"
    r"(?:(?:creating|reading|importing|refreshing|updating|deleting|invoking) \S+: )?"
    r"(?:\d+ errors? occurred:\s+\* )?"
    r"|sdk-v\d/provider\d?\.go:\d+: |sdk\.helper_schema: "
    r"|:? provider=digitalocean@\S+"
    r"|\binfra_apply\.[a-z.]+\.[A-Z]\w+: "
)
_BETWEEN_ERRORS: Final = re.compile(r"\n+\s*\* ")
_TO_REQUEST: Final = re.compile(
    r"(?P<doing>.*?)\b(?:GET|POST|PUT|PATCH|DELETE|Get|Post|Put|Patch|Delete) \"?https?://",
    re.DOTALL,
)
