"""The judge of two fleets' lives finds what it is there for."""

from __future__ import annotations

from typing import Any

from tests.two_fleets.judge import held_by, reaches


def droplet(fleet: str, number: int = 7) -> dict[str, Any]:
    tags = [f"infra-apply:{fleet}:prod", f"infra-apply-host:{fleet}:lime"]
    return {"id": number, "name": "lime", "tags": tags}


def account(*tags: str, sources: tuple[str, ...] = (), droplets: tuple[int, ...] = ()) -> Any:
    """A droplet of birch's, and a firewall of acme's with these tags, sources and droplets."""
    firewall = {
        "name": "acme-lime",
        "tags": list(tags),
        "inbound_rules": [{"sources": {"tags": list(sources)}}],
        "droplet_ids": list(droplets),
    }
    return {"droplets": [droplet("birch")], "firewalls": [firewall], "databases": []}


def test_a_firewall_reaches_another_fleets_droplet_by_tag_by_source_and_by_id() -> None:
    tag = "infra-apply-host:birch:lime"
    assert [*reaches(account(tag))] == [f"acme-lime reaches droplet lime by ['{tag}']"]
    assert [*reaches(account(sources=(tag,)))] != []
    assert [*reaches(account(droplets=(7,)))] != []
    assert [*reaches(account("infra-apply-host:acme:lime"))] == []


def test_what_a_fleet_holds_is_compared_word_for_word() -> None:
    before, after = account(), account()
    after["droplets"][0]["tags"].append("team:web")
    assert held_by(before, "birch") != held_by(after, "birch")
    assert held_by(before, "acme") == held_by(after, "acme")
