"""Two fleets share an account and every name: neither counts or ends the other's slots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from infra_apply import naming
from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.gpu.change import plan_growth, plan_shrink
from infra_apply.gpu.pool import PoolIdentity, Remembered, survey
from infra_apply.gpu.proposal import describe_shrink
from infra_apply.gpu.reaper import judge
from infra_apply.gpu.recognition import slots_of, suspects_of
from infra_apply.gpu.slot_spec import current_slots
from infra_apply.gpu.status import Status, as_json, text
from infra_apply.map.graph import build_graph
from infra_apply.map.live_status import live_statuses, strays
from tests.companies import fleet as fleet_of
from tests.companies import gpu, service
from tests.gpu.droplets import ADAY, NOW, live

FLEETS = ("acme", "rival")
DRAWN = build_graph(fleet_of(service("train", gpu=gpu())))


@dataclass(frozen=True)
class Owned:
    """A slot's droplet, and whose it is."""

    droplet: LiveDroplet
    fleet: str


@st.composite
def shared_accounts(draw: st.DrawFn) -> list[Owned]:
    """Slots of both fleets with the same names, tagged now or before tags had the fleet."""
    owned = []
    for number in range(1, draw(st.integers(0, 8)) + 1):
        fleet, environment = draw(st.sampled_from(FLEETS)), draw(st.sampled_from(["prod", "dev"]))
        slot_id = draw(st.sampled_from(["aaaaaa", "bbbbbb"]))
        pool = naming.instance("train", environment)
        now, before = naming.slot_tag(fleet, pool, slot_id), naming.former_slot_tag(pool, slot_id)
        tags = (
            draw(st.sampled_from([now, before])),
            naming.owner_tag(fleet, environment),
            naming.deadline_tag(int(NOW) + draw(st.sampled_from([-5, 5]))),
        )
        name = naming.slot_droplet("train", environment, slot_id)
        owned.append(Owned(live(number, *tags, name=name), fleet))
    return owned


def seen_by(fleet: str, droplets: list[LiveDroplet]) -> dict[str, Any]:
    """What every verb of a fleet makes of an account."""
    seen: dict[str, Any] = {
        "slots": slots_of(droplets, fleet),
        "suspects": suspects_of(droplets, fleet),
        "reap": judge(droplets, fleet, ADAY, NOW),
        "strays": strays(DRAWN, Account(gpu_droplets=tuple(droplets)), NOW, fleets=[fleet]),
        "map": live_statuses(
            DRAWN, [], Account(gpu_droplets=tuple(droplets)), {}, NOW, fleets=[fleet]
        ),
    }
    for environment in ("prod", "dev"):
        identity = PoolIdentity(fleet, environment, naming.instance("train", environment))
        pool = survey(identity, droplets, Remembered())
        status = Status(environment, {identity.name: pool}, suspects=seen["suspects"])
        ending = [slot.id for slot in pool.slots]
        seen[environment] = (
            pool,
            plan_shrink(pool, ending),
            plan_growth(pool, ()),
            tuple(describe_shrink(pool, 0, ending, NOW)),
            current_slots(droplets, identity),
            tuple(text(status, NOW)),
            as_json(status, NOW),
        )
    return seen


@given(shared_accounts())
def test_every_verb_of_a_fleet_sees_what_it_saw_if_the_other_had_no_slot(
    account: list[Owned],
) -> None:
    everything = [owned.droplet for owned in account]
    for fleet in FLEETS:
        own = [owned.droplet for owned in account if owned.fleet == fleet]
        assert seen_by(fleet, everything) == seen_by(fleet, own)


@given(shared_accounts())
def test_each_slot_is_counted_by_its_own_fleet_and_by_no_other(account: list[Owned]) -> None:
    everything = [owned.droplet for owned in account]
    for fleet in FLEETS:
        own = {owned.droplet.id for owned in account if owned.fleet == fleet}
        assert {slot.droplet.id for slot in slots_of(everything, fleet)} == own
        ended = {judged.droplet.id for judged in judge(everything, fleet, ADAY, NOW)}
        assert ended == own
        shrunk = {
            slot.droplet.id
            for environment in ("prod", "dev")
            for slot in _ended(fleet, environment, everything)
        }
        assert shrunk == own


def _ended(fleet: str, environment: str, droplets: list[LiveDroplet]) -> Any:
    identity = PoolIdentity(fleet, environment, naming.instance("train", environment))
    pool = survey(identity, droplets, Remembered())
    return plan_shrink(pool, [slot.id for slot in pool.slots]).remove
