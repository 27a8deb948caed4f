"""Where an engine that can run our program is: `pulumi` on PATH, else the user's cache."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from platformdirs import user_cache_path

from infra_apply.engine.install import trust
from infra_apply.engine.install.tool_environ import tool_environ
from infra_apply.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "3.259.0"
_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Engine:
    """A `pulumi` that runs. `why` is one line for people: why this one and none before it."""

    path: Path
    version: str
    origin: Literal["path", "cache", "vendor", "build"]
    why: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A `pulumi` that is there and of no use; `why` is one line.

    With `untrusted` somebody else may have put it there, or did.
    """

    path: Path
    why: str
    untrusted: bool = False

    def refusal(self) -> Refusal:
        """Return what ends a command that would run it."""
        return Refusal(
            self.why,
            state="the engine was not run, and nothing was changed",
            next_step="find out who wrote there; then put a new one in its place:"
            " infra-apply engine install --force",
        )


def find(environ: Mapping[str, str]) -> Engine | None:
    """The first engine that is new enough and runs; None when there is none."""
    candidates = search(environ)
    last = candidates[-1] if candidates else None
    return last if isinstance(last, Engine) else None


def search(environ: Mapping[str, str]) -> list[Engine | Skipped]:
    """Look in order and stop at the first of use; those before it say why they are skipped."""
    candidates: list[Engine | Skipped] = []
    cached = cached_binary()
    on_path = shutil.which("pulumi", path=environ.get("PATH", ""))
    # Only the cache's folder is resolved: a link in the engine's own place is no engine on PATH.
    if on_path and Path(on_path).resolve() != cached.parent.resolve() / cached.name:
        candidates.append(_examine_on_path(Path(on_path), environ))
    if cached.exists() and not any(isinstance(candidate, Engine) for candidate in candidates):
        candidates.append(examine_cached())
    return candidates


def examine_cached() -> Engine | Skipped:
    """Look whether the cached engine may be run; it is not run for that.

    It ran when it was put there, and its content is the same.
    """
    cached = cached_binary()
    folder = cached.parent.parent
    try:
        trust.check(folder, cache_folder().parent)
    except trust.Untrusted as reason:
        return Skipped(cached, f"{cached} {reason}", untrusted=True)
    except trust.Unrecorded:
        return Skipped(cached, f"{cached} has no {trust.RECORD} beside it, which says what it is")
    except OSError as error:
        return Skipped(cached, f"{cached} cannot be looked at: {error.strerror or error}")
    return Engine(cached, VERSION, "cache", f"version {VERSION} in the cache, as it was put there")


def cache_folder() -> Path:
    """Where engines are kept; on Linux below `$XDG_CACHE_HOME`, by default below `~/.cache`."""
    return user_cache_path("infra-apply") / "engine"


def cached_binary() -> Path:
    """Where the engine of our own version is, once it is installed."""
    return cache_folder() / f"v{VERSION}" / "bin" / "pulumi"


def version_of(path: Path, environ: Mapping[str, str]) -> str:
    """What `pulumi version` says, without the v. Raises ValueError with the reason in one line."""
    try:
        result = subprocess.run(  # noqa: S603 - a pulumi that we found
            [str(path), "version"],
            env={**tool_environ(environ), "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"does not run (no answer in {_TIMEOUT:.0f} s)") from None
    except OSError as error:
        raise ValueError(f"does not run ({error.strerror or error})") from None
    if result.returncode:
        last = (result.stderr.strip().splitlines() or [f"exit code {result.returncode}"])[-1]
        raise ValueError(f"does not run ({last})")
    match = re.fullmatch(r"v?(\d+\.\d+\.\d+\S*)", result.stdout.strip())
    if match is None:
        raise ValueError(f"does not say its version (it says {result.stdout.strip()[:60]!r})")
    return match[1]


def _examine_on_path(path: Path, environ: Mapping[str, str]) -> Engine | Skipped:
    try:
        version = version_of(path, environ)
    except ValueError as reason:
        return Skipped(path, f"{path} {reason}")
    if _version_numbers(version) < _version_numbers(VERSION):
        return Skipped(path, f"{path} is version {version}, older than {VERSION}")
    if not _has_language_host(path, environ):
        return Skipped(path, f"{path} has no pulumi-language-python beside it or on PATH")
    return Engine(path, version, "path", f"version {version} on PATH, new enough (>= {VERSION})")


def _version_numbers(version: str) -> tuple[int, ...]:
    """3.259.0 -> (3, 259, 0); what follows the patch number does not count."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _has_language_host(path: Path, environ: Mapping[str, str]) -> bool:
    name = "pulumi-language-python"
    beside = path.resolve().parent / name
    return beside.is_file() or bool(shutil.which(name, path=environ.get("PATH", "")))
