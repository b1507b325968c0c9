"""Truth: how much a filter's picture tells an independent observer about what fires the filter.

`observations` reads what the family `evidence` has observed. `questions` chooses the patches of
photographs that the observer is asked about, `patches` cuts them, and the `observer` turns them
into numbers. `score` is the test itself, on plain numbers; `layer` makes it for one layer, and
`job` from files. `record` is what is written. `family` plugs truth into the workflow.
"""
