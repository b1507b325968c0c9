"""Networks other than VGG16: any Keras model, brought into a form in which its filters are drawn.

Without TensorFlow: `architecture` (which layers there are), `source` (where a network comes from),
`applications` (those that Keras has by name), `describe` (the architecture, at the time of the
plan). With it: `build`, `graph`, `stored`, `network`.
"""
