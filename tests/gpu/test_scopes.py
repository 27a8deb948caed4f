"""Each command of pools asks of its token what docs/security.md says, and no more."""

from __future__ import annotations

from typing import Any

from tests.gpu.stage import ENGINE_IN_THIS_PROCESS, Stage
from tests.scopes import documented_scopes, needed_scopes

pytestmark = ENGINE_IN_THIS_PROCESS


def scopes_of(pool: Stage) -> set[str]:
    """The scopes of what was asked since this was asked last."""
    log = pool.directory / "requests.jsonl"
    lines = log.read_text().splitlines()
    log.unlink()
    return needed_scopes(lines)


def test_only_what_grows_a_pool_may_make_anything_and_the_reaper_may_only_end(
    grown: Stage, pool_of_three: Stage
) -> None:
    growing = needed_scopes((grown.directory / "requests.jsonl").read_text().splitlines())
    assert pool_of_three.scale(2).code == 0
    shrinking = scopes_of(pool_of_three)
    pool_of_three.status()
    assert scopes_of(pool_of_three) == documented_scopes("infra-apply gpu status")
    pool_of_three.edit(make_overdue)
    account = pool_of_three.account()
    older = {"name": "infra-apply-reaper:acme:1700000000"}
    pool_of_three.write(account | {"tags": [*account["tags"], older]})
    assert pool_of_three.run("gpu", "reap", "--fleet", "acme").code == 0
    assert pool_of_three.gpus() == []
    assert scopes_of(pool_of_three) == documented_scopes("infra-apply gpu reap")
    assert growing | shrinking == documented_scopes("infra-apply gpu scale")


def make_overdue(droplet: dict[str, Any]) -> None:
    deadline = "infra-apply-deadline:"
    droplet["tags"] = [
        f"{deadline}1700000000" if tag.startswith(deadline) else tag for tag in droplet["tags"]
    ]
