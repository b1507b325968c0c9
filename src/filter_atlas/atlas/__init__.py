"""The atlas as a web site: static pages of every drawn filter, readable from any folder or host.

One direction: `facts` (what the site is told) and `curve`, `image`, `folder` (small tools) →
`pages` (HTML) → `builder` (the whole site).
"""
