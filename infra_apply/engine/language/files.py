"""The files that make a built engine run Python programs: our language host and its launchers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# POSIX sh, because no Python is known before it has looked for one. It starts the first
# interpreter that has the SDK; the host then chooses again, by the same rule, for each program.
_LAUNCHER = """\
#!/bin/sh
# Starts Pulumi's {what} with the first Python that has its SDK:
# Pulumi.yaml's virtualenv, .venv in the program's folder, $VIRTUAL_ENV, python3 on PATH.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
root=$PWD
while [ ! -e "$root/Pulumi.yaml" ] && [ "$root" != / ]; do root=$(dirname -- "$root"); done
named=.venv
if [ -r "$root/Pulumi.yaml" ]; then
  named=$(sed -n "s/.*virtualenv:[[:space:]]*[\\"']*\\([^\\"'#,}}]*[^\\"'#,}} ]\\).*/\\1/p" \\
    "$root/Pulumi.yaml")
  named=${{named:-.venv}}
fi
case $named in /*) ;; *) named=$root/$named ;; esac
has='import importlib.util as u; raise SystemExit(not all(map(u.find_spec, ("pulumi", "grpc"))))'
# Its packages tell it without a start, which takes as long as all the rest here.
has_sdk() {{
  for packages in "${{1%/bin/*}}"/lib/python3*/site-packages; do
    [ -d "$packages/pulumi/runtime" ] && [ -d "$packages/grpc" ] && return 0
  done
  "$1" -c "$has" 2>/dev/null
}}
for python in "$named/bin/python" "$PWD/.venv/bin/python" "$root/.venv/bin/python" \\
    "${{VIRTUAL_ENV:-/nowhere}}/bin/python" "$(command -v python3)" "$(command -v python)" \\
    {fallback}; do
  if [ -x "$python" ] && has_sdk "$python"; then
    exec "$python" -u "$here/{script}" {arguments}"$@"
  fi
done
echo "no Python with the Pulumi SDK was found for $PWD; make one there:" >&2
echo "python3 -m venv .venv && .venv/bin/pip install pulumi" >&2
exit 1
"""


def contents(python: str = sys.executable) -> dict[str, bytes]:
    """Give every file's name and bytes. `python` is tried when nothing nearer has the SDK."""
    here = Path(__file__).parent
    host = ("language host", "language_host.py", "")
    dynamic = ("dynamic provider", "language_child.py", "dynamic ")
    return {
        "language_host.py": (here / "host.py").read_bytes(),
        "language_child.py": (here / "child.py").read_bytes(),
        "pulumi-language-python": _launcher(*host, python).encode(),
        "pulumi-resource-pulumi-python": _launcher(*dynamic, python).encode(),
    }


def install(bin_folder: Path, python: str = sys.executable) -> None:
    """Write the files into `bin_folder`, each at once and only if it differs."""
    for name, data in contents(python).items():
        target = bin_folder / name
        if target.is_file() and target.read_bytes() == data:
            continue
        fresh = bin_folder / f".{name}.{os.getpid()}"
        fresh.write_bytes(data)
        fresh.chmod(0o755)
        fresh.replace(target)


def _launcher(title: str, script: str, arguments: str, python: str) -> str:
    quoted = "'" + python.replace("'", "'\\''") + "'"
    return _LAUNCHER.format(what=title, script=script, arguments=arguments, fallback=quoted)
