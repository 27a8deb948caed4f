"""The reaper ends what is overdue or idle, reports what it cannot read, and touches no host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.gpu.reaper import judge
from infra_apply.gpu.slot import BOOT_GRACE, LEASE_LASTS
from tests.gpu.droplets import ADAY, NOW, live, slot


def verdicts(*droplets: LiveDroplet, now: float = NOW) -> list[str]:
    return [judgement.verdict for judgement in judge(droplets, "acme", ADAY, now)]


def test_a_slot_past_its_deadline_ends_even_at_work_and_even_young() -> None:
    assert verdicts(slot(deadline=NOW, lease=NOW, made_at=NOW - 1)) == ["destroy"]


def test_a_slot_at_work_is_kept_until_three_renewals_were_missed() -> None:
    working = slot(lease=NOW)
    assert verdicts(working, now=NOW + LEASE_LASTS - 1) == ["keep"]
    assert verdicts(working, now=NOW + LEASE_LASTS) == ["destroy"]


def test_a_slot_that_never_had_a_lease_has_its_boot_grace() -> None:
    new = slot(made_at=NOW)
    assert verdicts(new, now=NOW + BOOT_GRACE - 1) == ["keep"]
    assert verdicts(new, now=NOW + BOOT_GRACE) == ["destroy"]


@pytest.mark.parametrize("text", ["soon", "1e10", "-5", "0x10", "", "1800000000.5", "٣", "9" * 13])
def test_a_deadline_that_cannot_be_read_is_reported_and_takes_no_other_away(text: str) -> None:
    odd = slot(deadline=None, tags=(f"infra-apply-deadline:{text}",))
    assert verdicts(odd) == ["report"]
    both = slot(deadline=NOW + 60, lease=NOW, tags=(f"infra-apply-deadline:{text}",))
    assert verdicts(both) == ["keep"]
    assert verdicts(both, now=NOW + 60) == ["destroy"]


def test_a_missing_deadline_is_reported() -> None:
    assert verdicts(slot(deadline=None)) == ["report"]


def test_of_two_deadlines_the_first_counts() -> None:
    assert verdicts(slot(lease=NOW, tags=(f"infra-apply-deadline:{int(NOW)}",))) == ["destroy"]


def test_an_unreadable_lease_or_age_is_reported_while_the_deadline_is_to_come() -> None:
    assert verdicts(slot(tags=("infra-apply-lease:now",))) == ["report"]
    assert verdicts(slot(made_at=None)) == ["report"]
    assert verdicts(slot(made_at=None, deadline=NOW - 1)) == ["destroy"]


def test_a_service_host_of_a_gpu_size_is_not_even_named() -> None:
    tags = ("infra-apply:acme:prod", "infra-apply-host:lime", "env:prod", "project:shop")
    host = live(7, *tags, name="lime", made_at=NOW - 10**7)
    pooled = live(8, "infra-apply-pool:train", "infra-apply-deadline:1", name="lime")
    assert judge((host, pooled), "acme", ADAY, NOW) == ()


times = st.integers(0, 2 * 10**9)


@given(times, st.none() | times, st.none() | times, st.none() | times)
def test_only_an_overdue_idle_or_too_old_slot_ends_and_every_overdue_one(
    now: int, deadline: int | None, lease: int | None, made_at: int | None
) -> None:
    (judgement,) = judge([slot(deadline=deadline, lease=lease, made_at=made_at)], "acme", ADAY, now)
    if judgement.verdict == "destroy":
        overdue = deadline is not None and now >= deadline
        too_old = made_at is not None and now - made_at >= 24 * 3600
        idle = lease is None or abs(now - lease) >= LEASE_LASTS
        grown_up = made_at is not None and now - made_at >= BOOT_GRACE
        assert overdue or too_old or (deadline is not None and idle and grown_up)
    if deadline is not None and now >= deadline:
        assert judgement.verdict == "destroy"
