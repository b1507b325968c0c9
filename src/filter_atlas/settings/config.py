"""`config.yaml` as one typed model: every setting, its default, and its allowed values.

Defaults are defined here and nowhere else. `snakemake --config key=value` goes through the same
model. Reading settings has no side effects.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)

from filter_atlas.base.architecture import CONTEXT, VGG16, Architecture, architecture_in_context
from filter_atlas.base.errors import ConfigError
from filter_atlas.base.formatting import short, suggestion
from filter_atlas.base.paths import portable
from filter_atlas.base.precision import PrecisionSetting
from filter_atlas.base.rotations import MINIMUM_ROTATED_SIZE
from filter_atlas.base.validation_messages import NAME_RULE, first_mistake, unknown_key
from filter_atlas.settings.circuits import CircuitsSetting
from filter_atlas.settings.classes import DEFAULT_RECIPE, Classes
from filter_atlas.settings.devices import DevicesSetting
from filter_atlas.settings.dreams import DEFAULT_DREAMS, DEPTHS, Dream
from filter_atlas.settings.filters import FiltersSetting, LayersSetting
from filter_atlas.settings.grid import GridSettings
from filter_atlas.settings.network import NetworkSettings
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS
from filter_atlas.settings.photos import PhotoSettings, PhotosSetting
from filter_atlas.settings.recipe import PRESETS, VARIANTS, Recipe
from filter_atlas.settings.section import NAME, file_names
from filter_atlas.settings.site import SiteSettings
from filter_atlas.settings.truth import TruthSetting, TruthSettings
from filter_atlas.settings.twins import TwinSettings
from filter_atlas.settings.views import ViewSettings, ViewsSetting
from filter_atlas.settings.worker import WorkerSettings

_DREAMS = TypeAdapter(dict[str, Dream])

AUTO = "auto"
"""The recipe that suits the network."""


def _resolved_recipe(name: str, info: ValidationInfo) -> str:
    """The recipe's name; `auto` depends on whether the network's gradients are noise."""
    if name != AUTO:
        return name
    is_vgg = architecture_in_context(info) == VGG16 or info.data.get("network") == "vgg19"
    return "atlas" if is_vgg else "modern"


def _variants(value: object) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(
        isinstance(name, str) and re.fullmatch(NAME, name) for name in names
    ):
        raise ValueError(
            'allowed is a list of "negative", "diverse" and names of recipes; they become '
            f"folder names: {NAME_RULE}"
        )
    # `positive` is the filter's own picture, which is always drawn.
    return tuple(file_names(name for name in names if name != "positive"))


def _by_file_name(dreams: dict[str, Dream]) -> dict[str, Dream]:
    return dict(zip(file_names(dreams), dreams.values(), strict=True))


class Config(NetworkSettings, extra="forbid"):
    """Every setting of Filter Atlas."""

    layers: LayersSetting = Field(
        default="all",  # resolved by the validator
        validate_default=True,
        description='Which layers are drawn: "all", or names and patterns such as "block5_*".',
    )
    filters: FiltersSetting = Field(
        default="all",  # resolved by the validator
        validate_default=True,
        description='Which filters are drawn: "all", a count per layer (the first ones), or a '
        "mapping from layers to counts, indices and inclusive ranges.",
    )
    recipe: Annotated[str, AfterValidator(_resolved_recipe)] = Field(
        default=AUTO,
        validate_default=True,
        description="Name of the recipe: a preset, one of `recipes`, or `auto`, which is `atlas` "
        "for VGG16 and VGG19, and `modern` for all other networks.",
    )
    recipes: dict[str, Recipe] = Field(
        default_factory=dict, description="Your own recipes, by name."
    )
    variants: Annotated[
        tuple[str, ...], PlainValidator(_variants, json_schema_input_type=list[str])
    ] = Field(
        default=(),
        description="Further pictures of every filter: `negative` (what suppresses it), `diverse` "
        "(several different ones), or the name of a recipe.",
    )
    precision: PrecisionSetting = Field(
        default="float32",
        description="Number format in which pictures are optimised: `float32`, `bfloat16` (faster "
        "for VGG16 if the device has instructions for it), or `auto` (bfloat16 if it is faster). "
        "Measures are computed in float32.",
    )
    seed: Annotated[int, Field(strict=True, ge=0, le=2**32 - 1)] = Field(
        default=0, description="Seed of the noise from which every filter starts."
    )
    devices: DevicesSetting = Field(
        default=("auto",),
        description='Where filters are drawn: "auto" (every GPU, or the processor if there is '
        'none), or a list such as ["gpu:0", "gpu:1"]; a device that is listed twice gets two '
        "shares.",
    )
    grid: GridSettings = Field(default_factory=GridSettings, description="How grids are stitched.")
    twins: TwinSettings = Field(
        default_factory=TwinSettings, description="How twins are found among a layer's filters."
    )
    photos: PhotosSetting = Field(
        default_factory=PhotoSettings,
        description="The photographs that are observed: `sample`, a folder, a list of both, a "
        "mapping with further settings, or `none`; the target `evidence` makes only their results.",
    )
    truth: TruthSetting = Field(
        default_factory=TruthSettings,
        description="Who judges how much pictures tell about photographs; the target `truth` makes "
        "only these results.",
    )
    circuits: CircuitsSetting = Field(
        default=True,
        description="How filters are built from each other: `all`, or `none`; the target "
        "`circuits` makes only these results.",
    )
    views: ViewsSetting = Field(
        default_factory=ViewSettings,
        description="The photographs that are shown as the network sees them: a path, the name of "
        "a photograph of the sample, a list of both, a mapping with further settings, or `none`; "
        "the target `views` makes only these results.",
    )
    dreams: Annotated[
        dict[Annotated[str, Field(pattern=NAME)], Dream],
        # On the command line, a mapping is merged into that of the file, and a word replaces it.
        BeforeValidator(lambda value: {} if value == "none" else value),
        AfterValidator(_by_file_name),
    ] = Field(
        default_factory=lambda: dict(DEFAULT_DREAMS),
        description="Dreams of photographs, by name, or `none`; the target `dreams` makes only "
        "them.",
    )
    classes: Annotated[
        Classes | None, BeforeValidator(lambda value: None if value == "none" else value)
    ] = Field(
        default_factory=Classes,
        description="Pictures that a classifier assigns to its classes, or `none`; the target "
        "`classes` makes only them.",
    )
    site: SiteSettings = Field(default_factory=SiteSettings, description="How the pages are built.")
    worker: WorkerSettings = Field(
        default_factory=WorkerSettings, description="How the warm workers behave."
    )

    def chosen_recipe(self) -> Recipe:
        """The recipe that `recipe` names."""
        return self.known_recipes[self.recipe]

    def class_recipe(self) -> Recipe:
        """The recipe of class pictures, without the options that only filters have."""
        named = self.classes.recipe if self.classes else None
        return self.known_recipes[named or DEFAULT_RECIPE].for_classes()

    @property
    def known_recipes(self) -> dict[str, Recipe]:
        """The presets and the user's own recipes, by name."""
        return {**PRESETS, **self.recipes}

    def recipe_of(self, variant: str) -> Recipe:
        """The recipe of a variant: a changed copy of the chosen recipe, or another recipe."""
        for name, recipe in self.known_recipes.items():
            if portable(name) == variant:
                return recipe
        return self.chosen_recipe().model_copy(update=VARIANTS[variant])


