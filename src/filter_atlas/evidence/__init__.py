"""Evidence: the photographs that fire each filter, and where in them.

`photographs` finds them, and `square` reads what the network sees of each. `job` observes a chunk
of them with the `observer`; `observations` keeps the result by the digest of the photograph.
`ranking` merges the chunks: it orders the photographs of every filter. `record` is what is written.
`family` plugs evidence into the workflow.
"""
