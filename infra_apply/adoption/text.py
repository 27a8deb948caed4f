"""Proposals as a person reads them: why each was made, and what is not proposed."""

from __future__ import annotations

from collections.abc import Iterator

from infra_apply.adoption.model import NotProposed, Proposals
from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.terminal.layout import duration, plural
from infra_apply.terminal.safe_text import printable


def reasons(proposals: Proposals) -> Iterator[str]:
    """Yield a line for each proposal."""
    for host in proposals.hosts:
        yield printable(f"{host.host}: {host.reason}")
    for member in proposals.members:
        yield printable(f"{member.name} on {member.cluster}: {member.reason}")


def not_proposed_lines(problem: NotProposed, now: float) -> Iterator[str]:
    """Yield the lines that name what is not proposed; `now` is in seconds since 1970."""
    yield printable(f"not proposed: {problem.reason}")
    for droplet in problem.droplets:
        yield printable(f"  {_droplet(droplet, now)}")
    yield f"  next:  {problem.next_step}"


def counted(proposals: Proposals) -> str:
    """Count what is proposed: `2 hosts, 1 database or user`."""
    members = len(proposals.members)
    noun = "1 database or user" if members == 1 else f"{members} databases and users"
    parts = [plural(len(proposals.hosts), "host")] if proposals.hosts else []
    return ", ".join([*parts, *([noun] if members else [])])


def _droplet(droplet: LiveDroplet, now: float) -> str:
    age = "of unknown age" if droplet.made_at is None else f"{_age(now - droplet.made_at)} old"
    addresses = ", ".join(droplet.addresses) or "no address"
    return f"droplet {droplet.id} `{droplet.name}`: {addresses}, {droplet.size}, {age}"


def _age(seconds: float) -> str:
    days = int(seconds // _DAY)
    return plural(days, "day") if days else duration(max(seconds, 0))


_DAY = 24 * 60 * 60
