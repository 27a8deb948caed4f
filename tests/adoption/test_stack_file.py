"""Proposals in a stack file: what was there stays to the byte, and what was proposed is added."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from infra_apply.adoption.model import HostProposal, MemberProposal, Proposals
from infra_apply.adoption.stack_file import as_yaml, with_proposals
from infra_apply.errors import Refusal
from infra_apply.inputs.yaml_reader import read

PROPOSALS = Proposals(
    hosts=(HostProposal("lime", 7, ""), HostProposal("oak", 8, "")),
    members=(MemberProposal("shared-pg", "shop", ""), MemberProposal("shared-pg", "wiki", "")),
)
NEW = """\
  infra-apply:hosts:
    lime:
      adopt: 7
    oak:
      adopt: 8
  infra-apply:databases:
    shared-pg:
      adopt: [shop, wiki]
"""


def written(text: str, proposals: Proposals = PROPOSALS) -> str:
    document, problems = read("Pulumi.prod.yaml", text.encode())
    assert document is not None, problems
    return with_proposals(document, proposals).decode()


def test_what_is_shown_can_be_pasted() -> None:
    assert as_yaml(PROPOSALS) == "config:\n" + NEW
    assert as_yaml(Proposals()) == ""


def test_new_settings_stand_at_the_end_of_the_config() -> None:
    before = "# head\nconfig:\n  a:b:   'c' # why\n\nencryptionsalt: v1:x=\n# tail"
    assert written(before) == before.replace("# why\n", f"# why\n{NEW}")


NASTY = """\
# A file that nobody's formatter would leave alone.
x-standard: &standard {size: "s-1vcpu-1gb",   # unused
                       region: nyc1}
