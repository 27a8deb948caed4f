"""Connections to an API as the engine's own programs make them: same proxies, same certificates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import PoolManager, ProxyManager, Timeout
from urllib3.util import make_headers

from infra_apply.inputs.api_endpoint import is_loopback


def connect(endpoint: str, *, headers: Mapping[str, str]) -> PoolManager:
    """Return a connection pool for an endpoint.

    HTTP_PROXY, HTTPS_PROXY and NO_PROXY are honoured, and never for this machine itself, as Go's
    net/http has it. Certificates are the system's, or those of SSL_CERT_FILE and SSL_CERT_DIR,
    which Python's ssl reads as Go's crypto/x509 does.
    """
    if proxy := _proxy_of(endpoint):
        parts = urlsplit(proxy)
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        return ProxyManager(
            proxy,
            headers=headers,
            timeout=_TIMEOUT,
            proxy_headers=make_headers(proxy_basic_auth=login if parts.username else None),
        )
    return PoolManager(headers=headers, timeout=_TIMEOUT)


def _proxy_of(endpoint: str) -> str | None:
    parts = urlsplit(endpoint)
    proxies = getproxies()
    if is_loopback(parts.hostname or "") or proxy_bypass(parts.netloc):
        return None
    proxy = proxies.get(parts.scheme)
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


_TIMEOUT: Final = Timeout(connect=5, read=30)  # seconds
