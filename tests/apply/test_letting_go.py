"""What is retired: what is said of it, and which of its deletions need leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from infra_apply.apply.letting_go import LettingGo, backup_lines, counted
from infra_apply.apply.removals import refuse_removals, removals
from infra_apply.digitalocean.model import Size, Snapshot
from infra_apply.errors import Refusal
from infra_apply.reconcile.model import Retirement
from tests.apply.retirements import (
    DATABASE,
    HOST,
    KEPT_HOST,
    NAME,
    PLAN,
    SNAPSHOT,
    deletions,
    letting_go,
    retirement,
    said,
)
from tests.apply.steps import step
from tests.reconcile.worlds import database_state, pool_state


def test_nothing_is_said_where_nothing_is_retired() -> None:
    assert said(LettingGo()) == ""


def test_a_droplet_that_goes_is_named_with_its_id_its_address_and_its_snapshot() -> None:
    text = said(letting_go(HOST, snapshots={"7": SNAPSHOT}))
    assert "applies once more by itself, letting go of:" in text
    assert "lime: droplet 7 at 203.0.113.7 is destroyed with its disk" in text
    assert f"{NAME}: at most $1.50 a month ($0.06 per GB, DigitalOcean's price" in text
    assert "lime: its firewall is deleted" in text


def test_without_a_snapshot_that_is_said_too() -> None:
    assert "no snapshot of it is taken" in said(letting_go(HOST))


def test_what_is_kept_is_named_with_what_it_bills() -> None:
    text = said(letting_go(KEPT_HOST, sizes={"s-1vcpu-1gb": Size(1024, 1, 25, monthly=6.0)}))
    assert "droplet 7 at 203.0.113.7 stays, and bills $6.00 a month (s-1vcpu-1gb)" in text
    assert "at an unknown price" in said(letting_go(KEPT_HOST))


def test_a_droplet_that_is_gone_already_is_not_said_to_go() -> None:
    assert "droplet 7 is not in the account any more" in said(letting_go(HOST, droplets={}))


def test_a_database_that_goes_or_stays_is_named_with_its_cluster() -> None:
    assert "shop: database shop with user shop on shared-pg is deleted" in said(
        letting_go(DATABASE)
    )
    assert "on shared-pg stays" in said(letting_go(retirement(database_state(), "keep")))


def test_what_is_protected_no_more_is_let_go_of_in_one_run() -> None:
    assert "let go of now" in said(letting_go(HOST, in_two_runs=False))


def test_only_the_very_object_that_is_retired_may_go() -> None:
    (droplet, *_) = deletions(HOST)
    assert letting_go(HOST).asks_for(droplet)
    assert not letting_go(HOST).asks_for(replace(droplet, id="8"))


@pytest.mark.parametrize(
    ("retired", "lifted", "count"),
    [
        (HOST, False, 0),
        (HOST, True, 0),
        (DATABASE, False, 2),
        (DATABASE, True, 2),  # nothing is deleted with its grants
        (retirement(database_state(), "keep"), False, 0),
        (retirement(pool_state()), False, 1),
        (retirement(pool_state()), True, 1),
    ],
)
def test_a_retired_host_needs_no_leave_and_a_database_does_before_anything_is_lifted(
    retired: Retirement, lifted: bool, count: int
) -> None:
    steps = deletions(retired) if lifted else []
    other = step("delete", "Droplet", "basil")
    removed = counted(removals([*steps, other]), letting_go(retired))
    assert len(removed.deletes) == count + 1
    assert other in removed.deletes


def test_what_is_kept_may_be_forgotten_and_never_deleted() -> None:
    forgotten = counted(removals(deletions(KEPT_HOST, retain=True)), letting_go(KEPT_HOST))
    assert (forgotten.deletes, forgotten.forgets) == ((), ())
    deleted = counted(removals(deletions(KEPT_HOST)), letting_go(KEPT_HOST))
    assert len(deleted.deletes) == 2


@pytest.mark.parametrize(
    ("backups", "words"),
    [
        ({"shared-pg": 1764067590.0}, "the newest backup of shared-pg is of 2025-11-25 10:46 UTC"),
        ({"shared-pg": None}, "shared-pg has no backup"),
    ],
)
def test_a_refusal_names_the_newest_backup(backups: Mapping[str, float | None], words: str) -> None:
    gone = letting_go(DATABASE, backups=backups)
    removed = counted(removals([]), gone)
    with pytest.raises(Refusal) as raised:
        refuse_removals(removed, PLAN, allowed=1, command="up", remarks=backup_lines(gone))
    assert words in raised.value.message
    assert "--allow-delete 2" in raised.value.next_step
    refuse_removals(removed, PLAN, allowed=2, command="up", remarks=backup_lines(gone))


def test_the_price_of_a_snapshot_that_is_there_is_that_of_its_size() -> None:
    there = replace(SNAPSHOT, taken=Snapshot(3, NAME, gigabytes=2.5))
    text = said(letting_go(HOST, snapshots={"7": there}))
    assert f"its snapshot {NAME} is there, 2.5 GB: $0.15 a month" in text
