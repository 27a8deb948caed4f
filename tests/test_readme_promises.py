"""Every sentence of the README's table of guarantees is kept by tests that are named here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]

PROMISES: Final[Mapping[str, tuple[str, ...]]] = {
    "A create is sent once.": (
        "tests/e2e/test_up.py::test_a_lost_answer_is_looked_for_and_taken_over_in_the_same_run",
        "tests/e2e/test_schedules.py::test_the_run_after_a_fault_ends_right_and_the_next_changes_nothing",
    ),
    "What a lost answer or a killed update left is found by tags, names and the claims in the "
    "state, and imported by the next run.": (
        "tests/e2e/test_schedules.py::test_the_run_after_a_fault_ends_right_and_the_next_changes_nothing",
        "tests/e2e/test_concurrent.py::test_the_lock_of_a_killed_run_is_lifted_by_the_next_one_which_says_so",
        "tests/reconcile/test_convergence.py::test_lost_answers_make_nothing_twice_and_are_taken_up",
    ),
    "It looks for what a lost answer may have made, and goes on by itself.": (
        "tests/e2e/test_up.py::test_a_lost_answer_is_looked_for_and_taken_over_in_the_same_run",
        "tests/apply/test_attempts.py::test_after_a_lost_create_it_takes_over_what_it_finds",
    ),
    "It ends by looking whether the account has each thing once.": (
        "tests/e2e/test_up.py::test_up_applies_to_the_account_that_the_environment_names",
        "tests/apply/test_live.py::test_a_second_droplet_of_a_host_is_named_and_one_too_many",
    ),
    "What DigitalOcean lists only minutes after it was asked for is taken as not made.": (
        "tests/apply/test_lost_answers.py::test_what_is_in_no_list_after_a_minute_and_two_looks_was_not_made",
    ),
    "A run beside another one changes nothing, and names who holds the lock.": (
        "tests/e2e/test_concurrent.py::test_plain_pulumi_beside_a_run_names_who_holds_the_lock_and_changes_nothing",
    ),
    "It waits for the other run, and each thing is made once.": (
        "tests/e2e/test_concurrent.py::test_two_runs_that_start_at_once_on_nothing_both_end_and_make_each_thing_once",
        "tests/e2e/test_concurrent.py::test_a_second_run_waits_and_says_for_whom_and_a_preview_says_that_somebody_is_at_work",
    ),
    "The lock of its own run that was killed is lifted.": (
        "tests/e2e/test_concurrent.py::test_the_lock_of_a_killed_run_is_lifted_by_the_next_one_which_says_so",
        "tests/engine/lock/test_waiting.py::test_the_lock_of_a_run_that_is_gone_is_lifted_and_no_other",
    ),
    "A preview beside a run may see half of it; `infra-apply preview` says so.": (
        "tests/e2e/test_concurrent.py::test_a_second_run_waits_and_says_for_whom_and_a_preview_says_that_somebody_is_at_work",
    ),
    "A server, database, user or firewall that has a planned name and was not made here stops the "
    "run, which names the ways on (`adopt`, `lookup`, `create`).": (
        "tests/reconcile/test_hosts.py::test_a_stranger_is_named_with_the_three_ways_on",
        "tests/reconcile/test_databases.py::test_whose_a_database_and_its_user_are",
        "tests/reconcile/test_firewalls.py::test_which_firewall_is_ours",
    ),
    "What a stranger makes between the look and the create is taken over by the next run, with a "
    "warning.": (
        "tests/e2e/test_guarantees.py::test_a_database_that_a_stranger_makes_meanwhile_is_not_taken_over_until_it_is_adopted",
    ),
    "It keeps that the name was taken, and takes nothing over until `adopt` says so or the name is "
    "free.": (
        "tests/e2e/test_guarantees.py::test_a_database_that_a_stranger_makes_meanwhile_is_not_taken_over_until_it_is_adopted",
        "tests/e2e/test_guarantees.py::test_a_firewall_that_a_stranger_makes_meanwhile_is_left_as_it_is_until_its_name_is_free",
    ),
    "By the account and the state alone, what a stranger made in that moment looks like what a "
    "lost answer left.": (
        "tests/e2e/test_guarantees.py::test_a_database_that_a_stranger_makes_meanwhile_is_not_taken_over_until_it_is_adopted",
        "tests/reconcile/test_databases.py::test_whose_a_database_and_its_user_are",
    ),
    "What the state remembers and the manifests no longer have stops the run, whether a folder is "
    "not checked out or a glob matches less.": (
        "tests/e2e/test_guarantees.py::test_a_partial_checkout_deletes_replaces_closes_and_forgets_nothing",
        "tests/reconcile/test_convergence.py::test_no_subset_of_a_fleet_deletes_replaces_closes_or_forgets_anything",
    ),
    "Only `retired` lets go, in two updates.": (
        "tests/e2e/test_removal.py::test_what_is_retired_is_let_go_in_one_command_and_stays_or_goes_after_a_snapshot",
    ),
    "A droplet of a retired host that the state never heard of stops the run.": (
        "tests/reconcile/test_removal.py::test_a_retired_host_whose_droplet_the_state_never_heard_of_is_not_forgotten",
    ),
    "Both updates of what is retired are one run of it.": (
        "tests/e2e/test_removal.py::test_what_is_retired_is_let_go_in_one_command_and_stays_or_goes_after_a_snapshot",
    ),
    "Hosts and databases are protected and retained.": (
        "tests/e2e/test_life.py::test_destroy_refuses_and_everything_leaves_the_account_as_seeded",
        "tests/render/test_stack.py::test_a_droplet_is_protected_retained_and_not_replaced_for_what_is_never_read_back",
    ),
    "A droplet is destroyed only after a snapshot of it was seen, unless `--no-snapshot` says "
    "otherwise.": (
        "tests/e2e/test_removal.py::test_what_is_retired_is_let_go_in_one_command_and_stays_or_goes_after_a_snapshot",
        "tests/apply/test_retiring.py::test_a_snapshot_that_fails_stops_before_the_second_run_and_tells_of_the_first",
        "tests/apply/test_retiring.py::test_a_snapshot_can_be_left_out",
    ),
    "It stops at every deletion beyond `--allow-delete N`, whatever the cause, but for retired "
    "hosts.": (
        "tests/apply/test_letting_go.py::test_a_retired_host_needs_no_leave_and_a_database_does_before_anything_is_lifted",
        "tests/e2e/test_removal.py::test_what_is_retired_is_let_go_in_one_command_and_stays_or_goes_after_a_snapshot",
        "tests/apply/test_removals.py::test_as_many_deletions_as_are_allowed_pass",
    ),
    "What somebody destroys in DigitalOcean's console is made anew, and empty.": (
        "tests/e2e/test_life.py::test_a_droplet_deleted_outside_is_shown_and_made_again",
    ),
    "Another region, network, or name of a database is refused with the way out.": (
        "tests/reconcile/test_changes.py::test_another_region_or_network_is_refused_with_the_way_out",
        "tests/e2e/test_removal.py::test_a_database_is_renamed_on_the_cluster_and_then_adopted",
    ),
    "Two droplets that could be one host are named, never chosen between.": (
        "tests/e2e/test_guarantees.py::test_a_restored_copy_beside_its_original_destroys_and_swaps_nothing",
        "tests/reconcile/test_hosts.py::test_two_droplets_of_ours_are_named_with_ids_addresses_and_ages",
    ),
    "A droplet somebody enlarged is never made smaller, and a resize grows no disk unless "
    "`resizeDisk` says so.": (
        "tests/reconcile/test_changes.py::test_a_droplet_somebody_enlarged_is_named_and_never_made_smaller",
        "tests/reconcile/test_changes.py::test_a_disk_grows_only_where_the_settings_say_so",
    ),
    "It stops at every replacement, also at one that only a new version of the provider would "
    "make.": (
        "tests/e2e/test_up.py::test_a_provider_that_would_suddenly_replace_is_stopped",
        "tests/apply/test_removals.py::test_a_replacement_is_refused_however_many_deletions_are_allowed",
    ),
    "The copy of a droplet that is gone is refused until `adopt` names it.": (
        "tests/e2e/test_guarantees.py::test_plain_pulumi_refuses_the_copy_of_a_droplet_that_is_gone_however_often_it_is_run",
        "tests/e2e/test_guarantees.py::test_a_restored_copy_of_a_droplet_that_is_gone_is_taken_only_where_somebody_says_so",
    ),
    "A state that is torn, empty or of a newer engine ends the run before anything is done.": (
        "tests/e2e/test_concurrent.py::test_a_state_that_cannot_be_read_ends_every_run_before_it_does_anything",
    ),
    "An empty state beside droplets of the stack stops it.": (
        "tests/reconcile/test_hosts.py::test_which_droplet_a_host_is",
    ),
    "It says the way on, and exits with 3.": (
        "tests/e2e/test_concurrent.py::test_a_state_that_cannot_be_read_ends_every_run_before_it_does_anything",
        "tests/e2e/test_concurrent.py::test_a_folder_of_the_state_that_cannot_be_written_ends_a_run_before_it_does_anything",
    ),
    "What DigitalOcean would refuse is known first: sizes, regions, the limit of droplets.": (
        "tests/reconcile/test_changes.py::test_what_the_account_does_not_offer_is_known_before_it_is_made",
        "tests/reconcile/test_changes.py::test_more_droplets_than_the_account_may_have_are_not_begun",
    ),
    "It does what it showed; after an outage it never does more.": (
        "tests/apply/test_attempts.py::test_more_than_was_agreed_to_is_not_done",
        "tests/apply/test_attempts.py::test_a_deletion_that_shows_up_meanwhile_is_not_done",
    ),
    "What was done is said also where the run fails.": (
        "tests/e2e/test_up.py::test_what_was_done_is_told_when_the_run_fails_and_so_is_what_failed",
    ),
    "An adopted droplet is taken over under the name, size and region it has.": (
        "tests/e2e/test_adopt.py::test_ten_servers_made_by_hand_come_under_management_without_a_purchase",
        "tests/reconcile/test_hosts.py::test_an_adopted_droplet_stays_as_it_is_and_gets_our_tags",
    ),
    "An entry that says otherwise is an error at first, and a change later.": (
        "tests/reconcile/test_hosts.py::test_what_an_adopted_hosts_entry_says_otherwise_is_an_error_at_first",
        "tests/reconcile/test_hosts.py::test_what_an_adopted_hosts_entry_says_otherwise_is_a_change_later",
    ),
    "Clusters, and their firewall lists, are only looked up.": (
        "tests/render/test_stack.py::test_no_cluster_and_no_cluster_firewall_is_ever_owned",
    ),
    "Only tags that were put there from here are removed.": (
        "tests/reconcile/test_hosts.py::test_tags_that_the_state_says_are_ours_go_and_those_of_others_stay",
        "tests/e2e/test_life.py::test_what_others_added_to_a_droplet_stays_and_our_own_tags_come_back",
    ),
    "`depends_on` opens the callee's port to the caller's hosts, and gives the caller "
    "`<NAME>_URL`.": (
        "tests/plan/test_firewalls.py::test_a_port_admits_its_dependents_hosts_by_tag",
        "tests/render/test_stack.py::test_what_an_instance_needs_to_know_is_one_secret",
    ),
    "ssh is open only to `network.ssh`.": (
        "tests/plan/test_firewalls.py::test_nobody_may_log_in_when_the_settings_say_nobody",
        "tests/plan/test_firewalls.py::test_the_rules_admit_whom_access_names_and_nobody_else",
    ),
    "User data and credentials are secrets in the state.": (
        "tests/render/test_stack.py::test_user_data_is_a_secret",
        "tests/render/test_stack.py::test_what_an_instance_needs_to_know_is_one_secret",
    ),
    "No message shows a value that looks like one.": (
        "tests/diagnostics/test_report.py::test_no_format_echoes_what_has_the_shape_of_a_secret",
        "tests/cli/test_unforeseen.py::test_no_secret_is_printed",
    ),
}


def sentences(readme: str) -> Iterator[str]:
    """Yield the sentences of the table of guarantees, without its heads."""
    section = readme.partition("\n## What you can rely on\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    for row in rows[2:]:
        for cell in row.strip("|").split("|")[1:]:
            yield from filter(None, re.split(r"(?<=\.) +(?=\S)", cell.strip()))


def functions(file: Path) -> frozenset[str]:
    """Return the names of a test file's functions."""
    nodes = ast.parse(file.read_text(encoding="utf-8")).body if file.is_file() else []
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef))


def test_every_sentence_of_the_table_has_an_entry_and_every_entry_a_sentence() -> None:
    written = list(sentences((ROOT / "README.md").read_text(encoding="utf-8")))
    assert len(written) == len(set(written))
    assert sorted(written) == sorted(PROMISES)


@pytest.mark.parametrize("sentence", PROMISES)
def test_every_test_that_an_entry_names_exists(sentence: str) -> None:
    named = PROMISES[sentence]
    assert named
    for test in named:
        file, _, name = test.partition("::")
        assert name.startswith("test_")
        assert name in functions(ROOT / file), test


def test_a_sentence_without_an_entry_and_a_second_one_of_a_cell_are_seen() -> None:
    readme = (
        "\n## What you can rely on\n| | a |\n|---|---|\n| **x** | One. `Two` of it. |\n\n## Y\n"
    )
    assert list(sentences(readme)) == ["One.", "`Two` of it."]
