from __future__ import annotations

from dataclasses import replace

from infra_apply.digitalocean.model import Account, Cluster, LiveDroplet, LiveFirewall, Size
from infra_apply.inputs.settings import Droplet, HostSettings, Network, Settings
from infra_apply.plan.model import Plan
from infra_apply.reconcile.decide import reconcile
from tests.companies import SETTINGS, database, plan, service

QUIET = replace(SETTINGS, network=Network(ssh=()))


OWNER = "infra-apply:acme:prod"
SIZES = {
    "s-1vcpu-1gb": Size(1024, 1, 25, 6.0, 0.00893),
    "s-2vcpu-4gb": Size(4096, 2, 80, 24.0, 0.03571),
}


def wanted(settings: Settings = QUIET) -> Plan:
    return plan(service("shop", database=database("shop")), settings=settings)


def droplet(name: str = "lime", *tags: str, size: str = "s-1vcpu-1gb") -> LiveDroplet:
    return LiveDroplet(7, name, "active", "nyc3", size, (OWNER, *tags), ("203.0.113.7",))


def cluster(name: str, engine: str = "pg") -> Cluster:
    return Cluster(f"id-of-{name}", name, engine, f"{name}.example.com", 25060, ssl=True)


def clusters(*made: Cluster) -> dict[str, Cluster]:
    return {cluster.name: cluster for cluster in made}


def test_an_unknown_cluster_lists_those_that_exist() -> None:
    found = Account(clusters=clusters(cluster("shared-mysql"), cluster("shared-pg-2")))
    decisions, problems = reconcile(wanted(), found)
    assert decisions is None
    assert [problem.code for problem in problems] == ["IA901"]
    assert "there are: `shared-mysql`, `shared-pg-2`" in problems[0].message
    assert problems[0].hint == "did you mean `shared-pg-2`?"


def test_an_account_without_clusters_says_so() -> None:
    _, problems = reconcile(wanted(), Account())
    assert "there are: none" in problems[0].message


def test_a_cluster_without_logical_databases_is_refused() -> None:
    found = Account(clusters=clusters(cluster("shared-pg", "valkey"), cluster("real")))
    _, problems = reconcile(wanted(), found)
    assert [(problem.code, problem.hint) for problem in problems] == [("IA902", "name one of real")]


def test_every_problem_is_reported_at_once() -> None:
    settings = replace(QUIET, droplet=Droplet(ssh_keys=("ops",), vpc="office"))
    _, problems = reconcile(wanted(settings), Account())
    assert [problem.code for problem in problems] == ["IA901", "IA903", "IA903"]


def test_names_become_ids() -> None:
    settings = replace(QUIET, droplet=Droplet(ssh_keys=("ops",), vpc="office"))
    found = Account(clusters(cluster("shared-pg")), {"ops": 7}, {"office": "vpc-1"})
    decisions, problems = reconcile(wanted(settings), found)
    assert problems == ()
    assert decisions is not None
    assert (decisions.hosts[0].ssh_key_ids, decisions.hosts[0].vpc_id) == (("7",), "vpc-1")
    assert decisions.databases[0].cluster.id == "id-of-shared-pg"


def account(*droplets: LiveDroplet, firewalls: tuple[LiveFirewall, ...] = ()) -> Account:
    return Account(
        clusters(cluster("shared-pg")), droplets=droplets, firewalls=firewalls, sizes=SIZES
    )


def test_tags_others_put_on_a_droplet_are_kept_and_our_own_are_only_what_is_planned() -> None:
    decisions, _ = reconcile(wanted(), account(droplet("lime", "team:web", "project:gone")))
    assert decisions is not None
    tags = decisions.hosts[0].host.droplet.tags
    assert "team:web" in tags
    assert "project:gone" not in tags


def test_a_droplet_of_ours_is_that_droplet_whatever_the_state_remembers() -> None:
    decisions, _ = reconcile(wanted(), account(droplet()))
    assert decisions is not None
    assert decisions.hosts[0].import_id == "7"


def test_a_droplet_that_was_renamed_outside_is_known_by_its_tag() -> None:
    renamed = droplet("called-otherwise", "infra-apply-host:lime")
    decisions, _ = reconcile(wanted(), account(renamed))
    assert decisions is not None
    assert (decisions.hosts[0].import_id, decisions.hosts[0].droplet_name) == ("7", "lime")
    _, problems = reconcile(wanted(), account(renamed, replace(droplet(), id=8)))
    assert [problem.code for problem in problems] == ["IA909"]


def test_two_droplets_that_could_be_the_host_are_not_guessed_between() -> None:
    other = replace(droplet(), id=8)
    decisions, problems = reconcile(wanted(), account(droplet(), other))
    assert decisions is None
    assert [problem.code for problem in problems] == ["IA909"]
    assert "7, 8" in problems[0].message


