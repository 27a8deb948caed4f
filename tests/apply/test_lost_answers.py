"""After a lost answer: looking until the object is there, or for certain is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra_apply.apply.lost_answers import PATIENCE, look_for, sought_objects
from infra_apply.digitalocean.client import Client, Credentials
from infra_apply.errors import Outage
from tests.apply.steps import step, urn

TAGS = ["infra-apply:acme:prod", "env:prod"]
CREATES = [
    step("create", "Droplet", "lime", inputs={"name": "lime", "tags": TAGS, "size": "s-1"}),
    step("create", "Firewall", "lime", inputs={"name": "acme-lime"}),
    step("create", "DatabaseDb", "shop", inputs={"name": "shop", "clusterId": "c1"}),
    step("create", "DatabaseUser", "shop", inputs={"name": "shop", "clusterId": "c1"}),
    step("create", "Tag", "t", inputs={"name": "t"}),
]


class ListingClient(Client):
    """Lists what `contents` gives at a look, or raises Outage where that is None."""

    def __init__(self, contents: Callable[[], list[dict[str, Any]] | None]) -> None:
        super().__init__(Credentials("http://127.0.0.1:9", "t"))
        self._contents = contents

    def find(self, path: str) -> None:
        """By itself there is nothing but what the lists show."""
        del path

    def list(self, path: str, key: str, **query: str) -> Iterator[dict[str, Any]]:
        del path, key, query
        contents = self._contents()
        if contents is None:
            raise Outage("down")
        yield from contents


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def seconds(self) -> float:
        return self.now


def look(contents: Callable[[Clock], list[dict[str, Any]] | None]) -> tuple[bool, float]:
    """Look for the droplet; returns whether it was found, and the seconds it took."""
    clock = Clock()
    client = ListingClient(lambda: contents(clock))
    sought = sought_objects(CREATES, [urn("Droplet", "lime")])
    return look_for(client, sought, pause=clock.pause, clock=clock.seconds), clock.now


LIME = {"id": 1, "name": "lime", "tags": TAGS}


def test_each_kind_is_looked_for_where_it_would_be_listed() -> None:
    sought = sought_objects(CREATES, [created.urn for created in CREATES])
    assert [(thing.path, thing.name) for thing in sought] == [
        ("/v2/droplets", "lime"),
        ("/v2/firewalls", "acme-lime"),
        ("/v2/databases/c1/dbs", "shop"),
        ("/v2/databases/c1/users", "shop"),
    ]
    assert sought_objects(CREATES, []) == ()


def test_what_is_listed_at_once_is_found_at_once() -> None:
    assert look(lambda _: [LIME]) == (True, 0)


@pytest.mark.parametrize("late", [1, 31, PATIENCE - 1])
def test_what_is_listed_late_is_waited_for(late: float) -> None:
    found, seconds = look(lambda clock: [LIME] if clock.now >= late else [])
    assert found
    assert late <= seconds <= late + 5


def test_what_is_in_no_list_after_a_minute_and_two_looks_was_not_made() -> None:
    assert look(lambda _: []) == (False, PATIENCE)


def test_two_looks_must_agree() -> None:
    found, seconds = look(lambda clock: [{"id": clock.now, "name": "x"}] if clock.now < 80 else [])
    assert not found
    assert seconds == 85


def test_another_droplet_of_the_same_name_is_not_taken_for_it() -> None:
    assert look(lambda _: [{"id": 2, "name": "lime", "tags": ["env:prod"]}]) == (False, PATIENCE)


def test_an_account_that_cannot_be_read_for_a_while_is_waited_for() -> None:
    assert look(lambda clock: None if clock.now < 40 else [LIME]) == (True, 40)


def test_an_account_that_cannot_be_read_at_all_is_an_outage() -> None:
    with pytest.raises(Outage):
        look(lambda _: None)


def test_an_account_that_never_rests_is_not_waited_for_for_ever() -> None:
    found, seconds = look(lambda clock: [{"id": clock.now, "name": "x"}])
    assert not found
    assert seconds == 300
