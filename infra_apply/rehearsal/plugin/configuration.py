"""The provider's configuration: the client that it asks for."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.pace import Pace


class ConfigurationError(ValueError):
    """The configuration cannot be used; the message is for the engine's user."""


class EndpointError(ConfigurationError):
    """The endpoint is not on this machine; the stand-in never calls a real account."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A number of the provider's schema: its name, its variable, and what it is without both."""

    name: str
    variable: str
    default: float


# Names, variables and defaults of terraform-provider-digitalocean, digitalocean/provider.go.
RETRIES: Final = Setting("httpRetryMax", "DIGITALOCEAN_HTTP_RETRY_MAX", 4)
WAIT_MIN: Final = Setting("httpRetryWaitMin", "DIGITALOCEAN_HTTP_RETRY_WAIT_MIN", 1)
WAIT_MAX: Final = Setting("httpRetryWaitMax", "DIGITALOCEAN_HTTP_RETRY_WAIT_MAX", 30)
PER_SECOND: Final = Setting("requestsPerSecond", "DIGITALOCEAN_REQUESTS_PER_SECOND", 0)


def client_from_config(config: Mapping[str, str], env: Mapping[str, str]) -> Client:
    """Make the client of a provider configuration and environment; the configuration wins.

    The configuration's keys are `apiEndpoint`, `token`, `httpRetryMax`, `httpRetryWaitMin`,
    `httpRetryWaitMax` (seconds) and `requestsPerSecond` (0: no limit), numbers as text. Waits are
    divided by the variable INFRA_APPLY_REHEARSAL_CLOCK; requests a second are real ones, as the
    real plugin's would be. Raises EndpointError unless the
    endpoint is on the loopback interface, and ConfigurationError for a number that is none.
    """
    url = config.get("apiEndpoint") or env.get("DIGITALOCEAN_API_URL") or ""
    _check_loopback(url)
    clock_scale = float(env.get("INFRA_APPLY_REHEARSAL_CLOCK") or 1)
    per_second = _number(PER_SECOND, config, env)
    return Client(
        url=url.rstrip("/"),
        token=config.get("token") or env.get("DIGITALOCEAN_TOKEN") or "",
        retries=int(_number(RETRIES, config, env)),
        wait_min=_number(WAIT_MIN, config, env),
        wait_max=_number(WAIT_MAX, config, env),
        clock_scale=clock_scale,
        pace=Pace(1 / per_second) if per_second else None,
    )


def _number(setting: Setting, config: Mapping[str, str], env: Mapping[str, str]) -> float:
    text = config.get(setting.name) or env.get(setting.variable) or str(setting.default)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise ConfigurationError(f"{setting.name} must be a number from 0, not {text!r}")
    return number


def _check_loopback(url: str) -> None:
    """Raise EndpointError unless `url` names 127.0.0.0/8, ::1 or localhost."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local or parts.scheme not in {"http", "https"}:
        raise EndpointError(
            "this is the rehearsal's stand-in for the DigitalOcean provider, and it speaks only to"
            f" a simulated API on this machine; the endpoint is {url or 'not set'!r}."
            " Set DIGITALOCEAN_API_URL to a loopback address, or use the real provider."
        )
