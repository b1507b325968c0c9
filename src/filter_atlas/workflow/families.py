"""All families of results, in the order of the atlas. Add a new family here."""

from filter_atlas.circuits.family import CIRCUITS
from filter_atlas.class_pictures.family import CLASSES
from filter_atlas.dream.family import DREAMS
from filter_atlas.evidence.family import EVIDENCE
from filter_atlas.settings.family import Family
from filter_atlas.truth.family import TRUTH
from filter_atlas.twins.family import TWINS
from filter_atlas.views.family import VIEWS

FAMILIES: tuple[Family, ...] = (EVIDENCE, TRUTH, CIRCUITS, TWINS, VIEWS, DREAMS, CLASSES)
