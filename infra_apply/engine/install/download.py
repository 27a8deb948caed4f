"""Downloads one file; a process of its own, so that it can be ended at any moment.

    python -I download.py ADDRESS FILE

Proxies and certificates are those of its environment. It prints how many bytes there are so far, a
line each, and as the last line of a failure its reason in words. It imports nothing of ours.
"""

from __future__ import annotations

import os
import sys
import threading
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import IO

ANSWER_WITHIN = 15.0
"""Seconds until the first byte; they decide whether the host can be reached at all."""
_STALLED = 10.0
_LARGEST = 500 << 20
_PART = 4 << 20


def main(address: str, file: str) -> None:
    """Write what `address` answers into `file`; exits with a reason otherwise."""
    reach = threading.Timer(ANSWER_WITHIN, _give_up)
    reach.daemon = True
    reach.start()
    try:
        answer = urllib.request.urlopen(address, timeout=_STALLED)  # noqa: S310 - the vendor's
    except urllib.error.HTTPError as error:
        sys.exit(f"its host answered {error.code}")
    except (OSError, HTTPException) as error:
        sys.exit(f"its host cannot be reached ({getattr(error, 'reason', error)})")
    reach.cancel()
    try:
        with answer, open(file, "xb") as target:  # noqa: PTH123 - the start of it is waited for
            _copy(answer, target)
    except (OSError, HTTPException) as error:
        sys.exit(f"the download broke off ({error})")


def _copy(answer: IO[bytes], target: IO[bytes]) -> None:
    size = 0
    while part := answer.read(_PART):
        size += target.write(part)
        if size > _LARGEST:
            sys.exit(f"its host sent more than {_LARGEST >> 20} MB")
        print(size, flush=True)  # noqa: T201 - the progress


def _give_up() -> None:
    print(f"its host cannot be reached (no answer in {ANSWER_WITHIN:.0f} s)", flush=True)  # noqa: T201
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
