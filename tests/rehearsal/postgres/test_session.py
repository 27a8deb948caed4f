"""What a rehearsal says where its PostgreSQL clusters are no real servers, and tells the engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest

from infra_apply.cli import rehearse
from infra_apply.cli.main import main
from infra_apply.errors import Outage, Usage
from infra_apply.inputs.pulumi_project import Project
from infra_apply.plan.model import Plan
from infra_apply.rehearsal.postgres import binaries
from infra_apply.rehearsal.session import POSTGRES, Options, serve_api, start_rehearsal
from tests import companies
from tests.rehearsal.postgres.lab import data_of, rehearsed, write_account
from tests.rehearsal.postgres.required import require_postgres

NOT_INSTALLED = (
    "rehearsal: no PostgreSQL here (it is not installed): separation of databases is not exercised"
)
OFF = NOT_INSTALLED.replace("it is not installed", f"{POSTGRES} is off")


def plan(cluster: str | None) -> Plan:
    """A plan of one service, with a database on a cluster."""
    database = companies.database("shop", cluster) if cluster else None
    return companies.plan(companies.service("shop", database=database))


@pytest.fixture
def remarks() -> list[str]:
    return []


@pytest.fixture
def options(tmp_path: Path, remarks: list[str]) -> Options:
    return Options(None, tmp_path / "kept", postgres=True, remark=remarks.append)


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(POSTGRES, "on")
    monkeypatch.setattr(binaries, "_known_folders", list)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: infra\nruntime: python\n")
    (folder / "Pulumi.prod.yaml").write_text("config: {}\n")
    return Project(folder, "infra", folder)


@pytest.mark.usefixtures("nothing_installed")
def test_where_it_is_not_installed_that_is_said_once_and_the_rest_goes_on(
    options: Options, remarks: list[str]
) -> None:
    with serve_api(options, plan("shared-pg")) as server:
        (cluster,) = server.state()["databases"]
        assert cluster["connection"]["host"].endswith(".ondigitalocean.com")
    assert remarks == [NOT_INSTALLED]
    assert not (options.directory / "postgres").exists()


@pytest.mark.parametrize("cluster", [None, "shared-mysql"])
@pytest.mark.usefixtures("nothing_installed")
def test_nothing_is_said_where_no_database_is_on_postgresql(
    options: Options, remarks: list[str], cluster: str | None
) -> None:
    with serve_api(options, plan(cluster)):
        assert remarks == []


def test_it_can_be_turned_off(options: Options, remarks: list[str]) -> None:
    with serve_api(options, plan("shared-pg")):
        assert remarks == [OFF]


@pytest.mark.usefixtures("nothing_installed")
def test_who_needs_no_servers_hears_of_none(tmp_path: Path, remarks: list[str]) -> None:
    with serve_api(Options(None, tmp_path, remark=remarks.append), plan("shared-pg")):
        assert remarks == []


@pytest.mark.usefixtures("nothing_installed")
def test_the_command_says_it_on_stderr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_line: str) -> NoReturn:
        raise KeyboardInterrupt

    database = {"cluster": "shared-pg", "name": "shop", "user": "shop"}
    manifest = companies.manifest("shop", database=database)
    monkeypatch.chdir(companies.write(tmp_path, {"shop/.infra.yaml": manifest}))
    monkeypatch.setattr(rehearse, "print_remark", interrupt)  # it serves now
    assert main(["rehearse", "serve"]) == 130
    assert capsys.readouterr().err.splitlines()[0] == NOT_INSTALLED


@pytest.mark.usefixtures("nothing_installed")
def test_the_engine_is_told_that_there_is_none(options: Options, project: Project) -> None:
    with start_rehearsal(project, "prod", options, plan=plan("shared-pg")) as rehearsal:
        assert rehearsal.env[POSTGRES] == "off"


@pytest.mark.process
@pytest.mark.usefixtures("postgres_servers")
@pytest.mark.parametrize(("cluster", "told"), [("shared-pg", "on"), ("shared-mysql", "off")])
def test_the_engine_is_told_where_clusters_are_real_servers(
    options: Options, project: Project, remarks: list[str], cluster: str, told: str
) -> None:
    with start_rehearsal(project, "prod", options, plan=plan(cluster)) as rehearsal:
        assert rehearsal.env[POSTGRES] == told
        (live,) = rehearsal.server.state()["databases"]
        if told == "on":
            with psycopg.connect(live["connection"]["uri"]) as connection:
                assert connection.info.server_version // 10000 == int(live["version"])
    assert remarks == []


@pytest.mark.process
def test_the_data_of_a_version_that_is_not_here_are_left_alone(
    options: Options, remarks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require_postgres()
    monkeypatch.setenv(POSTGRES, "on")
    write_account(options.directory)
    folder = data_of(options.directory)
    folder.mkdir(parents=True)
    (folder / "PG_VERSION").write_text("9\n")
    with serve_api(options, plan("shared-pg")):
        (line,) = remarks
    assert "is of PostgreSQL 9, which is not installed" in line
    assert [path.name for path in folder.iterdir()] == ["PG_VERSION"]


@pytest.mark.process
def test_data_that_no_server_starts_with_are_an_outage(tmp_path: Path) -> None:
    directory = tmp_path / "kept"
    with rehearsed(directory):
        pass
    folder = data_of(directory)
    (folder / "global" / "pg_control").unlink()
    with pytest.raises(Outage, match="PostgreSQL does not start") as caught, rehearsed(directory):
        pass
    assert str(folder) in caught.value.state
    assert f"{folder}.log" in caught.value.next_step


@pytest.mark.process
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dbs": [{"name": "x" * 64}]}, "a name has 1 to 63 bytes"),
        ({"users": [{"name": "postgres", "password": "x"}]}, "user already exists"),
        ({"users": [{"role": "normal"}]}, "something in it has no 'name'"),
        ({"dbs": [{"name": 7}]}, "a name is a text"),
        ({"id": "../../outside"}, "'../../outside' is not a cluster's id"),
    ],
)
def test_an_edit_that_no_server_takes_is_a_usage_error(
    edited: Path, changes: dict[str, object], message: str
) -> None:
    file = edited / "account.json"
    before = json.loads(file.read_text())
    write_account(edited, **changes)
    with pytest.raises(Usage, match=message), rehearsed(edited):
        pass
    file.write_text(json.dumps(before))


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("edited") / "kept"
    write_account(directory)
    return directory
