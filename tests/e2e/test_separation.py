"""Databases of a real PostgreSQL, from manifests to logins, with the real engine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from tests.companies import manifest, write
from tests.e2e.company import configure, declare, edit_account, requests
from tests.e2e.shell import Shell
from tests.rehearsal.postgres.lab import rehearsed
from tests.rehearsal.postgres.required import require_postgres

pytestmark = [
    pytest.mark.engine,
    pytest.mark.usefixtures("postgres_servers", "warm_interpreters"),
]
CLUSTER: Final = "bbbb0001-0000-4000-8000-000000000001"
NAMES: Final = ("cart", "shop")


def manifests(*names: str) -> dict[str, dict[str, Any]]:
    """Projects with a database each; a mac runs them, so that nothing else is rendered."""
    return {
        f"{name}/.infra.yaml": manifest(
            name,
            provider="mac",
            database={"cluster": "shared-pg", "name": f"{name}_db", "user": name},
        )
        for name in names
    }


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a company whose databases are applied, with what was printed meanwhile."""
    require_postgres()
    folder = tmp_path_factory.mktemp("separated")
    company = Shell(write(folder, manifests(*NAMES)), folder / "account")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFRA_APPLY_REHEARSAL_POSTGRES", "on")
        done = company.rehearse("up")
        seen = [company.rehearse(verb, "--format", "json") for verb in ("preview", "up")]
        seen.append(company.run("plan", "--format", "json"))
        seen.append(company.pulumi("pulumi preview --json"))
        seen.append(company.pulumi("pulumi preview --event-log=events.json; cat events.json"))
    assert done.returncode == 0, done.stderr
    assert "no PostgreSQL here" not in done.stderr
    (folder / "printed").write_text("".join(held.stdout + held.stderr for held in (done, *seen)))
    return folder


@pytest.fixture
def company(kept: Path, tmp_path: Path) -> Shell:
    folder = tmp_path / "separated"
    shutil.copytree(kept, folder, symlinks=True)
    return Shell(folder / "company", folder / "account")


def url_of(company: Shell, project: str) -> str:
    """What `env` says of a project's database."""
    flags = ("--stack", "prod", "--account", company.account, "--format", "json")
    done = company.run("env", project, *flags)
    assert done.returncode == 0, done.stderr
    url: str = json.loads(done.stdout)["DATABASE_URL"]
    return url


def sql(company: Shell, url: str, *statements: str, database: str | None = None) -> Any:
    """Run statements with a URL while the servers run; returns the last rows, or the refusal."""
    if database:
        url = f"{url.rpartition('/')[0]}/{database}"
    try:
        with rehearsed(company.account), psycopg.connect(url, autocommit=True) as connection:
            rows: list[Any] = []
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
            return rows
    except psycopg.OperationalError as error:
        return str(error)


def as_admin(company: Shell, statement: str) -> None:
    connection = company.state_of_account()["databases"][0]["connection"]
    assert sql(company, connection["uri"].partition("?")[0], statement) == []


def test_a_projects_url_opens_its_own_database_and_its_neighbours_refuses_it(
    company: Shell,
) -> None:
    shop, cart = url_of(company, "shop"), url_of(company, "cart")
    made = (
        "CREATE TABLE orders (number int)",
        "SELECT session_user::text, current_database()::text",
    )
    assert sql(company, shop, *made) == [("shop", "shop_db")]
    assert "User does not have CONNECT privilege" in sql(company, shop, database="cart_db")
    assert sql(company, cart, "SELECT session_user::text") == [("cart",)]


def test_a_grant_made_by_hand_is_shown_by_preview_and_taken_back_by_up(company: Shell) -> None:
    cart = url_of(company, "cart")
    as_admin(company, "GRANT CONNECT ON DATABASE shop_db TO PUBLIC")
    assert sql(company, cart, "SELECT 1", database="shop_db") == [(1,)]
    previewed = company.rehearse("preview")
    expected = "~     Grants shop  drift: everybody has CONNECT on the database"
    assert expected in previewed.stdout.splitlines()
    plain = company.pulumi("pulumi preview --diff 2>&1")
    assert '"everybody has CONNECT on the database"' in plain.stdout
    done = company.rehearse("up")
    assert (done.returncode, "1 updated" in done.stdout) == (0, True)
    assert "User does not have CONNECT privilege" in sql(company, cart, database="shop_db")
    assert company.json("up")["steps"] == []


def test_a_cluster_that_fails_in_the_middle_of_up_is_named_and_the_next_up_completes(
    tmp_path: Path,
) -> None:
    company = Shell(write(tmp_path, manifests("shop")), tmp_path / "account")
    fault = f"[{{method: GET, path: /v2/databases/{CLUSTER}, times: 99, status: 404}}]"
    (company.project / "faults.yaml").write_text(fault)
    failed = company.rehearse("up", "--faults", "faults.yaml")
    assert failed.returncode == 1, failed.stderr
    assert "Grants shop on shared-pg: DigitalOcean's API at 127.0.0.1:" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "Grants shop  FAILED" in failed.stdout
    answer = company.json("up")
    assert answer["changes"] == {"create": 1, "same": 4}
    assert company.json("up")["steps"] == []


