"""The codes of rule `yaml` that reading a file reports."""

from __future__ import annotations

from typing import Final

from infra_apply.diagnostics.code import Code

NOT_YAML: Final = Code(
    "IA001",
    "not YAML",
    "nothing of the file can be used until it parses",
    "mend the syntax at the place named; indent with spaces",
)
TOO_LARGE: Final = Code(
    "IA002",
    "file too large",
    "a manifest is a page of text; a huge file is a mistake or an attack",
    "move everything that is not infrastructure out of the manifest",
)
NOT_UTF8: Final = Code(
    "IA003",
    "not UTF-8 text",
    "another encoding or an invisible character is read differently by every tool",
    "save the file as UTF-8 and remove control characters",
)
NOT_A_MAPPING: Final = Code(
    "IA004",
    "not a mapping",
    "a manifest is a mapping of keys; an empty file or a list declares nothing",
    "begin with `apiVersion: infra/v1`",
)
SECOND_DOCUMENT: Final = Code(
    "IA005",
    "second document",
    "a file with a second `---` holds two manifests, and only one of them would be used",
    "keep one document; another environment has a file of its own",
)
EXPANDED_TOO_FAR: Final = Code(
    "IA006",
    "nested or expanded too far",
    "aliases that multiply, or brackets without end, exhaust a reader's memory",
    "write the values out",
)
TAGGED: Final = Code(
    "IA007",
    "tag",
    "tags such as `!!python/...` ask a reader to build objects, and a manifest is plain values",
    "remove the tag; put text in quotes",
)
NOT_THE_TYPE_IT_LOOKS: Final = Code(
    "IA008",
    "value that is not what it looks like",
    "YAML takes it for a date or a number by its look, and cannot make one of it",
    "put the value in quotes if it is text, else correct it",
)
KEY_IS_NO_TEXT: Final = Code(
    "IA009",
    "key that is no text",
    "a list or mapping as a key, or a merge of something else, has no meaning in a manifest",
    "write `name: value`",
)
GIVEN_TWICE: Final = Code(
    "IA010",
    "key or anchor given twice",
    "most readers keep the last one without a word, some refuse; which was meant is unknown",
    "keep one of the two",
)
CODES: Final = (
    NOT_YAML,
    TOO_LARGE,
    NOT_UTF8,
    NOT_A_MAPPING,
    SECOND_DOCUMENT,
    EXPANDED_TOO_FAR,
    TAGGED,
    NOT_THE_TYPE_IT_LOOKS,
    KEY_IS_NO_TEXT,
    GIVEN_TWICE,
)