def read_network_settings(settings: Mapping[str, Any]) -> NetworkSettings:
    """Check the settings that define the network, and the names of all settings.

    Args:
        settings: raw values by key, as for `read_settings`.

    Raises:
        ConfigError: one line that names the key, its value, and what is allowed.
    """
    for key, value in settings.items():
        if key not in Config.model_fields:
            raise ConfigError(f"config: {unknown_key((key,), value, Config)}")
    try:
        return NetworkSettings.model_validate(_with_numbers_inside(settings))
    except ValidationError as error:
        raise ConfigError(f"config: {first_mistake(error, Config)}") from None


def read_settings(settings: Mapping[str, Any], architecture: Architecture = VGG16) -> Config:
    """Check settings as Snakemake merged them from `config.yaml` and `--config`.

    Args:
        settings: raw values by key.
        architecture: the layers of the network that is drawn.

    Raises:
        ConfigError: one line that names the key, its value, and what is allowed.
    """
    given = _with_numbers_inside(settings)
    if architecture != VGG16:
        given |= _defaults_for(architecture, given)
    try:
        config = Config.model_validate(given, context={CONTEXT: architecture})
    except ValidationError as error:
        raise ConfigError(f"config: {first_mistake(error, Config)}") from None
    _check_together(config)
    return config


