"""Each command asks of its token what docs/security.md says, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.company import MAIL, WIKI, configure, declare, remove
from tests.e2e.shell import Shell
from tests.scopes import documented_scopes, needed_scopes

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


def scopes_of(company: Shell, *words: str) -> set[str]:
    """Run a command that goes well, and return the scopes of its requests."""
    log = company.account / "requests.jsonl"
    log.unlink(missing_ok=True)
    done = company.run(*words, "--account", company.account)
    assert done.returncode == 0, done.stderr
    return needed_scopes(log.read_text().splitlines())


def test_looking_needs_no_scope_that_changes_anything(applied: Shell) -> None:
    for command in ("preview", "cost", "adopt", "map --live"):
        words = [*command.split(), "--stack", "prod"]
        scopes = scopes_of(applied, *words)
        assert scopes == documented_scopes(f"infra-apply {command}"), command
        assert {scope.partition(":")[2] for scope in scopes} == {"read"}


def test_applying_needs_what_it_makes_changes_and_was_told_to_remove(
    applied: Shell, applied_folder: Path
) -> None:
    made = needed_scopes((applied_folder / "account/requests.jsonl").read_text().splitlines())
    remove(applied, "shop")
    declare(applied, "mail", {**MAIL, "service": {"host": "lime", "port": 8025}})
    declare(applied, "wiki", {**WIKI, "depends_on": ["mail"]})
    sizes = {"basil": {"size": "s-2vcpu-4gb"}}
    configure(applied, retired={"shop": "destroy", "clove": "destroy"}, hosts=sizes)
    changed = scopes_of(applied, "up", "--stack", "prod", "--yes", "--allow-delete", "9")
    documented = documented_scopes("infra-apply up") | documented_scopes("infra-apply preview")
    assert made | changed == documented
    assert not {scope for scope in made if scope.endswith(":delete")}


def test_a_new_password_needs_one_scope_more_than_a_look(applied: Shell) -> None:
    scopes = scopes_of(applied, "db", "reset-password", "shop", "--stack", "prod")
    documented = documented_scopes("infra-apply db reset-password")
    assert scopes == documented | documented_scopes("infra-apply preview")
