"""`rehearse VERB --limits`: the simulated API keeps DigitalOcean's rate limits."""

from __future__ import annotations

from typing import Any

import pytest

from infra_apply.cli.main import main, parser_for
from infra_apply.rehearsal import session


@pytest.mark.parametrize("verb", ["preview", "up", "refresh", "destroy", "serve", "exec"])
def test_every_verb_takes_the_flag_which_is_off_without_it(verb: str) -> None:
    words = ["rehearse", verb, *(["true"] if verb == "exec" else [])]
    assert parser_for(words).parse_args(words).limits is False
    words.insert(2, "--limits")
    assert parser_for(words).parse_args(words).limits is True


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize(("flags", "limits"), [([], False), (["--limits"], True)])
def test_the_flag_reaches_the_simulated_api(
    monkeypatch: pytest.MonkeyPatch, flags: list[str], limits: bool
) -> None:
    passed = []

    def serve_api(options: session.Options, _plan: Any) -> None:
        passed.append(options.limits)
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "serve_api", serve_api)
    assert main(["rehearse", "serve", *flags]) == 130
    assert passed == [limits]
