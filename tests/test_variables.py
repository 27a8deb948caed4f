"""Variables come out of their text byte for byte, whoever reads it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from urllib.parse import quote

import dotenv
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from infra_apply.errors import Refusal
from infra_apply.variables import FORMATS, as_dotenv, as_json, as_systemd

# What some reader takes for more than a letter, and any other letter that can be printed.
TELLING = (
    "'", '"', "\\", "$", "`", "#", " ", "\n", "\t", "{", "}", "%", "!", "=", ":", "~", "*", "&",
    "\\\\", "\\'", '\\"', "\\n", "\\$", "\\0101", "\\x41", "$(id)", "$HOME", "%h", " #", "export ",
)  # fmt: skip
PRINTABLE = st.characters(categories=("L", "M", "N", "P", "S")).filter(str.isprintable)
VALUES = st.lists(st.sampled_from(TELLING) | PRINTABLE, max_size=8).map("".join)
NAMES = st.from_regex(r"V_[A-Z0-9_]{0,8}", fullmatch=True)
VARIABLES = st.dictionaries(NAMES, VALUES, max_size=4)
FEW = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read_by_sh(folder: Path, text: str) -> dict[str, str]:
    """What a process gets that sh starts after it read the file."""
    (folder / "variables").write_bytes(text.encode())
    done = subprocess.run(
        ["/bin/sh", "-c", "set -ea; . ./variables; exec env -0"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    pairs = [pair.partition("=") for pair in done.stdout.decode().split("\0")]
    return {name: value for name, _, value in pairs if name.startswith("V_")}


def held(variables: Mapping[str, str]) -> str:
    """The dotenv text; what it refuses is no example."""
    try:
        return as_dotenv(variables)
    except Refusal:
        assume(False)
        raise


@pytest.mark.process
@FEW
@given(variables=VARIABLES)
def test_sh_reads_what_dotenv_holds(variables: dict[str, str], tmp_path: Path) -> None:
    assert read_by_sh(tmp_path, held(variables)) == variables


@given(variables=VARIABLES)
def test_python_dotenv_reads_what_dotenv_holds(variables: dict[str, str]) -> None:
    text = StringIO(held(variables), newline=None)  # as from a file
    assert dotenv.dotenv_values(stream=text) == variables


@pytest.mark.process
@FEW
@given(variables=VARIABLES)
def test_what_systemd_reads_as_sh_does_comes_out_as_it_was(
    variables: dict[str, str], tmp_path: Path
) -> None:
    """In double quotes systemd takes the escape sequences of a POSIX shell (systemd.exec(5))."""
    assert read_by_sh(tmp_path, as_systemd(variables)) == variables


@given(variables=st.dictionaries(st.text(), st.text(), max_size=4))
def test_json_holds_every_name_and_every_value_and_steers_no_terminal(
    variables: dict[str, str],
) -> None:
    text = as_json(variables)
    assert json.loads(text) == variables
    assert all(letter.isprintable() or letter == "\n" for letter in text)


# What compose-go 2.16.2 reads is the value; docker compose is not there to be asked in a test.
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", "''"),
        ("a b # c", "'a b # c'"),
        ("$HOME $$ `id` $(id)", "'$HOME $$ `id` $(id)'"),
        ('say "a"', "'say \"a\"'"),
        ("a\\b\\n", "'a\\b\\n'"),
        ("two\nlines", "'two\nlines'"),
        ("it's", '"it\'s"'),
        ("a\\\\b", '"a\\\\\\\\b"'),
        ('it\'s "\\a"', '"it\'s \\"\\\\a\\""'),
    ],
)
def test_how_dotenv_quotes(value: str, text: str) -> None:
    assert as_dotenv({"NAME": value}) == f"NAME={text}\n"


@given(password=st.text(st.characters(exclude_categories=["Cs"])))
def test_dotenv_holds_every_url_whatever_its_password(password: str) -> None:
    url = f"postgresql://shop:{quote(password, safe='')}@pg.example:25060/shop?sslmode=require"
    assert as_dotenv({"DATABASE_URL": url}) == f"DATABASE_URL='{url}'\n"


@pytest.mark.parametrize("value", ["it's $5", "`it's`", "a\\\\$b", "${HOME}", "ends\\"])
def test_what_the_three_readers_read_otherwise_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(Refusal) as raised:
        as_dotenv({"API_KEY": value})
    assert "dotenv cannot hold the value of API_KEY unchanged" in str(raised.value)
    assert value not in str(raised.value)
    assert as_systemd({"API_KEY": value})


@pytest.mark.parametrize("form", ["dotenv", "systemd"])
@pytest.mark.parametrize("letter", ["\r", "\0", "\x1b", "\x7f", "\x9b", "\u2028", "\u202e"])
def test_a_control_character_is_refused_where_it_would_stand_as_it_is(
    form: str, letter: str
) -> None:
    with pytest.raises(Refusal, match=f"{form} cannot hold the value of API_KEY unchanged"):
        FORMATS[form]({"API_KEY": f"a{letter}b"})


@pytest.mark.parametrize("form", ["dotenv", "systemd"])
@pytest.mark.parametrize("name", ["3D_API_URL", "", "A-B", "A B", "A=B", "A\n", "É"])
def test_a_name_that_no_process_is_started_with_by_a_shell_is_refused(form: str, name: str) -> None:
    with pytest.raises(Refusal, match=f"is no name that {form} can hold"):
        FORMATS[form]({name: "a"})


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_names_are_sorted(form: str) -> None:
    lines = FORMATS[form]({"B_URL": "b", "A_URL": "a"}).splitlines()
    names = [line.strip()[:5].strip('"') for line in lines if "_URL" in line]
    assert [name[0] for name in names] == ["A", "B"]
