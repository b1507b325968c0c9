"""Circuits: how each filter is built from those below, and what is built from it.

`wiring` finds the strongest sources and targets by weight. `exemplars` computes what each lower
filter contributes on photographs, and `agreement` compares both lists. `expanded` gives the kernel
over several layers, linearised. `clusters` groups the filters of a layer by what feeds them, in
`families`.
`layer` does all of this for one layer, and `record` is what is written. `family` plugs circuits
into the workflow.
"""
