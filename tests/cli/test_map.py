"""`infra-apply map` as their user runs them."""

from __future__ import annotations

import json
import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from infra_apply.cli.main import main


def nodes(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    answer = json.loads(capsys.readouterr().out)
    return {node["id"]: node for node in answer["nodes"]}


def test_the_fleet_is_drawn_as_a_tree(company: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del company
    assert main(["map"]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "acme: 2 hosts, 2 services, 1 database, 1 GPU pool"
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


@pytest.mark.parametrize("trap", ["link", "dangling link", "pipe", "folder", "device"])
def test_a_page_is_written_through_no_link_and_waits_for_no_pipe(
    company: Path, capsys: pytest.CaptureFixture[str], trap: str
) -> None:
    """The attack: `map.html -> ~/.bashrc` in a clone, or a pipe that hangs whoever opens it."""
    precious = company / ".bashrc"
    precious.write_text("kept")
    page = company / "map.html"
    if trap == "pipe":
        os.mkfifo(page)
    elif trap == "folder":
        page.mkdir()
    else:
        targets = {
            "link": precious,
            "dangling link": company / "elsewhere",
            "device": Path(os.devnull),
        }
        page.symlink_to(targets[trap])
    mode = page.lstat().st_mode
    assert main(["map", "--html", str(page)]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert precious.read_text() == "kept"
    assert not (company / "elsewhere").exists()
    assert page.lstat().st_mode == mode


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


@pytest.mark.parametrize(
    "hosts",
    [
        {"fennel": {"kind": "mac", "address": "100.64.0.1"}},
        {"lime": {"kind": "digitalocean", "hostname": "localhost"}},
        {"lime": {"kind": "digitalocean", "address": "100.64.0.1"}, "localhost": {}},
        {"localhost": {"kind": "digitalocean"}},
    ],
)
@pytest.mark.parametrize("host", ["localhost", "lime", "127.0.0.1", "2130706433"])
def test_no_manifest_makes_a_live_map_knock_at_this_machine(
    company: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    hosts: dict[str, dict[str, str]],
    host: str,
) -> None:
    """The attack: `host: localhost` and the port of something that trusts this machine."""
    file = company / "projects/shop/.infra.yaml"
    file.write_text(file.read_text().replace("lime", f"'{host}'"))
    (company / "mesh-hosts.json").write_text(json.dumps({"hosts": hosts}))
    knocks: list[str] = []

    def knock(address: tuple[str, int], _timeout: float) -> None:
        knocks.append(address[0])
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", knock)
    main(["map", "--live", "--format", "json", "--timeout", "0.1"])
    is_asked = host == "lime" and hosts.get("lime", {}).get("address") == "100.64.0.1"
    assert knocks == (["100.64.0.1"] if is_asked else [])
    assert "Traceback" not in capsys.readouterr().err


def test_a_service_at_no_address_of_the_mesh_is_said_to_be_not_asked(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts = {"lime": {"kind": "digitalocean", "hostname": "localhost"}, "fennel": {"kind": "mac"}}
    (company / "mesh-hosts.json").write_text(json.dumps({"hosts": hosts}))
    assert main(["map", "--live"]) == 0
    assert "not asked, at no address of the mesh" in capsys.readouterr().out


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


def test_an_account_that_is_a_pipe_is_not_waited_for(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(company / "account.json")
    assert main(["map", "--account", "."]) == 2
    assert "holds no rehearsal's account" in capsys.readouterr().err


def test_an_account_that_is_none_is_a_mistake_and_is_not_made(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["map", "--account", "empty"]) == 2
    assert "holds no rehearsal's account" in capsys.readouterr().err
    assert not (company / "empty").exists()


@pytest.mark.usefixtures("impatient")
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
