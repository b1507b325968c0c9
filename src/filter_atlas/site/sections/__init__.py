"""All sections of the site, in the order of the navigation. Add a new section here."""

from filter_atlas.site.section import Section
from filter_atlas.site.sections.circuits import CIRCUITS
from filter_atlas.site.sections.classes import CLASSES
from filter_atlas.site.sections.dreams import DREAMS
from filter_atlas.site.sections.evidence import EVIDENCE
from filter_atlas.site.sections.truth import TRUTH
from filter_atlas.site.sections.twins import TWINS
from filter_atlas.site.sections.views import VIEWS

SECTIONS: tuple[Section, ...] = (EVIDENCE, TRUTH, CIRCUITS, TWINS, VIEWS, DREAMS, CLASSES)
