"""Views: how the network sees a photograph, as a semantic dictionary.

A `viewer` sees a photograph: `activations` feeds it to the network once, and `cells` finds the
filters that fire most at each cell of a layer. They are compared with their `usual` strength,
which the family `evidence` has measured. `mosaic` draws the pictures of these filters at the
places of the cells.

`groups` finds filters that fire together, `directions` draws what fires each group, and `places`
shows where it is. `attribution` finds the filters that speak for the classes of a photograph.

`record` and `speakers` are what is written. `family` plugs views into the workflow.

Source: C. Olah et al., "The Building Blocks of Interpretability" (Distill, 2018).
"""