def test_a_droplet_of_another_owner_is_not_taken_for_ours() -> None:
    stranger = replace(droplet("lime", "team:web"), tags=("team:web",))
    decisions, _ = reconcile(wanted(), account(stranger))
    assert decisions is not None
    assert "team:web" not in decisions.hosts[0].host.droplet.tags


def test_a_droplet_somebody_enlarged_is_named_and_never_made_smaller() -> None:
    decisions, problems = reconcile(wanted(), account(droplet(size="s-2vcpu-4gb")))
    assert [problem.code for problem in problems] == ["IA904"]
    assert decisions is not None
    assert decisions.hosts[0].host.droplet.size == "s-2vcpu-4gb"
    assert decisions.decided_plan.hosts[0].droplet.size == "s-2vcpu-4gb"
    assert decisions.sizes_now == {"lime": "s-2vcpu-4gb"}


def test_a_droplet_that_is_smaller_than_planned_grows() -> None:
    settings = replace(QUIET, droplet=Droplet(size="s-2vcpu-4gb"))
    decisions, problems = reconcile(wanted(settings), account(droplet()))
    assert problems == ()
    assert decisions is not None
    assert decisions.hosts[0].host.droplet.size == "s-2vcpu-4gb"


def test_hosts_without_a_firewall_are_named_in_one_warning() -> None:
    decisions, problems = reconcile(wanted(SETTINGS), account())
    assert decisions is not None
    assert [problem.code for problem in problems] == ["IA905"]
    assert "no firewall: `lime`" in problems[0].message


def test_a_foreign_firewall_is_named_whether_it_is_on_the_droplet_or_on_a_tag() -> None:
    by_id = LiveFirewall("by-id", frozenset({7}), frozenset())
    by_tag = LiveFirewall("by-tag", frozenset(), frozenset({"project:shop"}))
    ours = LiveFirewall("lime", frozenset(), frozenset({"infra-apply-host:lime"}))
    elsewhere = LiveFirewall("elsewhere", frozenset({8}), frozenset({"team:db"}))
    live = droplet("lime", "project:shop", "infra-apply-host:lime")
    _, problems = reconcile(wanted(), account(live, firewalls=(ours, by_tag, elsewhere, by_id)))
    assert [problem.message.split("`")[1] for problem in problems] == ["by-id", "by-tag"]


def adopting(number: int, *own: str, **keys: object) -> Settings:
    droplet_settings = replace(Droplet(), **keys)  # type: ignore[arg-type]
    host = HostSettings(droplet=droplet_settings, own_keys=frozenset({"adopt", *own}), adopt=number)
    return replace(QUIET, hosts={"lime": host})


OLD = LiveDroplet(
    id=42,
    name="old-lime",
    status="active",
    region="ams3",
    size="s-2vcpu-4gb",
    tags=("legacy",),
    addresses=("203.0.113.42",),
    image="debian-12-x64",
    features=frozenset({"backups", "ipv6"}),
)


def test_an_adopted_droplet_stays_as_it_is_and_gets_our_tags() -> None:
    decisions, problems = reconcile(wanted(adopting(42)), account(OLD))
    assert problems == ()
    assert decisions is not None
    (decision,) = decisions.hosts
    planned = decision.host.droplet
    assert (decision.import_id, decision.droplet_name, decision.ipv6) == ("42", "old-lime", True)
    assert (planned.region, planned.size, planned.image, planned.backups) == (
        "ams3",
        "s-2vcpu-4gb",
        "debian-12-x64",
        True,
    )
    assert {"legacy", OWNER} <= set(planned.tags)


def test_a_key_of_an_adopted_hosts_own_entry_is_what_it_becomes() -> None:
    settings = adopting(42, "size", "backups", size="s-4vcpu-8gb")
    decisions, _ = reconcile(wanted(settings), account(OLD))
    assert decisions is not None
    planned = decisions.hosts[0].host.droplet
    assert (planned.size, planned.backups, planned.region) == ("s-4vcpu-8gb", False, "ams3")


def test_a_droplet_that_is_not_there_cannot_be_adopted_and_is_not_made_instead() -> None:
    decisions, problems = reconcile(wanted(adopting(43)), account(droplet()))
    assert decisions is None
    assert {problem.code for problem in problems} == {"IA908"}
    assert problems[0].hint == "droplets called `lime`: 7"


def test_a_host_that_is_a_droplet_already_is_not_replaced_by_another() -> None:
    decisions, problems = reconcile(wanted(adopting(42)), account(OLD, droplet()))
    assert decisions is None
    assert "`lime` is droplet 7 already" in problems[0].message
