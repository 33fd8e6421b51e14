"""The part of the Compose Specification that a small file uses, as a JSON schema of our own.

The official schema is larger; `make compose` holds the file against that one, for which it needs a
package index. What stands here is stricter where the specification leaves a choice: a port names
its interface, an image its registry, a secret its file.
"""

from __future__ import annotations

from typing import Any, Final

_NAME: Final = "^[a-zA-Z0-9._-]+$"
_TEXTS: Final[dict[str, Any]] = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
_DURATION: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": r"^([0-9]+h)?([0-9]+m)?([0-9]+s)?$",
    "minLength": 2,
}


def _table(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "patternProperties": {_NAME: entry},
        "additionalProperties": False,
        "minProperties": 1,
    }


def _of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


SERVICE: Final = {
    **_of(
        image={"type": "string", "pattern": r"^[a-z0-9./-]+:\S+$"},
        build={**_of(context={"type": "string"}, dockerfile={"type": "string"})},
        command=_TEXTS,
        depends_on=_TEXTS,
        environment={
            "type": "object",
            "patternProperties": {"^[A-Z][A-Z0-9_]*$": {"type": "string", "minLength": 1}},
            "additionalProperties": False,
        },
        healthcheck=_of(
            test={"type": "array", "prefixItems": [{"enum": ["CMD"]}], "minItems": 2},
            interval=_DURATION,
            timeout=_DURATION,
            start_period=_DURATION,
            retries={"type": "integer", "minimum": 1},
        ),
        init={"type": "boolean"},
        logging=_of(
            driver={"type": "string"},
            options={"type": "object", "additionalProperties": {"type": "string"}},
        ),
        ports={
            "type": "array",
            "items": {"type": "string", "pattern": r"^127\.0\.0\.1:[0-9]+:[0-9]+$"},
            "uniqueItems": True,
        },
        restart={"enum": ["no", "always", "on-failure", "unless-stopped"]},
        secrets=_TEXTS,
        stop_grace_period=_DURATION,
        volumes={
            "type": "array",
            "items": {"type": "string", "pattern": r"^(\.\.?/)?[a-z_-]+:/[a-z_/]+(:ro)?$"},
            "uniqueItems": True,
        },
    ),
    "anyOf": [{"required": ["image"]}, {"required": ["build"]}],
}

SCHEMA: Final = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_of(
        name={"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        services=_table(SERVICE),
        secrets=_table({**_of(file={"type": "string"}), "required": ["file"]}),
        volumes=_table({"type": "null"}),
    ),
    "required": ["name", "services"],
}
