"""The atlas as a web site: static pages of every drawn filter, readable from any folder or host.

One direction: `facts` (what the site is told) and `colour`, `curve`, `folder`, `image`, `svg`,
`tiles` (small tools) → `catalogue` (what is known of filters, layers, dreams, classes) →
`panel` (one filter, spelled) → `pages` (HTML) and `data` (for scripts, and to take away) →
`shelf` (takes it all from a run's results) → `builder` (the whole site).
"""
