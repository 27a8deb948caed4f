"""Run-only and access configuration, recognised by name and by shape.

The convention's rule env_variants keeps passcodes, bind addresses and the like out of manifests.
What is recognised here is never echoed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

Path = tuple[str | int, ...]


def named_like_access(key: str) -> bool:
    """Say whether a key names something that grants or limits access, such as `db_password`."""
    words = _WORD_BREAK.sub("_", key).casefold()
    return bool(_ACCESS_NAME.search(words))


def shaped_like_secret(value: str) -> bool:
    """Say whether a text has the shape of a key, a token or a URL that holds a password."""
    if len(value) < _SHORTEST and not _TELLING.intersection(value):
        return False  # nearly every value of nearly every manifest
    return bool(_SECRET_SHAPE.search(value))


def shaped_like_bind_address(value: str) -> bool:
    """Say whether a text says which addresses to listen on."""
    return ("0.0" in value or "::" in value) and bool(_BIND_SHAPE.search(value))


def texts(value: object, at: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield every text inside plain values, with its path."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts(inner, (*at, index))


def without_secrets(text: str) -> str:
    """Return a text with everything that has the shape of a secret replaced by dots."""
    return _SECRET_SHAPE.sub(DOTS, text)


def without_shapes(text: str) -> str:
    """Return a text with dots for secrets, bind addresses and long random runs of letters."""
    return _BIND_SHAPE.sub(DOTS, _LONG_RANDOM.sub(DOTS, without_secrets(text)))


def masked(lines: Sequence[str], index: int) -> str:
    """Return one line of a file with what must not be shown replaced by dots.

    That is whatever has the shape of a secret, and the value of a key that names one, also where
    the value stands on lines of its own below its key.
    """
    line = without_shapes(lines[index])
    if _inside_hidden(lines, index):
        return line[: _indent(line)] + DOTS
    for key in _KEYS.finditer(line):
        if _hidden(key[1].strip(_QUOTES)):  # where its value ends only a parser could tell
            return line[: key.end()] + DOTS
    return line


def _inside_hidden(lines: Sequence[str], index: int) -> bool:
    """Walk up the keys around a line, by indentation; a list may stand as deep as its key."""
    depth = _indent(lines[index]) + lines[index].lstrip().startswith("-")
    for above in reversed(lines[max(0, index - _ABOVE) : index]):
        if not above.strip() or _indent(above) >= depth:
            continue
        depth = _indent(above)
        key = _KEY.match(above)
        if key and _hidden(key[1].strip(_QUOTES)):
            return True
    return False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _hidden(key: str) -> bool:
    # The settings name ssh keys of the account; their names open nothing.
    return key != "sshKeys" and named_like_access(key)


REASON: Final = (
    "run-only and access configuration stays out of the manifest, it is not mesh infrastructure "
    "(rule env_variants): keep it in the service's own environment"
)
WHY: Final = (
    "a manifest says what exists; passcodes, bind addresses and keys say who gets in, and a "
    "repository keeps them for ever (convention, env_variants)"
)

_QUOTES: Final = "\"'"
_ABOVE: Final = 1000  # lines; a manifest is a page
DOTS: Final = "•••"
_KEY: Final = re.compile(r"""\s*+(?:[-?]\s++)*+(["']?[\w.-]++["']?)\s*+:(?:\s|$)""")
# Every pattern is linear in what it reads, whatever that is: a run is entered at its first letter
# only and not given back (`++`), or its length is bounded.
_KEYS: Final = re.compile(r"""((?<![\w.-])["']?[\w.-]++["']?)\s*+:\s*+(?=\S)""")
_WORD_BREAK: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]")
_ACCESS_NAME: Final = re.compile(
    r"(?:^|_)(?:pass(?:code|word|phrase|wd)?|pw|pwd|pin|secrets?|tokens?|credentials?|auth|"
    r"api_?keys?|access_?keys?|private_?keys?|public_?keys?|ssh_?keys?|authorized_?keys?|"
    r"bind(?:_?addr(?:ess)?|_?host)?|listen(?:_?addr(?:ess)?)?|allow(?:ed)?_?(?:ips?|hosts?)|"
    r"htpasswd|jwt|certs?|certificates?|webhooks?(?:_urls?)?|dsn)(?:$|_)"
    # Words that are run together: PGPASSWORD, DBPASS, clientsecret.
    r"|(?:db|pg|my|sql|mysql|redis|mongo|smtp|mail|user|root|admin)pass(?:$|_)"
    r"|(?:password|passwd|passcode|passphrase|apikey|webhook)s?(?:$|_)"
    r"|(?:client|shared|app|user|bot|session|signing)(?:secret|token)s?(?:$|_)"
)
_SHORTEST: Final = len("AVNS_12345678")  # of the shapes below without one of these
_TELLING: Final = frozenset("@$=")
_SECRET_SHAPE: Final = re.compile(
    r"-----BEGIN [A-Z ]+-----"  # PEM
    r"|\b(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-\S{1,40}) AAAA"  # a public key
    r"|\b[a-z][a-z0-9+.-]{0,30}://[^/\s:@]{1,200}:[^/\s@]{1,500}@"  # a URL with a password
    r"|\b(?:dop|doo|dor)_v1_[0-9a-f]{16,}"  # DigitalOcean's tokens
    r"|\bAVNS_\w{8,}"  # DigitalOcean's database passwords
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bxox[abposr]-[\w-]{10,}|\bsk-[\w-]{20,}"
    r"|\bAGE-SECRET-KEY-1\w+|\bnpm_\w{30,}|\bpypi-AgE[\w-]{16,}|\b[rs]k_(?:live|test)_\w{16,}"
    r"|\$2[aby]\$\d\d\$|\$apr1\$"  # a password's hash
    r"|(?<![\w+/])[A-Za-z0-9+/]{42}[AEIMQUYcgkosw480]=(?![\w+/=])"  # a WireGuard key
    r"|\bhooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]{8,}"  # who has it may post
    r"|\bdiscord(?:app)?\.com/api/webhooks/[\w/-]{8,}|\b[\w-]{1,60}\.webhook\.office\.com/\S{8,}"
    r"|[?&](?:access_token|token|api_?key|key|sig|signature|secret|password)=[^\s&\"']{6,}"
    r"|\b[A-Z_]{0,40}(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|DBPASS)=[^\s\"']{4,}"
    r"|\beyJ[\w-]{8,900}\.eyJ[\w-]{8,9000}\."  # a JSON web token
)
_BIND_SHAPE: Final = re.compile(r"(?<![\d.])0\.0\.0\.0(?![\d.])|\[::\]")
# The inner lines of a PEM block, or anything else no person has typed.
_LONG_RANDOM: Final = re.compile(
    r"(?<![A-Za-z\d+/])(?=[A-Za-z+/]*\d)(?=[a-z\d+/]*[A-Z])(?=[A-Z\d+/]*[a-z])[A-Za-z\d+/]{40,}={0,2}"
)
