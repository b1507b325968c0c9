"""VGG16's weights: where they come from, how they are read, how they are kept.

`origins.obtain` tries the origins of `config.yaml` in order, `formats.read` understands every
kind of file they give, `canonical` is the one form that the rest of the pipeline meets.
Importing this package is cheap: `fingerprint` and `provenance` need nothing but the standard
library, for the Snakefile and the client of every job import them.
"""
