"""The vendor's release of the engine: an archive that is refused unless its SHA-256 is the pinned.

The sums are those that the vendor's own Homebrew formula has for this version (pulumi/homebrew-tap,
Formula/pulumi.rb, 51fb494f of 2026-08-20). A new VERSION needs the sums of its own formula.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra_apply.engine.child_process import ChildFailed, run
from infra_apply.engine.install.find import VERSION
from infra_apply.engine.language import files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra_apply.terminal.layout import StatusLine

RELEASES: Final = "https://get.pulumi.com/releases/sdk"
SHA256: Final[Mapping[str, str]] = {
    "darwin-arm64": "57c27f179e527e2cf9f62b841a448af72a020e44b2fb4ee0d9bd85556c00c864",
    "darwin-x64": "eaca4c3b8277bfa3ab061fa3b270d1c66358a0b2e613da8c5587a04b7226c534",
    "linux-arm64": "edc8327463a72160bb36cf82cf5062da9c8a244290a706d9980988e7bf486853",
    "linux-x64": "94ba357acac23d01474084c4b00098dc0f7bc70ce13f34c777459254a5f718e5",
}
"""The sum of the archive for each platform, as the vendor names platforms."""
TIMEOUT: Final = 300.0
"""Seconds; the archive has about 150 MB."""


def install(
    root: Path,
    environ: Mapping[str, str],
    status_line: StatusLine,
    *,
    releases: str = RELEASES,
    sums: Mapping[str, str] = SHA256,
) -> None:
    """Put the release's `pulumi` into `root/bin`, and our language host beside it.

    `releases` is the address below which the archives lie. Raises ChildFailed where no sum is
    pinned for this platform, where the vendor cannot be reached, refuses or takes too long, and
    where the archive is another one than the pinned.
    """
    system = this_platform()
    if system not in sums:
        raise ChildFailed(f"the sum of no release for {system} is pinned")
    name = f"pulumi-v{VERSION}-{system}.tar.gz"
    archive = root.with_name(name)
    try:
        _download(f"{releases}/{name}", archive, environ, status_line)
        _verify(archive, sums[system])
        _unpack(archive, root / "bin" / "pulumi")
        files.install(root / "bin")
    finally:
        archive.unlink(missing_ok=True)
        status_line.end()


def this_platform() -> str:
    """Name this machine's platform as the vendor's archives do: `linux-x64`."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}-{_MACHINES.get(machine, machine)}"


def _download(
    address: str, archive: Path, environ: Mapping[str, str], status_line: StatusLine
) -> None:
    status_line.show("engine: downloading the vendor's release")
    try:
        run(
            [sys.executable, "-I", str(_DOWNLOAD), address, str(archive)],
            environ=environ,
            cwd=archive.parent,
            on_line=lambda line: _show_size(line, status_line),
            on_tick=status_line.tick,
            timeout=TIMEOUT,
        )
    except ChildFailed as failed:
        raise ChildFailed(str(failed).removeprefix("exit code 1: "), failed.lines) from None


def _show_size(line: str, status_line: StatusLine) -> None:
    if line.isdecimal():
        status_line.show(f"engine: downloading the vendor's release, {int(line) >> 20} MB so far")


def _verify(archive: Path, pinned: str) -> None:
    with archive.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if actual != pinned:
        raise ChildFailed(
            f"what its host sent is not the release: the SHA-256 is {actual}, and {pinned} is"
            f" pinned for {archive.name}"
        )


def _unpack(archive: Path, binary: Path) -> None:
    """Take the one program that is needed out of an archive whose sum is right."""
    binary.parent.mkdir()
    try:
        with tarfile.open(archive, "r:gz") as members, binary.open("xb") as target:
            program = members.extractfile("pulumi/pulumi")
            if program is None:
                raise ChildFailed(f"{archive.name} has no file pulumi/pulumi")
            shutil.copyfileobj(program, target)
    except (KeyError, EOFError, OSError, tarfile.TarError) as error:
        raise ChildFailed(f"{archive.name} cannot be unpacked: {error}") from None
    binary.chmod(0o755)


_DOWNLOAD: Final = Path(__file__).with_name("download.py")
_MACHINES: Final = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}
