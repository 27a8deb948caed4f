"""Any text in any field of any file, and any command: what is printed steers nobody.

`python -m tests.cli.output_fuzz 20000` tries that many by hand.
"""

from __future__ import annotations

import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from infra_apply.cli import rehearse
from infra_apply.cli.main import main as infra_apply
from infra_apply.engine.install import installer
from infra_apply.errors import Outage
from tests.cli.command_lines import FILE, NAME, Words, command_lines
from tests.cli.hostile_company import Field, fields, write_company
from tests.cli.test_output import ATTACKS, SURROGATE, captured, require_harmless

LINES: Final = command_lines()
FIELDS: Final = fields()
NAMES: Final = st.lists(
    st.sampled_from((*ATTACKS, SURROGATE, "\x1b[31m", "::", "##[", "\n", "\u2028", "\x7f"))
    | st.text(max_size=8),
    max_size=3,
).map("".join)
TEXTS: Final = st.dictionaries(st.sampled_from(FIELDS), NAMES, max_size=3)
codes: Final[Counter[int]] = Counter()
"""How often a command ended with which exit code."""


def try_line(line: Words, texts: dict[Field, str], name: str) -> None:
    """Run one command line on a company with these texts, and look at all that it prints."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        _shut_in(patch)
        patch.chdir(write_company(Path(folder), texts))
        typed = _typed(name)
        words = [typed if word in {NAME, FILE} else word.replace(NAME, typed) for word in line]
        printed = captured(lambda: infra_apply(words))
    form = line[line.index("--format") + 1] if "--format" in line else ""
    require_harmless(f"--format {form}", printed)
    assert printed.code in {0, 1, 2, 3}
    codes[printed.code] += 1


def _typed(name: str) -> str:
    """Return a name as a command line can hold it: bytes, of which a NUL is the end.

    What a command is told to write stays in the folder it is run in.
    """
    encoded = name.encode(errors="surrogatepass").translate(None, b"/\0")
    return encoded.decode(errors="surrogateescape")


def _shut_in(patch: pytest.MonkeyPatch) -> None:
    """Leave a command no engine, token, name server or time."""
    for variable in ("PULUMI_STACK", "DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"):
        patch.delenv(variable, raising=False)
    patch.setenv("NO_COLOR", "1")
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("infra_apply.cli") and (
            getattr(module, "install", None) is installer.install
        ):
            patch.setattr(module, "install", _no_engine)
    real = socket.getaddrinfo

    def look_up(host: Any, *rest: Any, **more: Any) -> Any:
        if host in {"127.0.0.1", "::1"}:
            return real(host, *rest, **more)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    patch.setattr(socket, "getaddrinfo", look_up)
    patch.setattr(rehearse, "threading", SimpleNamespace(Event=_InterruptedAtOnce))


def _no_engine(*_: object) -> None:
    raise Outage("no engine is to be had here")


class _InterruptedAtOnce:
    """What `rehearse serve` waits for, ended by Ctrl-C."""

    def wait(self) -> None:
        raise KeyboardInterrupt


def main() -> int:
    """Try as many as the first argument says; print each failure, and how many there were."""
    started = time.monotonic()
    failures: list[str] = []

    @settings(
        max_examples=int(sys.argv[1]),
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(line=st.sampled_from(LINES), texts=TEXTS, name=NAMES)
    def try_all(line: Words, texts: dict[Field, str], name: str) -> None:
        try:
            try_line(line, texts, name)
        except Exception as error:  # noqa: BLE001 - counted
            failures.append(f"{line} {texts} {name!r}: {error!r:.1000}")
            print(failures[-1], flush=True)  # noqa: T201

    try_all()
    seconds = time.monotonic() - started
    print(  # noqa: T201
        f"{codes.total()} in {seconds:.0f} s, by exit code: {dict(codes)}; {len(failures)} failed"
    )
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
