"""The files that a stack's settings name for droplets' user data."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.model import Diagnostic, Place
from infra_apply.inputs import files
from infra_apply.inputs.settings import Settings

UNUSABLE_USER_DATA: Final = Code(
    "IA806",
    "user data that cannot be used",
    "a droplet made without its script would never become what it should be",
    "correct the path; it is relative to Pulumi.yaml",
)
CODES: Final = (UNUSABLE_USER_DATA,)


def read(settings: Settings, base: Path, diagnostics: list[Diagnostic]) -> dict[str, str]:
    """Return the files' texts by the name the settings give; what is wrong goes to diagnostics."""
    texts = {}
    for file, place in _places(settings).items():
        try:
            source = files.content(str(base / file), _MAX_BYTES)
            texts[file] = source.decode()
        except OSError as error:
            diagnostics.append(_unusable(file, place, f"cannot be read: {files.reason(error)}"))
            continue
        except UnicodeDecodeError:
            diagnostics.append(_unusable(file, place, "cannot be read: it is not UTF-8 text"))
            continue
        if len(source) > _MAX_BYTES:
            diagnostics.append(_unusable(file, place, "is larger than DigitalOcean's 64 KiB"))
    return texts


def _places(settings: Settings) -> dict[str, Place]:
    """Return where each file is named; of several places the last."""
    places = {settings.droplet.user_data_file: settings.value("droplet", "userData")}
    for name, host in settings.hosts.items():
        if "userData" in host.own_keys:
            places[host.droplet.user_data_file] = settings.value("hosts", name, "userData")
    for name, profile in settings.gpu_profiles.items():
        places[profile.user_data_file] = settings.value("gpu", "profiles", name, "userData")
    return {file: place for file, place in places.items() if file is not None}


def _unusable(file: str, place: Place, problem: str) -> Diagnostic:
    hint = "let it fetch what it needs" if "larger" in problem else _RELATIVE
    return Diagnostic(UNUSABLE_USER_DATA, place, f"the user data file `{file}` {problem}", hint)


_RELATIVE: Final = "paths are relative to Pulumi.yaml"
_MAX_BYTES: Final = 64 * 1024
