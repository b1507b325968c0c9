"""What is wrong with settings, in one line: the key, its value, and what is allowed."""

import difflib
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

Schema = dict[str, Any]
Location = tuple[int | str, ...]


def first_mistake(error: ValidationError, model: type[BaseModel]) -> str:
    """The mistake to mend first, in words.

    Args:
        error: what validation of some settings raised.
        model: the model that they were validated by.
    """
    # A misspelt key also leaves the right one missing: the misspelling is what to mend.
    problem = min(
        error.errors(include_url=False),
        key=lambda problem: problem["type"] not in ("extra_forbidden", "invalid_key"),
    )
    location = problem["loc"]
    # Brackets mark a key, or which of several kinds a value was taken for.
    key = ".".join(str(part) for part in location if "[" not in str(part)) or "settings"
    value = f" = {short(problem['input'])}"
    match problem["type"]:
        case "extra_forbidden" | "invalid_key":
            schema = _schema_at(model, location[:-1])
            kinds = [schema, *schema.get("anyOf", [])]
            siblings = [key for kind in kinds for key in kind.get("properties", {})]
            close = difflib.get_close_matches(str(location[-1]), siblings, n=1)
            hint = f"did you mean '{close[0]}'? " if close else ""
            reason = f"unknown key: {hint}allowed are {', '.join(siblings)}"
        case "missing":
            value, reason = "", f"missing: {_allowed(_schema_at(model, location))}"
        case "value_error":
            reason = problem["msg"].removeprefix("Value error, ")
            if _keys_at(model, location):
                # Of settings that do not fit together the reason says which.
                value = ""
        case "string_pattern_mismatch":
            reason = "it becomes the name of a file: allowed are letters, digits, and _ . - in it"
        case _ if location[-1:] == ("[key]",):
            reason = "names are text: put it in quotes"
        case _:
            reason = _allowed(_schema_at(model, location))
    return f"{key}{value}: {reason}"


def short(value: object) -> str:
    """A value as it is written, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _keys_at(model: type[BaseModel], location: Location) -> list[str]:
    """The keys of the mapping at a location; none where it has no fixed keys."""
    return list(_schema_at(model, location).get("properties", {}))


def _schema_at(model: type[BaseModel], location: Location) -> Schema:
    """The JSON schema of the setting at a location.

    Where a setting is of several kinds, a location may go on with the name of a kind: there it
    ends.
    """
    schema = model.model_json_schema()

    def resolved(node: Schema) -> Schema:
        if "$ref" in node:
            return resolved(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]])
        kinds = [resolved(kind) for kind in node.get("anyOf", []) if kind != {"type": "null"}]
        if len(kinds) == 1:
            return kinds[0]
        return {**node, "anyOf": kinds} if kinds else node

    node = schema
    for part in location:
        below = next(_below(node, part), None)
        if below is None:
            break
        node = resolved(below)
    return node


def _below(node: Schema, part: int | str) -> Iterator[Schema]:
    """Where a part of a location leads, in a schema or in any of its kinds."""
    if part in node.get("properties", {}):
        yield node["properties"][part]
    elif "patternProperties" in node:
        yield from node["patternProperties"].values()
    elif isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]
    elif isinstance(part, int) and "items" in node:
        yield node["items"]
    for kind in node.get("anyOf", []):
        yield from _below(kind, part)


def _allowed(schema: Schema) -> str:
    """What a JSON schema allows, in words."""
    match schema:
        case {"const": choice}:
            return f"allowed is {choice}"
        case {"type": "boolean"}:
            return "allowed are true and false"
        case {"enum": choices}:
            return f"allowed are {', '.join(map(str, choices))}"
        case {"type": "integer" | "number" as kind}:
            numbers = "whole numbers" if kind == "integer" else "numbers"
            words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "up to"}
            limits = [f"{word} {schema[limit]}" for limit, word in words.items() if limit in schema]
            if "multipleOf" in schema:
                numbers = f"multiples of {schema['multipleOf']}"
            return " ".join(["allowed are", numbers, *limits])
        case {"properties": keys}:
            return f"allowed is a mapping of {', '.join(keys)}"
        case {"type": "object"}:
            return "allowed is a mapping"
        case {"anyOf": kinds}:
            return "; or ".join(dict.fromkeys(map(_allowed, kinds)))
        case {"type": "null"}:
            return "it can be left out"
        case {"type": "array", "prefixItems": items}:
            return f"allowed is a list of {len(items)}"
        case {"type": "array"}:
            return "allowed is a list of at least one"
        case {"minLength": _}:
            return "allowed is text that is not empty"
        case _:
            return "allowed is text"
