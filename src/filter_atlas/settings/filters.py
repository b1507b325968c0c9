"""The settings `layers` and `filters`: which layers and filters are drawn."""

import re
from typing import Annotated, Any, Literal

from pydantic import PlainValidator, ValidationInfo

from filter_atlas.base.architecture import Architecture, Layer, architecture_in_context
from filter_atlas.base.formatting import short

Indices = tuple[int, ...]
FilterList = list[int | str]
FiltersInput = Literal["all"] | int | dict[str, Literal["all"] | int | str | FilterList]


def _count(count: int, layer: Layer) -> Indices:
    if not 1 <= count <= layer.filters:
        raise ValueError(
            f"{layer.name}: a count of {short(count)} is out of range: "
            f"allowed are 1 to {layer.filters}"
        )
    return tuple(range(count))


def _range(item: object, layer: Layer) -> range:
    """The filters of one item of a list: an index, or an inclusive range such as "8-15"."""
    match = re.fullmatch(r" *([0-9]{1,9}) *(?:- *([0-9]{1,9}) *)?", str(item))
    if not match:
        raise ValueError(
            f"{layer.name}: {short(item)} is not a filter: allowed are an index such as 7 "
            'or an inclusive range such as "8-15"'
        )
    first = int(match[1])
    last = int(match[2]) if match[2] else first
    if max(first, last) >= layer.filters:
        raise ValueError(
            f"{layer.name}: filter {item} is out of range: allowed are 0 to {layer.filters - 1}"
        )
    if first > last:
        raise ValueError(f"{layer.name}: the range {item} runs backwards: give {last}-{first}")
    return range(first, last + 1)


def _layer_filters(value: object, layer: Layer) -> Indices:
    match value:
        case "all":
            return tuple(range(layer.filters))
        case int() if not isinstance(value, bool):
            return _count(value, layer)
        case str():
            return tuple(_range(value, layer))
        case list() if value:
            return tuple(sorted({index for item in value for index in _range(item, layer)}))
        case _:
            raise ValueError(
                f'{layer.name}: {short(value)} is not allowed: allowed are "all", a count, '
                'a range such as "0-15", or a list of indices and ranges'
            )


def _layers(value: object, info: ValidationInfo) -> tuple[str, ...]:
    """Resolve the setting `layers` to names of layers, in network order."""
    network = architecture_in_context(info)
    patterns = [value] if isinstance(value, str) else value
    if patterns == ["all"]:
        return tuple(network.by_name)
    if not isinstance(patterns, list) or not patterns:
        raise ValueError('allowed are "all", or a list of names and patterns such as "block5_*"')
    chosen = {layer.name for pattern in patterns for layer in network.matching(str(pattern))}
    return tuple(name for name in network.by_name if name in chosen)


def _filters(value: object, info: ValidationInfo) -> dict[str, Indices]:
    """Resolve the setting `filters` to the indices of each layer that is drawn."""
    network = architecture_in_context(info)
    layers = [network.by_name[name] for name in info.data.get("layers", network.by_name)]
    match value:
        case "all":
            return {layer.name: tuple(range(layer.filters)) for layer in layers}
        case int() if not isinstance(value, bool) and 1 <= value <= network.largest:
            return {layer.name: tuple(range(min(value, layer.filters))) for layer in layers}
        case dict() if value:
            return _filters_by_layer(value, layers, network)
        case _:
            raise ValueError(
                f'allowed are "all", a count per layer from 1 to {network.largest}, or a mapping '
                f"such as {{{network.at_depth(0.8).name}: [0, 3, 8-15]}}"
            )


def _filters_by_layer(
    value: dict[Any, Any], layers: list[Layer], network: Architecture
) -> dict[str, Indices]:
    """Resolve a mapping from names and patterns of layers to filters."""
    chosen: dict[str, Indices] = {}
    for name, filters in value.items():
        for layer in network.matching(name):
            if layer not in layers:
                raise ValueError(f"{layer.name} is not among `layers`: name it there as well")
            if layer.name in chosen:
                raise ValueError(
                    f"{layer.paper_name} and {layer.name} are the same layer: give it once"
                )
            chosen[layer.name] = _layer_filters(filters, layer)
    return {layer.name: chosen[layer.name] for layer in layers if layer.name in chosen}


LayersSetting = Annotated[
    tuple[str, ...], PlainValidator(_layers, json_schema_input_type=str | list[str])
]
"""Names of layers, in network order."""

FiltersSetting = Annotated[
    dict[str, Indices], PlainValidator(_filters, json_schema_input_type=FiltersInput)
]
"""Indices of the filters that are drawn, by layer."""
