"""Installing: the ways in order, one at a time, all or nothing."""

from __future__ import annotations

import fcntl
import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING

import pytest

from infra_apply.engine.child_process import ChildFailed
from infra_apply.engine.install import find, vendor
from infra_apply.engine.install.installer import BUILD, VENDOR, Way, _ways, install
from infra_apply.errors import Outage, Usage
from infra_apply.terminal import StatusLine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "c"))
    return {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "c")}


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(said: io.StringIO) -> StatusLine:
    return StatusLine(said)


def engine_in(root: Path, version: str = "3.259.0") -> None:
    (root / "bin").mkdir(parents=True)
    for name, body in {"pulumi": f"echo v{version}", "pulumi-language-python": ""}.items():
        (root / "bin" / name).write_text(f"#!/bin/sh\n{body}\n")
        (root / "bin" / name).chmod(0o755)


def works(root: Path, _environment: Mapping[str, str], _progress: StatusLine) -> None:
    engine_in(root)


def fails(_root: Path, _environment: Mapping[str, str], _progress: StatusLine) -> None:
    raise ChildFailed("its host cannot be reached")


def never(_root: Path, _environment: Mapping[str, str], _progress: StatusLine) -> None:
    pytest.fail("this way should not be tried")


def left() -> list[str]:
    return sorted(entry.name for entry in find.cache_folder().iterdir())


def test_the_first_way_that_works_fills_the_cache(
    environment: dict[str, str], progress: StatusLine
) -> None:
    ways = [Way("the first", "vendor", works), Way("the second", "build", never)]
    engine = install(environment, progress, ways)
    assert engine.path == find.cached_binary()
    assert (engine.version, engine.origin) == ("3.259.0", "vendor")
    assert engine.why == "installed now by the first"
    assert left() == ["lock", "v3.259.0"]


def test_an_engine_that_is_there_is_returned_at_once(
    environment: dict[str, str], progress: StatusLine
) -> None:
    engine_in(find.cached_binary().parent.parent)
    engine = install(environment, progress, [Way("any", "build", never)])
    assert engine.origin == "cache"


def test_a_way_that_fails_is_told_in_one_line_and_the_next_is_tried(
    environment: dict[str, str], progress: StatusLine, said: io.StringIO
) -> None:
    ways = [Way("the vendor's installer", "vendor", fails), Way("a build", "build", works)]
    assert install(environment, progress, ways).origin == "build"
    assert said.getvalue() == (
        "engine: the vendor's installer did not work: its host cannot be reached\n"
    )


def test_no_way_left_is_an_outage_that_names_every_reason(
    environment: dict[str, str], progress: StatusLine
) -> None:
    ways = [Way("the vendor's installer", "vendor", fails), Way("a build", "build", fails)]
    with pytest.raises(Outage) as caught:
        install(environment, progress, ways)
    assert caught.value.exit_code == 3
    assert str(caught.value) == textwrap.dedent("""\
        no Pulumi engine could be installed. Tried:
          the vendor's installer: its host cannot be reached
          a build: its host cannot be reached
          state: no engine was installed; nothing was changed
          next:  put pulumi >= 3.259.0 on PATH, or give this machine access to a Go module \
registry and run `infra-apply engine install` again""")
    assert left() == ["lock"]


def test_an_engine_that_does_not_run_is_not_moved_into_the_cache(
    environment: dict[str, str], progress: StatusLine
) -> None:
    def broken(root: Path, _environment: Mapping[str, str], _progress: StatusLine) -> None:
        engine_in(root)
        (root / "bin" / "pulumi").write_text("#!/bin/sh\nexit 9\n")

    with pytest.raises(Outage, match=r"the engine it made does not run \(exit code 9\)"):
        install(environment, progress, [Way("a build", "build", broken)])
    assert find.find(environment) is None


def test_a_broken_engine_in_the_cache_is_told_and_replaced(
    environment: dict[str, str], progress: StatusLine, said: io.StringIO
) -> None:
    cached = find.cached_binary()
    engine_in(cached.parent.parent)
    cached.write_text("#!/bin/sh\nexit 9\n")
    assert install(environment, progress, [Way("a build", "build", works)]).origin == "build"
    assert said.getvalue() == f"engine: skipped: {cached} does not run (exit code 9)\n"
    assert left() == ["lock", "v3.259.0"]


