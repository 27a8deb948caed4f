"""Run-only and access configuration, recognised by name and by shape.

The convention's rule env_variants keeps passcodes, bind addresses and the like out of manifests.
What is recognised here is never echoed.
"""

from __future__ import annotations

import re
from typing import Final


def named_like_access(key: str) -> bool:
    """Say whether a key names something that grants or limits access, such as `db_password`."""
    words = _WORD_BREAK.sub("_", key).casefold()
    return bool(_ACCESS_NAME.search(words))


def shaped_like_secret(value: str) -> bool:
    """Say whether a text has the shape of a key, a token or a URL that holds a password."""
    return bool(_SECRET_SHAPE.search(value))


def masked(line: str) -> str:
    """Return a line of a file with what must not be shown replaced by dots."""
    line = _SECRET_SHAPE.sub(_DOTS, line)
    return _PAIR.sub(_masked_pair, line)


def _masked_pair(match: re.Match[str]) -> str:
    key, between, value = match[1], match[2], match[3]
    return f"{key}{between}{_DOTS if _hidden(key.strip(_QUOTES)) else value}"


def _hidden(key: str) -> bool:
    # The settings name ssh keys of the account; their names open nothing.
    return key != "sshKeys" and named_like_access(key)


REASON: Final = (
    "run-only and access configuration stays out of the manifest, it is not mesh infrastructure "
    "(rule env_variants): keep it in the service's own environment"
)

_QUOTES: Final = "\"'"
_DOTS: Final = "•••"
_PAIR: Final = re.compile(r"""(["']?[\w.-]+["']?)(\s*:\s+)("[^"]*"?|'[^']*'?|[^,}\]#]+)""")
_WORD_BREAK: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]")
_ACCESS_NAME: Final = re.compile(
    r"(?:^|_)(?:pass(?:code|word|phrase|wd)?|pw|pwd|pin|secrets?|tokens?|credentials?|auth|"
    r"api_?keys?|access_?keys?|private_?keys?|public_?keys?|ssh_?keys?|authorized_?keys?|"
    r"bind(?:_?addr(?:ess)?|_?host)?|listen(?:_?addr(?:ess)?)?|allow(?:ed)?_?(?:ips?|hosts?)|"
    r"htpasswd|jwt|certs?|certificates?)(?:$|_)"
)
_SECRET_SHAPE: Final = re.compile(
    r"-----BEGIN [A-Z ]+-----"  # PEM
    r"|\b(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-\S+) AAAA"  # a public key
    r"|\b[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@"  # a URL with a password
    r"|\b(?:dop|doo|dor)_v1_[0-9a-f]{16,}"  # DigitalOcean's tokens
    r"|\bAVNS_\w{8,}"  # DigitalOcean's database passwords
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bxox[abposr]-[\w-]{10,}|\bsk-[\w-]{20,}"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\."  # a JSON web token
)
