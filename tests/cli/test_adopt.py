"""`infra-apply adopt` as its user runs it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra_apply.cli.main import main
from infra_apply.engine.install.find import Engine
from infra_apply.inputs import files

STACK = "stacks/Pulumi.prod.yaml"
LIME = 402817445
HOSTS = """\
  infra-apply:hosts:
    lime:
      adopt: 402817445
"""
SHOWN = f"""\
config:
{HOSTS}\
  infra-apply:databases:
    shared-pg:
      adopt: [shop]
"""


@pytest.fixture
def by_hand(company: Path, account: Path) -> Callable[..., list[str]]:
    """Make droplets, and a database and a user, by hand; returns the command that looks at them."""
    del company

    def make(*droplets: dict[str, Any]) -> list[str]:
        file = account / "account.json"
        state = json.loads(file.read_text())
        state["droplets"] = list(droplets)
        cluster = state["databases"][0]
        cluster["dbs"].append({"name": "shop"})
        cluster["users"].append({"name": "shop", "role": "normal", "password": "s3cret"})
        file.write_text(json.dumps(state))
        return ["adopt", "--stack", "prod", "--account", str(account)]

    return make


def droplet(number: int, name: str, *addresses: str, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3 * 86400 - 60))
    networks = {"v4": [{"ip_address": address, "type": "public"} for address in addresses]}
    return {
        "id": number, "name": name, "status": "active", "size_slug": "s-1vcpu-1gb",
        "region": {"slug": "nyc1"}, "tags": list(tags), "networks": networks, "created_at": made,
    }  # fmt: skip


def test_adopt_shows_what_can_be_pasted_and_says_why(
    by_hand: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path(STACK).read_bytes()
    assert main(by_hand(droplet(LIME, "lime"))) == 0
    printed = capsys.readouterr()
    assert printed.out == SHOWN
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"$ infra-apply adopt --stack prod\n{SHOWN}```\n" in readme
    assert f"lime: droplet {LIME} is called `lime`\n" in printed.err
    assert (
        "shop on shared-pg: it exists already as the database of shop and the user of shop\n"
        in printed.err
    )
    assert "s3cret" not in printed.out + printed.err
    assert Path(STACK).read_bytes() == before


def test_what_is_written_keeps_the_file_and_is_not_proposed_again(
    by_hand: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    command = by_hand(droplet(LIME, "web-1", "127.0.0.1"))
    file = Path(STACK)
    file.write_text(f"# ours\n{file.read_text()}  other:key:   'x'  # kept\n")
    before = file.read_text()
    assert main([*command, "--write"]) == 0
    assert capsys.readouterr().out == f"{STACK}: wrote 1 host, 1 database or user\n"
    assert file.read_text() == before + SHOWN.removeprefix("config:\n")
    for flags in ([], ["--write"]):
        assert main([*command, *flags]) == 0
        assert capsys.readouterr().out == "stack prod: nothing is proposed\n"
    assert file.read_text() == before + SHOWN.removeprefix("config:\n")


def test_droplets_that_are_not_clear_are_named_with_their_addresses_and_ages(
    by_hand: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = droplet(9, "lime", tags=("infra-apply:other:prod",))
    command = by_hand(droplet(LIME, "lime", "203.0.113.7"), droplet(8, "lime"), foreign)
    assert main(command) == 0
    printed = capsys.readouterr()
    assert "infra-apply:hosts" not in printed.out
    for words in (
        "not proposed: `lime` could be any of 2 droplets\n",
        f"  droplet {LIME} `lime`: 203.0.113.7, s-1vcpu-1gb, 3 days old\n",
        "  droplet 8 `lime`: no address, s-1vcpu-1gb, 3 days old\n",
        "  next:  look which one is in use, and write its id: `lime: {adopt: ID}`\n",
        "droplet 9 looks like `lime`, and another stack owns it (tag `infra-apply:other:prod`)\n",
    ):
        assert words in printed.err


def test_machines_are_told_the_same(
    by_hand: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*by_hand(droplet(LIME, "lime"), droplet(8, "lime")), "--format", "json"]
    assert main(command) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["version"], answer["stack"], answer["written"]) == (1, "prod", None)
    assert answer["hosts"] == []
    assert [(entry["cluster"], entry["adopt"]) for entry in answer["databases"]] == [
        ("shared-pg", "shop")
    ]
    problem = answer["not_proposed"][0]
    assert (problem["host"], [live["id"] for live in problem["droplets"]]) == ("lime", [8, LIME])
    assert main([*command, "--write"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == STACK


def test_a_file_that_changed_meanwhile_is_left_alone(
    by_hand: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = by_hand(droplet(LIME, "lime"))

    def edited_first(path: Path, before: bytes, after: bytes) -> None:
        path.write_bytes(before + b"# edited\n")
        files.replace(path, before, after)

    monkeypatch.setattr("infra_apply.cli.adopt.replace", edited_first)
    assert main([*command, "--write"]) == 1
    assert "changed while" in capsys.readouterr().err
    assert Path(STACK).read_text().endswith("# edited\n")
    assert "adopt" not in Path(STACK).read_text()


def test_the_file_that_config_file_names_is_the_one_that_is_written(
    by_hand: Callable[..., list[str]], tmp_path: Path
) -> None:
    command = by_hand(droplet(LIME, "lime"))
    other = tmp_path / "Pulumi.prod.yaml"
    before = Path(STACK).read_bytes()
    other.write_bytes(before)
    assert main(["adopt", "--config-file", str(other), *command[3:], "--write"]) == 0
    assert Path(STACK).read_bytes() == before
    assert f"adopt: {LIME}" in other.read_text()


def test_a_stack_must_be_named(
    by_hand: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    by_hand()
    assert main(["adopt"]) == 2
    assert "name the environment's stack" in capsys.readouterr().err


def test_without_a_token_nothing_can_be_looked_at(
    by_hand: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(by_hand()[:3]) == 2
    assert "no DigitalOcean token" in capsys.readouterr().err


def test_a_fleet_with_mistakes_gets_no_proposals(
    by_hand: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    command = by_hand(droplet(LIME, "lime"))
    Path("projects/wiki/.infra.yaml").write_text("provider: mac\n")
    assert main(command) == 1
    printed = capsys.readouterr()
    assert (printed.out, "error[IA101]" in printed.err) == ("", True)


@pytest.mark.usefixtures("impatient")
def test_an_api_that_does_not_answer_is_an_outage(
    by_hand: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "t0ken")
    monkeypatch.setenv("DIGITALOCEAN_API_URL", "http://127.0.0.1:9")
    assert main(by_hand()[:3]) == 3
    assert "cannot be reached" in capsys.readouterr().err


@pytest.mark.usefixtures("impatient")
def test_the_account_is_the_one_that_the_stacks_file_names(
    by_hand: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(STACK)
    own = "  digitalocean:token: t0ken\n  digitalocean:apiEndpoint: http://127.0.0.1:9\n"
    file.write_text(f"{file.read_text()}{own}")
    assert main(by_hand()[:3]) == 3
    printed = capsys.readouterr().err
    assert "cannot be reached at 127.0.0.1:9" in printed
    assert "t0ken" not in printed


@pytest.fixture
def remembering(
    by_hand: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    script: Callable[[str, str], Path],
) -> Callable[[str], list[str]]:
    """Give a rehearsal's account a state, and an engine that answers with a line of shell."""

    def make(answer: str) -> list[str]:
        command = by_hand(droplet(LIME, "lime"))
        (Path(command[-1]) / "engine" / "state").mkdir(parents=True)
        engine = Engine(script("pulumi", answer), "3.259.0", "path", "for this test")
        monkeypatch.setattr("infra_apply.cli.adopt_account.install", lambda *_: engine)
        return command

    return make


@pytest.mark.process
@pytest.mark.parametrize(
    ("answer", "exit_code", "shown"),
    [
        ("echo 'error: no stack named prod' >&2; exit 6", 0, SHOWN),
        ("echo 'error: the passphrase is wrong' >&2; exit 255", 3, ""),
        ("echo nonsense", 3, ""),
        ("""echo '{"deployment": {"resources": [{"urn": "a::lime", "id": "402817445",
            "type": "digitalocean:index/droplet:Droplet"}]}}'""", 0, SHOWN.replace(HOSTS, "")),
    ],
    ids=["no state", "unreadable", "no JSON", "the droplet is remembered"],
)  # fmt: skip
def test_what_the_state_has_is_not_proposed(
    answer: str,
    exit_code: int,
    shown: str,
    remembering: Callable[[str], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(remembering(answer)) == exit_code
    printed = capsys.readouterr()
    assert printed.out == shown
    assert ("the state of stack prod cannot be read: " in printed.err) == (exit_code == 3)