def _check_together(config: Config) -> None:
    """Reject settings that contradict each other, or that name an unknown recipe."""
    if config.grid.overview > config.grid.best**2:
        raise ConfigError(
            f"config: grid.overview = {config.grid.overview}: allowed are numbers up to the square "
            f"of grid.best, {config.grid.best**2}: the overview is cut from these grids"
        )
    taken = (PRESETS.keys() | VARIANTS.keys() | {"positive", AUTO}) & config.recipes.keys()
    if taken:
        owner = "a preset" if min(taken) in {*PRESETS, AUTO} else "a variant"
        raise ConfigError(
            f"config: recipes.{min(taken)}: this is the name of {owner}: choose another one"
        )
    recipes = list(config.known_recipes)
    references = [("recipe", config.recipe, recipes)]
    if config.classes and config.classes.recipe:
        references.append(("classes.recipe", config.classes.recipe, recipes))
    named = [*VARIANTS, *map(portable, recipes)]
    references += [("variants", variant, named) for variant in config.variants]
    for key, name, known in references:
        if name not in known:
            raise ConfigError(
                f"config: {key} = {short(name)}: unknown: {suggestion(name, known)}allowed are "
                f"{', '.join(known)}"
            )
    if config.twins.rotation_step != 90 and config.chosen_recipe().size < MINIMUM_ROTATED_SIZE:
        raise ConfigError(
            f"config: twins.rotation_step = {config.twins.rotation_step}: pictures below "
            f"{MINIMUM_ROTATED_SIZE} pixels are too small for these rotations: allowed is 90"
        )


def _defaults_for(architecture: Architecture, given: dict[str, Any]) -> dict[str, Any]:
    """The settings that replace VGG16's defaults for another network.

    Dreams excite layers at the same relative depths. The class pictures are those of the drawn
    network if it is a packaged classifier. Other networks have none, because the pictures of an
    unrelated classifier say nothing about them.
    """
    dreams = given.get("dreams")
    classes = given.get("classes")
    changed: dict[str, Any] = {}
    with suppress(ValidationError):
        if dreams is None or _DREAMS.validate_python(dreams) == DEFAULT_DREAMS:
            changed["dreams"] = {
                name: {
                    **dream.model_dump(mode="json", exclude={"layers"}),
                    "layers": [{"layer": architecture.at_depth(DEPTHS[name]).name}],
                }
                for name, dream in DEFAULT_DREAMS.items()
            }
    with suppress(ValidationError):
        if classes is None or Classes.model_validate(classes) == Classes():
            drawn = given.get("network")
            changed["classes"] = {"network": drawn} if drawn in PACKAGED_NETWORKS else "none"
    return changed


def json_schema() -> dict[str, Any]:
    """The JSON schema of `config.yaml`, with which editors complete and check the file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}


def _with_numbers_inside(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Convert texts inside lists and mappings to numbers, as YAML does.

    Snakemake reads the number in `--config filters='{conv5_1: 4}'` as text.
    """
    return {key: _with_numbers(value) for key, value in settings.items()}


def _with_numbers(value: Any) -> Any:
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
