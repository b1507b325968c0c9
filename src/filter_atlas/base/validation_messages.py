"""Messages about wrong settings, in one line: the key, its value, and what is allowed."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from filter_atlas.base.formatting import short, suggestion

RENAMED = {
    "feed": "preprocessing",
    "deviation": "std",
    "rate": "step_size",
    "wrap": "circular_padding",
    "also": "extra_terms",
    "place": "reduction",
    "turn": "rotation_step",
}
"""The new name of each setting that had another name before, by its old name."""

RENAMED_VALUES = {"reduction": {"everywhere": "spatial_mean"}}
"""The new names of values, by the setting and the old name."""

NAME_RULE = "allowed are letters, digits, and, not first, _ . -, up to 80 in all"
"""What names may be that become file names."""

Schema = dict[str, Any]
Location = tuple[int | str, ...]


def first_mistake(error: ValidationError, model: type[BaseModel]) -> str:
    """The mistake to correct first, as one line.

    Args:
        error: the error of the validation.
        model: the model of these settings.
    """
    unknown = ("extra_forbidden", "invalid_key")
    # A misspelt key often leaves a required one missing. The misspelling is the mistake.
    problem = min(
        error.errors(include_url=False), key=lambda problem: problem["type"] not in unknown
    )
    location, value = problem["loc"], problem["input"]
    if problem["type"] in unknown:
        return unknown_key(location, value, model)
    schema = _schema_at(model, location)
    shown = f" = {short(value)}"
    if problem["type"] == "missing":
        shown, reason = "", f"missing: {_allowed(schema)}"
    elif problem["type"] == "value_error":
        reason = problem["msg"].removeprefix("Value error, ")
        if "properties" in schema:
            # The reason names the settings of a section that do not fit together.
            shown = ""
    elif problem["type"] == "string_pattern_mismatch":
        reason = f"it becomes a file name: {NAME_RULE}"
    elif location[-1:] == ("[key]",):
        reason = "names are text: put it in quotes"
    elif problem["type"] == "literal_error" and (new_value := _new_value(location[-1], value)):
        reason = f"this value has a new name: write {new_value}"
    else:
        reason = _allowed(schema)
    if callable(value):
        reason = f"functions are for notebooks only: {reason}"
    return f"{_key(location)}{shown}: {reason}"


def unknown_key(location: Location, value: object, model: type[BaseModel]) -> str:
    """A setting that does not exist, as one line with its new name or the names that exist.

    Args:
        location: path of the setting.
        value: the value of the setting.
        model: the model of all settings.
    """
    section = _schema_at(model, location[:-1])
    kinds = [section, *section.get("anyOf", [])]
    known = [key for kind in kinds for key in kind.get("properties", {})]
    name = str(location[-1])
    new_name = RENAMED.get(name)
    if new_name in known:
        new_value = _new_value(new_name, value)
        reason = f"this setting has a new name: write {new_name}"
        reason += f": {new_value}" if new_value else ""
    else:
        reason = f"unknown key: {suggestion(name, known)}allowed are {', '.join(known)}"
    return f"{_key(location)} = {short(value)}: {reason}"


def _new_value(setting: object, value: object) -> str | None:
    """The new name of a setting's value, if the value has one."""
    return RENAMED_VALUES.get(str(setting), {}).get(str(value))


def _key(location: Location) -> str:
    # Pydantic adds parts in brackets, to distinguish keys from values, and kinds of values.
    return ".".join(str(part) for part in location if "[" not in str(part)) or "settings"


def _schema_at(model: type[BaseModel], location: Location) -> Schema:
    """The JSON schema of the setting at a location.

    The location of a setting of several kinds may end with the name of a kind, which is ignored.
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
    """The schemas below a schema, or below any of its kinds, at one part of a location."""
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
