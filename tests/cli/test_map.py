"""`infra-apply map` and `cost` as their user runs them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from infra_apply.cli.main import main
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import serve
from tests.companies import manifest, write

HOSTS = {"lime": {"kind": "digitalocean", "address": "127.0.0.1"}, "fennel": {"kind": "mac"}}


@pytest.fixture
def port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> Path:
    for name in ("PULUMI_STACK", "DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    shop = manifest(
        "shop",
        service={"host": "lime", "port": port},
        database={"cluster": "shared-pg", "name": "shop", "user": "shop"},
        gpu={"mode": "on-demand", "droplet": "gpu-l40sx1-48gb"},
    )
    wiki = manifest("wiki", provider="mac", service={"host": "fennel"}, depends_on=["shop"])
    folder = write(tmp_path, {"shop/.infra.yaml": shop, "wiki/.infra.yaml": wiki})
    (folder / "mesh-hosts.json").write_text(json.dumps({"hosts": HOSTS}))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def account(tmp_path: Path) -> Path:
    folder = tmp_path / "account"
    with serve(folder, seed(clusters=[("shared-pg", "pg")])):
        return folder


def nodes(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    answer = json.loads(capsys.readouterr().out)
    return {node["id"]: node for node in answer["nodes"]}


def test_the_fleet_is_drawn_as_a_tree(company: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del company
    assert main(["map"]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "fleet: 2 hosts, 2 services, 1 database, 1 GPU pool"
    assert "  lime  127.0.0.1" in lines
    assert "    wiki  needs shop" in lines


@pytest.mark.parametrize(
    ("name", "affected"),
    [
        ("lime", ["service:prod/shop", "service:prod/wiki"]),
        ("shared-pg", ["database:shared-pg/shop", "service:prod/shop", "service:prod/wiki"]),
        ("wiki", []),
    ],
)
def test_impact_names_who_is_affected(
    company: Path, capsys: pytest.CaptureFixture[str], name: str, affected: list[str]
) -> None:
    del company
    assert main(["map", "--impact", name, "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [node["id"] for node in answer["affected"]] == affected


def test_a_name_nobody_has_gets_the_nearest_one(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del company
    assert main(["map", "--impact", "lmie"]) == 2
    assert "did you mean `lime`?" in capsys.readouterr().err


def test_a_fleet_with_mistakes_is_drawn_and_fails(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wiki = company / "projects/wiki/.infra.yaml"
    wiki.write_text(wiki.read_text().replace("fennel", "fenel"))
    page = company / "map.html"
    assert main(["map"]) == 1
    printed = capsys.readouterr()
    assert "  fenel  not in the mesh" in printed.out
    assert "error[IA501]" in printed.err
    assert main(["map", "--html", str(page)]) == 1
    assert "IA501" in page.read_text()


def test_a_page_that_cannot_be_written_is_said(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del company
    assert main(["map", "--html", "nowhere/map.html"]) == 3
    assert "nowhere/map.html cannot be written: no such file" in capsys.readouterr().err


def test_without_a_token_only_ports_are_known(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del company
    assert main(["map", "--live", "--format", "json"]) == 0
    drawn = nodes(capsys)
    words = {id_: node["standing"]["words"] for id_, node in drawn.items() if "standing" in node}  # type: ignore[index]
    assert words == {
        "cluster:shared-pg": "unknown",
        "database:shared-pg/shop": "unknown",
        "host:lime": "unknown",
        "pool:prod/shop": "unknown",
        "service:prod/shop": "answers",
    }


def test_a_rehearsals_account_is_looked_at(
    company: Path, account: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del company
    assert main(["map", "--account", str(account), "--format", "json"]) == 0
    drawn = nodes(capsys)
    words = {id_: node["standing"]["words"] for id_, node in drawn.items() if "standing" in node}  # type: ignore[index]
    assert words == {
        "cluster:shared-pg": "1 database",
        "database:shared-pg/shop": "not there",
        "host:lime": "no such droplet",
        "pool:prod/shop": "empty",
        "service:prod/shop": "answers",
    }


@pytest.mark.parametrize("content", ["", "[]", "{}", "{"])
def test_a_file_that_is_no_account_is_a_mistake(
    company: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    (company / "account.json").write_text(content)
    assert main(["map", "--account", "."]) == 2
    assert "holds no rehearsal's account" in capsys.readouterr().err


def test_an_account_that_is_none_is_a_mistake_and_is_not_made(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["map", "--account", "empty"]) == 2
    assert "holds no rehearsal's account" in capsys.readouterr().err
    assert not (company / "empty").exists()


def test_an_account_that_does_not_answer_is_unknown_and_said(
    company: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del company
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        free = listening.getsockname()[1]
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "dop_v1_secret")
    monkeypatch.setenv("DIGITALOCEAN_API_URL", f"http://127.0.0.1:{free}")
    assert main(["map", "--live"]) == 3
    printed = capsys.readouterr()
    assert "lime  [? unknown]" in printed.out
    assert "what the account holds is shown as unknown" in printed.err
    assert "secret" not in printed.out + printed.err


@pytest.mark.parametrize("written", ["0", "-1", "61", "soon", "nan"])
def test_a_timeout_has_to_be_seconds(
    company: Path, capsys: pytest.CaptureFixture[str], written: str
) -> None:
    del company
    with pytest.raises(SystemExit) as stopped:
        main(["map", "--live", f"--timeout={written}"])
    assert stopped.value.code == 2
    assert "not seconds, up to 60" in capsys.readouterr().err


def test_cost_says_by_which_prices(
    company: Path, account: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del company
    assert main(["cost"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == (
        "$6.00 a month, by the built-in prices of December 2025"
    )
    assert main(["cost", "--account", str(account), "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["source"], answer["monthly"]) == ("the rehearsal's sizes", 6.0)
    assert answer["pools"][0]["most_per_day"] == 37.68


def test_one_stack_costs_what_it_renders(company: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (company / "stacks/Pulumi.prod.yaml").read_text()
    (company / "stacks/Pulumi.dev.yaml").write_text(text)
    assert main(["cost", "--stack", "dev", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["monthly"] == 0


def test_a_fleet_with_mistakes_has_no_cost(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (company / "projects/wiki/.infra.yaml").write_text("provider: mac\n")
    assert main(["cost"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "error[IA101]" in printed.err