def test_a_refresh_that_cannot_look_says_so_and_changes_nothing(company: Shell) -> None:
    fault = f"[{{method: GET, path: /v2/databases/{CLUSTER}, times: 99, status: 404}}]"
    (company.project / "faults.yaml").write_text(fault)
    done = company.rehearse("preview", "--faults", "faults.yaml")
    assert done.returncode == 0, done.stderr
    assert "warning: the grants of shop_db were not verified: " in done.stderr
    assert "9 unchanged" in done.stdout


def test_after_the_administrators_password_changes_everything_goes_on(company: Shell) -> None:
    def change(account: Any) -> None:
        cluster = account["databases"][0]
        (admin,) = (user for user in cluster["users"] if user["name"] == "doadmin")
        connection = cluster["connection"]
        connection["uri"] = connection["uri"].replace(admin["password"], "AVNS_another")
        admin["password"] = connection["password"] = "AVNS_another"

    edit_account(company, change)
    as_admin(company, "GRANT CONNECT ON DATABASE shop_db TO PUBLIC")
    done = company.rehearse("up")
    assert (done.returncode, "1 updated" in done.stdout) == (0, True), done.stderr
    assert "not verified" not in done.stderr


def test_no_password_is_in_the_clear_in_what_is_printed_logged_or_kept(kept: Path) -> None:
    account = json.loads((kept / "account" / "account.json").read_text())
    passwords = [user["password"] for user in account["databases"][0]["users"]]
    assert len(passwords) == 3
    theirs = {kept / "account" / "account.json"}  # what DigitalOcean itself keeps
    files = [file for file in kept.rglob("*") if file.is_file() and file not in theirs]
    assert any(file.name == "prod.json" for file in files)
    for file in files:
        if kept / "account" / "postgres" not in file.parents:
            content = file.read_bytes()
            found = [password for password in passwords if password.encode() in content]
            assert found == [], file


def test_what_is_renamed_or_let_go_of_keeps_its_data_and_stays_closed(company: Shell) -> None:
    rows = ("CREATE TABLE orders AS SELECT 7 AS number", "SELECT * FROM orders")
    shop, cart = url_of(company, "shop"), url_of(company, "cart")
    assert sql(company, shop, *rows) == [(7,)]
    renamed = manifests("shop")["shop/.infra.yaml"]
    declare(company, "shop", renamed | {"database": renamed["database"] | {"name": "new_db"}})
    refused = company.rehearse("up")
    assert (refused.returncode, "made anew, and empty" in refused.stderr) == (1, True)
    (company.project / "projects" / "shop" / ".infra.yaml").unlink()
    gone = company.rehearse("up")
    assert (gone.returncode, "shop" in gone.stderr) == (1, True)
    configure(company, retired={"shop": "keep"})
    done = company.rehearse("up")
    assert done.returncode == 0, done.stderr
    assert sql(company, shop, "SELECT * FROM orders") == [(7,)]
    assert "User does not have CONNECT privilege" in sql(company, cart, database="shop_db")


def test_a_cluster_restored_under_its_name_is_taken_over_with_its_data(company: Shell) -> None:
    rows = ("CREATE TABLE orders AS SELECT 7 AS number", "SELECT * FROM orders")
    shop = url_of(company, "shop")
    assert sql(company, shop, *rows) == [(7,)]
    restored = CLUSTER.replace("bbbb0001", "bbbb0009")

    def restore(account: Any) -> None:
        account["databases"][0]["id"] = restored

    edit_account(company, restore)
    postgres = company.account / "postgres"
    (postgres / CLUSTER).rename(postgres / restored)
    refused = company.rehearse("up")
    assert refused.returncode == 1
    assert f"on another cluster than today's `shared-pg` (id {restored})" in refused.stderr
    assert "retired: {shop: keep}" in refused.stderr
    write(company.project.parent, {f"{name}/.infra.yaml": manifest(name) for name in NAMES})
    configure(company, retired=dict.fromkeys(NAMES, "keep"))
    done = company.rehearse("up")
    assert done.returncode == 0, done.stderr
    write(company.project.parent, manifests(*NAMES))
    members = [name for project in NAMES for name in (project, f"{project}_db")]
    configure(company, databases={"shared-pg": {"adopt": members}})
    answer = company.json("up")
    assert answer["changes"] == {"import": 4, "create": 4, "same": 1}
    assert sql(company, shop, "SELECT * FROM orders") == [(7,)]
    assert company.json("up")["steps"] == []
    assert [asked for asked in requests(company) if asked.startswith("DELETE")] == []