config:
    infra-apply:fleet:   "acme"     # two blanks
    infra-apply:projects:
    -   'projects/*'
    -   projects/more-and-a-very-long-name-that-goes-far-beyond-eighty-columns-and-is-never-folded/*
    infra-apply:meshHosts: >-
        mesh-hosts.json
    infra-apply:hosts: &hosts
       # what runs the shop
       lime:
             size: s-2vcpu-2gb # grown


       thyme:   { <<: *standard,
                  backups: ~ }
       # retired last year:
       # oak: {}
    infra-apply:databases: {isolation: "off", shared-pg: {adopt: [ 'till' ], closeDefault: false},}
    other:number: 0x1F

encryptionsalt: v1:abc=
"""


def test_comments_quotes_anchors_long_lines_and_indentation_stay() -> None:
    after = written(NASTY)
    additions = {
        "             size: s-2vcpu-2gb # grown\n": "             adopt: 7\n",
        "                  backups: ~ }\n": "       oak:\n           adopt: 8\n",
    }
    expected = NASTY.replace("'till' ]", "'till', shop, wiki ]")
    for line, addition in additions.items():
        expected = expected.replace(line, line + addition)
    assert after == expected


WINDOWS = "        lime:\r\n            adopt: 7\r\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{config: {}}", "{config: {H: {lime: {adopt: 7}}}}"),
        ("config: {H: {}}", "config: {H: {lime: {adopt: 7}}}"),
        ("config: {H: {lime: {size: x,},}}", "config: {H: {lime: {size: x, adopt: 7,},}}"),
        ("config:\n  H:\n    lime: {}", "config:\n  H:\n    lime: {adopt: 7}"),
        (
            "config:\r\n    H:\r\n        oak:\r\n            size: x\r\n",
            f"config:\r\n    H:\r\n        oak:\r\n            size: x\r\n{WINDOWS}",
        ),
        ("config:\n  H:\n    oak: {}", "config:\n  H:\n    oak: {}\n    lime:\n      adopt: 7"),
        (
            "\ufeffconfig:\n H:\n  lime:\n   userData: |\n    text\n\n# end\n",
            "\ufeffconfig:\n H:\n  lime:\n   userData: |\n    text\n\n   adopt: 7\n# end\n",
        ),
        (
            "a: &a {x: 1}\nconfig:\n  H:\n    oak: *a # same\n",
            "a: &a {x: 1}\nconfig:\n  H:\n    oak: *a # same\n    lime:\n      adopt: 7\n",
        ),
    ],
)
def test_each_way_of_writing_a_mapping_has_a_place(before: str, after: str) -> None:
    only_lime = Proposals(hosts=(HostProposal("lime", 7, ""),))
    name = "infra-apply:hosts"
    assert written(before.replace("H", name), only_lime) == after.replace("H", name)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("adopt: [a]", "adopt: [a, shop]"),
        ("adopt: []", "adopt: [shop]"),
        ("adopt: [a, # one\n  b]", "adopt: [a, # one\n  b, shop]"),
        ("adopt:\n      - a # one", "adopt:\n      - a # one\n      - shop"),
        ("adopt:\n    -  a\n    other: 1", "adopt:\n    -  a\n    -  shop\n    other: 1"),
        ("closeDefault: true", "closeDefault: true\n    adopt: [shop]"),
    ],
)  # fmt: skip
def test_a_list_that_is_there_becomes_longer(before: str, after: str) -> None:
    head = "config:\n  infra-apply:databases:\n   pg:\n    "
    proposals = Proposals(members=(MemberProposal("pg", "shop", ""),))
    assert written(f"{head}{before}\n", proposals) == f"{head}{after}\n"


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  infra-apply:hosts:\n    lime: &l {size: x}\n    elm: *l\n",
        "x: &h {lime: {size: x}}\nconfig:\n  infra-apply:hosts:\n    <<: *h\n",
        "config:\n  infra-apply:hosts:\n    elm: &l {size: x}\n    lime: *l\n",
        "config:\n  ? infra-apply:hosts\n  : ? elm\n    : {}\n",
        "config:\n  infra-apply:hosts:\n",
    ],
)
def test_a_file_in_which_more_would_change_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="settings cannot be added to") as refused:
        written(text)
    assert refused.value.state == "nothing was written"


@pytest.mark.parametrize("name", ["on", "null", "7", "1e3", "a b", "é", "x: y", "- a", "true"])
def test_a_name_that_yaml_would_read_as_something_else_is_quoted(name: str) -> None:
    proposals = Proposals(members=(MemberProposal("pg", name, ""),))
    text = written("config:\n  a: {}\n", proposals)
    assert f'adopt: ["{name}"]' in text
    assert yaml.safe_load(text)["config"]["infra-apply:databases"] == {"pg": {"adopt": [name]}}


NAMES = st.sampled_from(["lime", "oak", "a.b", "no", "0o17", "a: b", "#c", "{", "it's", '"', "é"])
SCALARS = NAMES | st.integers() | st.booleans() | st.none()
SETTINGS = st.fixed_dictionaries(
    {"infra-apply:fleet": NAMES},
    optional={
        "infra-apply:hosts": st.dictionaries(
            NAMES, st.dictionaries(NAMES, SCALARS | st.lists(SCALARS), max_size=2), max_size=3
        ),
        "other:text": st.text(st.sampled_from("ab \n#:'\""), max_size=20),
        "infra-apply:databases": st.dictionaries(
            NAMES, st.fixed_dictionaries({"adopt": st.lists(NAMES, min_size=1)}), max_size=2
        ),
    },
)


@settings(deadline=None)
@given(
    config=SETTINGS,
    hosts=st.dictionaries(NAMES, st.integers(1, 9), max_size=3),
    members=st.sets(st.tuples(NAMES, NAMES), max_size=4),
    style=st.sampled_from([None, False, True]),
    layout=st.fixed_dictionaries({"indent": st.integers(2, 5), "width": st.sampled_from([20, 80])}),
)
def test_any_stack_file_keeps_its_lines_and_gets_what_was_proposed(
    config: dict[str, Any],
    hosts: dict[str, int],
    members: set[tuple[str, str]],
    style: bool | None,
    layout: dict[str, Any],
) -> None:
    before = yaml.safe_dump({"config": config, "end": 1}, default_flow_style=style, **layout)
    proposals = Proposals(
        hosts=tuple(HostProposal(name, number, "") for name, number in sorted(hosts.items())),
        members=tuple(MemberProposal(*member, "") for member in sorted(members)),
    )
    assume(not any("adopt" in keys for keys in config.get("infra-apply:hosts", {}).values()))
    after = written(before, proposals)
    letters = iter(after)
    assert all(letter in letters for letter in before), "the old text is there, in its order"
    values = yaml.safe_load(after)["config"]
    for name, number in hosts.items():
        assert values["infra-apply:hosts"][name]["adopt"] == number
    for cluster, name in members:
        assert name in values["infra-apply:databases"][cluster]["adopt"]
