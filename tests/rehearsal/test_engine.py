"""The stand-in under the real engine: small programs are planned, applied, refreshed, destroyed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_digitalocean as do
import pytest
from pulumi import automation as auto

from infra_apply.rehearsal.simulator.faults import Fault
from tests.rehearsal.lab import CLOCK, lab

pytestmark = [
    pytest.mark.engine,
    pytest.mark.usefixtures("warm_interpreters"),
    # The Automation API leaves event loops to the garbage collector; see the fixture.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect what the Automation API left open while its warnings are still this module's."""
    yield
    gc.collect()


def fleet() -> None:
    cluster = do.get_database_cluster(name="shared-pg")
    tag = do.Tag("tag", name="env:dev")
    web = do.Droplet(
        "web",
        name="web-1",
        image="ubuntu-24-04-x64",
        size="s-1vcpu-1gb",
        region="nyc1",
        ssh_keys=[str(do.get_ssh_key(name="alice").id)],
        tags=[tag.name],
        user_data=pulumi.Output.secret("#!/bin/sh"),
    )
    do.DatabaseDb("db", cluster_id=str(cluster.id), name="app")
    user = do.DatabaseUser("user", cluster_id=str(cluster.id), name="app")
    do.Firewall(
        "fw",
        name="web",
        tags=[tag.name],
        inbound_rules=[
            do.FirewallInboundRuleArgs(
                protocol="tcp", port_range="443", source_addresses=["0.0.0.0/0", "::/0"]
            ),
            do.FirewallInboundRuleArgs(protocol="tcp", port_range="8000", source_tags=[tag.name]),
        ],
        outbound_rules=[
            do.FirewallOutboundRuleArgs(protocol="icmp", destination_addresses=["::/0"])
        ],
    )
    pulumi.export("address", web.ipv4_address)
    pulumi.export("password", user.password)


def host(**given: Any) -> Callable[[], None]:
    def program() -> None:
        options = given.get("opts")
        shape = {"image": "ubuntu-24-04-x64", "size": "s-1vcpu-1gb", "region": "nyc1"}
        chosen = {k: v for k, v in given.items() if k != "opts"}
        do.Droplet("web", **{"name": "web-1", **shape, **chosen}, opts=options)

    return program


def test_a_fleet_is_planned_applied_refreshed_and_destroyed(tmp_path: Path) -> None:
    with lab(tmp_path) as it:
        assert it.preview(fleet) == {"create": 6}
        assert it.droplets() == []
        stack = it.stack(fleet)
        stack.up()
        outputs = stack.asked_outputs()
        assert outputs["address"].value == "203.0.113.11"
        assert (outputs["password"].value, outputs["password"].secret) == ("AVNS_pw_app", True)
        state = (tmp_path / ".pulumi" / "stacks" / "lab" / "dev.json").read_text()
        assert ("web-1" in state, "AVNS_pw_app" in state) == (True, False)
        stack.refresh(expect_no_changes=True)
        assert it.preview(fleet, refresh=True, expect_no_changes=True) == {"same": 6}
        stack.destroy()
        kept = it.server.state()
        assert (kept["droplets"], kept["firewalls"], kept["tags"]) == ([], [], [])
        assert [db["name"] for db in kept["databases"][0]["dbs"]] == ["defaultdb"]


def test_a_droplet_is_resized_renamed_and_retagged_in_place(tmp_path: Path) -> None:
    with lab(tmp_path) as it:
        it.up(host(tags=["a", "b"]))
        changed = host(tags=["b", "c"], size="s-1vcpu-2gb", name="web-2")
        assert it.preview(changed) == {"same": 1, "update": 1}
        assert it.up(changed) == {"same": 1, "update": 1}
        (droplet,) = it.droplets()
        assert (droplet["name"], droplet["size_slug"], droplet["status"]) == (
            "web-2", "s-1vcpu-2gb", "active",
        )  # fmt: skip
        assert sorted(droplet["tags"]) == ["b", "c"]


def test_changed_user_data_replaces_and_ignored_user_data_does_not(tmp_path: Path) -> None:
    with lab(tmp_path) as it:
        it.up(host(user_data="one"))
        ignoring = pulumi.ResourceOptions(ignore_changes=["userData"])
        assert it.preview(host(user_data="two", opts=ignoring)) == {"same": 2}
        assert it.preview(host(user_data="two")) == {"replace": 1, "same": 1}
        first = it.droplets()[0]["id"]
        it.up(host(user_data="two"))
        assert [droplet["id"] for droplet in it.droplets()] != [first]


def test_a_droplet_that_exists_is_adopted(tmp_path: Path) -> None:
    with lab(tmp_path) as it:
        it.up(host(opts=pulumi.ResourceOptions(retain_on_delete=True)))
        it.up(lambda: None)
        (left,) = it.droplets()
        adopting = pulumi.ResourceOptions(
            import_=str(left["id"]), ignore_changes=["image", "sshKeys", "userData", "monitoring"]
        )
        assert it.preview(host(opts=adopting)) == {"import": 1, "same": 1}
        it.up(host(opts=adopting))
        assert it.preview(host(opts=adopting)) == {"same": 2}
        assert [droplet["id"] for droplet in it.droplets()] == [left["id"]]


def test_what_changed_outside_is_seen_by_a_refresh_and_put_back(tmp_path: Path) -> None:
    with lab(tmp_path) as it:
        it.up(host(tags=["a"]))
        it.server.edit(
            lambda state: (
                state
                | {
                    "tags": [*state["tags"], {"name": "foreign"}],
                    "droplets": [d | {"tags": ["a", "foreign"]} for d in state["droplets"]],
                }
            )
        )
        assert it.preview(host(tags=["a"])) == {"same": 2}
        assert it.preview(host(tags=["a"]), refresh=True) == {"same": 1, "update": 1}
        it.stack(host(tags=["a"])).up(refresh=True)
        assert it.droplets()[0]["tags"] == ["a"]


