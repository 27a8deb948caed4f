"""The variables that the programs which find and build an engine get: what they need, no token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def tool_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of `environ` that `pulumi version`, `go` and `pip` need.

    They say where things are, how the network is reached and how go and pip are set up. Whatever
    is not listed is left out, and so is every credential; an address that go or pip is set up with
    may hold a login of its own.
    """
    return {
        name: value
        for name, value in environ.items()
        if name in _KEPT or name.lower() in _PROXIES or name.startswith(_KEPT_PREFIXES)
    }


_KEPT: Final = frozenset(
    {
        "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "PULUMI_HOME", "SHELL",
        "TEMP", "TERM", "TMP", "TMPDIR", "TZ", "USER",
        # Certificates, as go, pip and git find them.
        "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE",
        # `go help environment`. No prefix: GOOGLE_APPLICATION_CREDENTIALS would have it, too.
        "GOAUTH", "GOCACHE", "GOENV", "GOGC", "GOINSECURE", "GOMAXPROCS", "GOMEMLIMIT",
        "GOMODCACHE", "GONOPROXY", "GONOSUMDB", "GOPATH", "GOPRIVATE", "GOPROXY", "GOROOT",
        "GOSUMDB", "GOTMPDIR", "GOVCS",
    }
)  # fmt: skip
_KEPT_PREFIXES: Final = ("LC_", "PIP_", "XDG_")
_PROXIES: Final = frozenset({"all_proxy", "http_proxy", "https_proxy", "no_proxy"})
