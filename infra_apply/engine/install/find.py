"""Where an engine that can run our program is: `pulumi` on PATH, else the user's cache."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from platformdirs import user_cache_path

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "3.259.0"
_ANSWERS_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Engine:
    """A `pulumi` that runs. `why` is one line for people: why this one and none before it."""

    path: Path
    version: str
    origin: Literal["path", "cache", "vendor", "build"]
    why: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A `pulumi` that is there and of no use; `why` is one line."""

    path: Path
    why: str


def find(environment: Mapping[str, str]) -> Engine | None:
    """The first engine that is new enough and runs; None when there is none."""
    found = look(environment)[-1:]
    return found[0] if found and isinstance(found[0], Engine) else None


def look(environment: Mapping[str, str]) -> list[Engine | Skipped]:
    """Look in order and stop at the first of use; those before it say why they are skipped."""
    seen: list[Engine | Skipped] = []
    cached = cached_binary()
    on_path = shutil.which("pulumi", path=environment.get("PATH", ""))
    if on_path and Path(on_path).resolve() != cached.resolve():
        seen.append(_examine(Path(on_path), "path", environment))
    if cached.exists() and not any(isinstance(each, Engine) for each in seen):
        seen.append(_examine(cached, "cache", environment))
    return seen


def cache_folder() -> Path:
    """Where engines are kept; on Linux below `$XDG_CACHE_HOME`, by default below `~/.cache`."""
    return user_cache_path("infra-apply") / "engine"


def cached_binary() -> Path:
    """Where the engine of our own version is, once it is installed."""
    return cache_folder() / f"v{VERSION}" / "bin" / "pulumi"


def version_of(path: Path, environment: Mapping[str, str]) -> str:
    """What `pulumi version` says, without the v. Raises ValueError with the reason in one line."""
    try:
        answer = subprocess.run(  # noqa: S603 - a pulumi that we found
            [str(path), "version"],
            env={**environment, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            errors="replace",
            timeout=_ANSWERS_WITHIN,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"does not run (no answer in {_ANSWERS_WITHIN:.0f} s)") from None
    except OSError as error:
        raise ValueError(f"does not run ({error.strerror or error})") from None
    if answer.returncode:
        last = (answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"])[-1]
        raise ValueError(f"does not run ({last})")
    match = re.fullmatch(r"v?(\d+\.\d+\.\d+\S*)", answer.stdout.strip())
    if match is None:
        raise ValueError(f"does not say its version (it says {answer.stdout.strip()[:60]!r})")
    return match[1]


def _examine(
    path: Path, origin: Literal["path", "cache"], environment: Mapping[str, str]
) -> Engine | Skipped:
    try:
        version = version_of(path, environment)
    except ValueError as reason:
        return Skipped(path, f"{path} {reason}")
    if _numbers(version) < _numbers(VERSION):
        return Skipped(path, f"{path} is version {version}, older than {VERSION}")
    if not _has_language_host(path, environment):
        return Skipped(path, f"{path} has no pulumi-language-python beside it or on PATH")
    place = "on PATH" if origin == "path" else "in the cache"
    return Engine(path, version, origin, f"version {version} {place}, new enough (>= {VERSION})")


def _numbers(version: str) -> tuple[int, ...]:
    """3.259.0 -> (3, 259, 0); what follows the patch number does not count."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _has_language_host(path: Path, environment: Mapping[str, str]) -> bool:
    name = "pulumi-language-python"
    beside = path.resolve().parent / name
    return beside.is_file() or bool(shutil.which(name, path=environment.get("PATH", "")))
