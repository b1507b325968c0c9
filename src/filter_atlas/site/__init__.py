"""The atlas as a web site: static pages of every drawn filter, readable from any folder or host.

Data flows one way: small tools (`colour`, `curve`, `image`, `svg`, `output_folder`, `thumbnails`)
→ `entries` (filters and layers) → `results_loader` (loads them from a run's results) → `section`
(what a family of results shows) → `panel` (the texts about one filter) → `pages` (HTML) and `data`
(for scripts, and to download) → `sections` (one module for each family) → `builder` (the whole
site).
"""