def test_a_droplet_deleted_outside_is_made_again_after_a_refresh(tmp_path: Path) -> None:
    with lab(tmp_path) as it:
        it.up(host())
        it.server.edit(lambda state: state | {"droplets": []})
        assert it.preview(host(), refresh=True) == {"create": 1, "same": 1}
        it.stack(host()).up(refresh=True)
        assert len(it.droplets()) == 1


def test_a_lost_answer_to_a_create_leaves_a_duplicate(tmp_path: Path) -> None:
    """As under the real provider: it sends the POST again, and nobody says a word."""
    lost = Fault(path="/v2/droplets", method="POST", when="after", drop=True)
    with lab(tmp_path, lost) as it:
        assert it.up(host()) == {"create": 2}
        assert [droplet["name"] for droplet in it.droplets()] == ["web-1", "web-1"]


def test_a_create_that_failed_while_waiting_is_repaired_by_the_next_run(tmp_path: Path) -> None:
    outage = Fault(path="/v2/droplets/*", method="GET", times=2, status=500)
    with lab(tmp_path, outage) as it:
        with pytest.raises(auto.CommandError, match="to become ready"):
            it.up(host())
        it.up(host())
        assert len(it.droplets()) == 1
        assert it.preview(host(), expect_no_changes=True) == {"same": 2}


def test_the_stacks_configuration_of_the_provider_turns_retries_off(tmp_path: Path) -> None:
    lost = Fault(path="/v2/droplets", method="POST", when="after", drop=True)
    with lab(tmp_path, lost) as it:
        stack = it.stack(host())
        stack.set_config("digitalocean:httpRetryMax", auto.ConfigValue("0"))
        with pytest.raises(auto.CommandError, match="Error creating droplet"):
            stack.up()
        assert [droplet["name"] for droplet in it.droplets()] == ["web-1"]


def database() -> None:
    cluster = do.get_database_cluster(name="shared-pg")
    do.DatabaseDb("db", cluster_id=str(cluster.id), name="app")


def test_a_database_that_could_not_be_read_back_is_repaired_by_the_next_run(tmp_path: Path) -> None:
    outage = Fault(path="/v2/databases/*/dbs/app", method="GET", times=2, status=500)
    with lab(tmp_path, outage) as it:
        with pytest.raises(auto.CommandError, match="Error retrieving Database DB"):
            it.up(database)
        it.up(database)
        assert it.preview(database, expect_no_changes=True) == {"same": 2}


def test_a_database_that_was_404_when_it_was_read_back_is_in_the_way_of_the_next_run(
    tmp_path: Path,
) -> None:
    fault = Fault(path="/v2/databases/*/dbs/app", method="GET", status=404)
    with lab(tmp_path, fault) as it:
        with pytest.raises(auto.CommandError, match="expected non-nil error with nil state"):
            it.up(database)
        with pytest.raises(auto.CommandError, match="database name is not available"):
            it.up(database)


def test_a_late_droplet_is_there_when_the_next_run_has_made_another(tmp_path: Path) -> None:
    late = Fault(path="/v2/droplets", method="POST", late=CLOCK * 600)
    with lab(tmp_path, late) as it:
        stack = it.stack(host())
        stack.set_config("digitalocean:httpRetryMax", auto.ConfigValue("0"))
        with pytest.raises(auto.CommandError, match="Error creating droplet"):
            stack.up()
        assert it.droplets() == []
        stack.up()
        assert len(it.droplets()) == 1
        it.server.edit(due_now)
        assert [droplet["name"] for droplet in it.droplets()] == ["web-1", "web-1"]


def due_now(state: Any) -> Any:
    """Bring every late effect forward."""
    return state | {"late": [effect | {"at": 0} for effect in state["late"]]}


def test_a_protected_database_is_not_deleted(tmp_path: Path) -> None:
    def database(**how: Any) -> Callable[[], None]:
        def program() -> None:
            cluster = do.get_database_cluster(name="shared-pg")
            options = pulumi.ResourceOptions(protect=True)
            do.DatabaseDb("db", cluster_id=str(cluster.id), opts=options, **how)

        return program

    with lab(tmp_path) as it:
        it.up(database(name="app"))
        with pytest.raises(auto.CommandError, match="protect"):
            it.up(lambda: None)
        with pytest.raises(auto.CommandError, match="protect"):
            it.up(database(name="renamed"))
        names = [db["name"] for db in it.server.state()["databases"][0]["dbs"]]
        assert names == ["defaultdb", "app"]


@pytest.mark.parametrize("url", ["", "https://api.digitalocean.com"])
def test_a_real_endpoint_is_refused_before_anything_is_asked(tmp_path: Path, url: str) -> None:
    with lab(tmp_path) as it:
        with pytest.raises(auto.CommandError, match="speaks only to a simulated API"):
            it.stack(fleet, url).preview()
        assert it.server.requests_path.read_text() == ""


def test_a_dotted_tag_fails_the_preview(tmp_path: Path) -> None:
    with lab(tmp_path) as it, pytest.raises(auto.CommandError, match="tags may contain"):
        it.preview(host(tags=["a.b"]))


def test_names_that_the_program_leaves_out_are_made_up_and_replaced_first(tmp_path: Path) -> None:
    def unnamed(data: str) -> Callable[[], None]:
        return host(name=None, user_data=data)

    with lab(tmp_path) as it:
        it.up(unnamed("one"))
        (first,) = it.droplets()
        assert first["name"].startswith("web-")
        it.up(unnamed("two"))
        (second,) = it.droplets()
        assert second["name"] != first["name"]
