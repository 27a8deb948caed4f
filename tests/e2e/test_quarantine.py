"""A quarantined project stays as it is, whatever becomes of its manifest and of its neighbours."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from tests.companies import manifest
from tests.e2e.company import (
    ONCE,
    SETTINGS_KEPT,
    SHOP,
    STATE,
    WIKI,
    changes,
    configure,
    declare,
    edit_account,
    names,
    requests,
)
from tests.e2e.shell import Shell

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

GPU = {"mode": "on-demand", "droplet": "gpu-l40sx1-48gb"}


def up(company: Shell) -> None:
    done = company.rehearse("up")
    assert done.returncode == 0, done.stderr


def outputs(company: Shell) -> Any:
    printed = company.pulumi("pulumi stack output --json --show-secrets")
    assert printed.returncode == 0, printed.stderr
    return json.loads(printed.stdout)


def sent(company: Shell) -> list[str]:
    return [request for request in requests(company) if not request.startswith("GET ")]


def remembered(company: Shell, project: str) -> dict[str, Any]:
    """What the state has by a project's name: inputs, outputs and protection."""
    keys = ("inputs", "outputs", "protect", "retainOnDelete", "id")
    latest = json.loads((company.account / STATE).read_text())["checkpoint"]["latest"]
    return {
        held["urn"]: {key: _without_ciphertext(held.get(key)) for key in keys}
        for held in latest["resources"]
        if held["urn"].endswith(f"::{project}")
    }


def _without_ciphertext(value: Any) -> Any:
    """Leave out what encryption changes each time, and what others' droplets count."""
    if isinstance(value, dict):
        return {
            key: _without_ciphertext(item) for key, item in value.items() if key != "ciphertext"
        }
    return value


def rules(company: Shell, firewall: str) -> list[tuple[str, list[str]]]:
    (held,) = [held for held in company.state_of_account()["firewalls"] if held["name"] == firewall]
    return sorted(
        (rule["ports"], rule["sources"].get("tags") or rule["sources"].get("addresses", []))
        for rule in held["inbound_rules"]
    )


def test_a_quarantined_project_stays_whatever_its_manifest_and_its_neighbours_become(
    applied: Shell,
) -> None:
    declare(applied, "shop", {**SHOP, "gpu": GPU, "depends_on": ["mail"]})
    notes = applied.project / "projects/notes"
    notes.mkdir()
    declare(applied, "notes", manifest("notes", service={"host": "lime", "port": 8090}))
    up(applied)
    account, told, requested = applied.state_of_account(), outputs(applied), sent(applied)
    shop, lime = remembered(applied, "shop"), rules(applied, "acme-lime")
    assert len(shop) == 5
    assert "SHOP_URL" in told["instances"]["wiki"]["env"]

    (applied.project / "projects/shop/.infra.yaml").write_bytes(b"\xff[[[[ project: shop \x00")
    configure(applied, owners={"quarantined": ["shop"]})
    assert changes(applied.json("preview")) == SETTINGS_KEPT
    up(applied)
    assert (applied.state_of_account(), outputs(applied)) == (account, told)
    assert (sent(applied), remembered(applied, "shop")) == (requested, shop)

    shutil.rmtree(applied.project / "projects/shop")
    shutil.rmtree(notes)  # lime carries only what is quarantined from now on
    configure(applied, retired={"notes": "keep"})
    declare(applied, "mail", manifest("mail", service={"host": "clove", "port": 8026}))
    declare(applied, "wiki", {**WIKI, "depends_on": ["shop", "mail"]})
    preview = applied.rehearse("preview")
    assert "nothing new is opened on it for `wiki`" in preview.stdout
    up(applied)
    assert remembered(applied, "shop") == shop
    assert outputs(applied)["instances"]["shop"] == told["instances"]["shop"]
    wiki = outputs(applied)["instances"]["wiki"]["env"]
    assert wiki["SHOP_URL"] == told["instances"]["wiki"]["env"]["SHOP_URL"]
    assert rules(applied, "acme-lime") == lime
    basil, host = "infra-apply-host:acme:basil", "infra-apply-host:acme:lime"
    pool = "infra-apply-pool:acme:shop"
    assert ("8025", [host, pool]) in rules(applied, "acme-clove")
    assert ("8026", [basil]) in rules(applied, "acme-clove")
    assert "stays as it is" in preview.stdout

    (applied.project / "projects/shop").mkdir()
    declare(applied, "shop", {**SHOP, "gpu": GPU, "depends_on": ["mail"]})
    configure(applied, owners={})
    up(applied)
    assert remembered(applied, "shop") == shop
    assert ("8026", sorted([basil, host, pool])) in rules(applied, "acme-clove")
    assert "8025" not in dict(rules(applied, "acme-clove"))


def test_what_somebody_removed_of_a_quarantined_project_is_named_and_stops_nobody(
    applied: Shell,
) -> None:
    (applied.project / "projects/shop/.infra.yaml").write_text("[")
    configure(applied, owners={"quarantined": ["shop"]})

    def remove(account: Any) -> None:
        for kind, name in (("droplets", "lime"), ("firewalls", "acme-lime")):
            account[kind] = [held for held in account[kind] if held["name"] != name]

    edit_account(applied, remove)
    preview = applied.rehearse("preview")
    assert preview.returncode == 0, preview.stderr
    assert "is gone from the account" in preview.stderr
    declare(applied, "mail", manifest("mail", service={"host": "clove", "port": 8026}))
    for _ in range(2):
        up(applied)
        assert names(applied) == {
            **ONCE,
            "droplets": ["basil", "clove"],
            "firewalls": ["acme-basil", "acme-clove"],
        }
    declare(applied, "shop", SHOP)
    configure(applied, owners={})
    up(applied)
    assert names(applied) == ONCE