def test_what_a_killed_install_left_is_cleared(
    environment: dict[str, str], progress: StatusLine
) -> None:
    litter = find.cache_folder() / ".staging-dead" / "root"
    litter.mkdir(parents=True)
    install(environment, progress, [Way("a build", "build", works)])
    assert left() == ["lock", "v3.259.0"]


def test_a_second_install_waits_says_for_whom_and_finds_what_the_first_made(
    environment: dict[str, str], progress: StatusLine, said: io.StringIO
) -> None:
    folder = find.cache_folder()
    folder.mkdir(parents=True)
    first = (folder / "lock").open("w", encoding="utf-8")
    first.write("process 4711")
    first.flush()
    fcntl.flock(first, fcntl.LOCK_EX)
    found: list[find.Engine] = []

    def second() -> None:
        found.append(install(environment, progress, [Way("a build", "build", never)]))

    thread = threading.Thread(target=second)
    thread.start()
    while "waiting for process 4711, which is installing it" not in said.getvalue():
        assert thread.is_alive()
    engine_in(find.cached_binary().parent.parent)
    first.close()
    thread.join(20)
    assert [engine.origin for engine in found] == ["cache"]


def test_an_interrupted_install_leaves_no_engine_and_no_litter(
    environment: dict[str, str], progress: StatusLine
) -> None:
    def interrupted(root: Path, _environment: Mapping[str, str], _progress: StatusLine) -> None:
        engine_in(root)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(environment, progress, [Way("a build", "build", interrupted)])
    assert left() == ["lock"]


def test_ctrl_c_during_a_build_ends_it_and_exits_130(
    environment: dict[str, str], script: Callable[[str, str], Path], tmp_path: Path
) -> None:
    script(
        "go/go",
        'case $1 in version) echo "go version go1.26.0 x";; *) echo a/b; exec sleep 60;; esac\n',
    )
    environment["PATH"] = f"{tmp_path / 'go'}:{environment['PATH']}"
    environment["INFRA_APPLY_ENGINE_FROM"] = "registry"
    program = (
        "import sys, argparse; from infra_apply.cli import engine;"
        "sys.exit(engine.run_install(argparse.Namespace()))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "starting go build" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert rest.endswith("engine: interrupted; nothing was installed\n")
    assert left() == ["lock"]


def test_a_cache_that_cannot_be_written_is_an_outage(
    environment: dict[str, str], progress: StatusLine, tmp_path: Path
) -> None:
    (tmp_path / "c").write_text("a file where the cache should be")
    with pytest.raises(Outage, match="set XDG_CACHE_HOME") as caught:
        install(environment, progress, [Way("a build", "build", never)])
    assert caught.value.exit_code == 3


def test_the_vendor_comes_first_and_registry_leaves_it_out() -> None:
    assert _ways({}) == (VENDOR, BUILD)
    assert _ways({"INFRA_APPLY_ENGINE_FROM": "registry"}) == (BUILD,)
    with pytest.raises(Usage, match="INFRA_APPLY_ENGINE_FROM=moon is not known"):
        _ways({"INFRA_APPLY_ENGINE_FROM": "moon"})


def test_the_vendors_installer_gets_the_folder_and_the_version(
    environment: dict[str, str],
    progress: StatusLine,
    script: Callable[[str, str], Path],
    tmp_path: Path,
) -> None:
    installer = script("installer", 'mkdir "$1/bin"; echo "$2" > "$1/bin/pulumi"\n')
    root = tmp_path / "root"
    root.mkdir()
    vendor.fill(root, environment, progress, command=(str(installer),))
    assert (root / "bin" / "pulumi").read_text() == "3.259.0\n"


def test_a_vendor_out_of_reach_is_one_line(
    environment: dict[str, str],
    progress: StatusLine,
    script: Callable[[str, str], Path],
    tmp_path: Path,
) -> None:
    installer = script("installer", "echo 'its host cannot be reached (timed out)' >&2; exit 1\n")
    with pytest.raises(ChildFailed, match=r"^its host cannot be reached \(timed out\)$"):
        vendor.fill(tmp_path, environment, progress, command=(str(installer),))


def test_the_installers_own_program_tells_an_unreachable_host_in_one_line(
    environment: dict[str, str], progress: StatusLine, tmp_path: Path
) -> None:
    # A closed port on this machine as the proxy: nothing outside is asked.
    environment |= {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    with pytest.raises(ChildFailed, match=r"^its host cannot be reached \(.*refused.*\)$"):
        vendor.fill(tmp_path, environment, progress)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - emptiness
