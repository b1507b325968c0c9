// A layer's page: its filters searched and sorted in place, and the panel of one in a dialog.
"use strict";

(() => {
  const finder = document.querySelector(".find");
  const grid = document.querySelector(".tiles");
  const dialog = document.getElementById("panel");
  const name = grid.dataset.layer;
  const tiles = [...grid.children];
  const number = (tile) => Number(tile.id.slice("filter-".length));
  let layers = null;
  let panel = null;

  // Searching and sorting.
  async function update(values) {
    if (![...values.keys()].length && !finder.dataset.used) {
      FilterAtlas.find.count(finder, tiles.length, tiles.length);
      return;
    }
    finder.dataset.used = "yes";
    layers ??= [await FilterAtlas.load(name)];
    const found = FilterAtlas.find.search(layers, values).map(([, place]) => tiles[place]);
    const kept = new Set(found);
    for (const tile of tiles) if (tile.hidden === kept.has(tile)) tile.hidden = !kept.has(tile);
    // Moving tiles takes long, and most searches leave them in their order.
    if (grid.keys.shown().some((tile, place) => tile !== found[place])) grid.append(...found);
    grid.keys.refresh();
    FilterAtlas.find.count(finder, found.length, tiles.length);
  }

  // The dialog. The address says which filter is open, so Back closes it and a link opens it.
  async function show() {
    const { filter } = FilterAtlas.view();
    const place = tiles.findIndex((tile) => number(tile) === filter);
    if (place < 0) {
      if (dialog.open) dialog.close();
      return;
    }
    const layer = await FilterAtlas.load(name);
    // Meanwhile one may have gone back, or on.
    if (FilterAtlas.view().filter !== filter) return;
    if (!panel) {
      const template = dialog.querySelector("template");
      template.replaceWith(template.content);
      panel = dialog.querySelector(".panel");
    }
    FilterAtlas.panel.fill(panel, layer, place);
    dialog.setAttribute("aria-label", panel.querySelector("[data-text=name]").textContent);
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  }

  function go(filter, { replace }) {
    const url = FilterAtlas.address({ ...FilterAtlas.view(), filter });
    if (replace) history.replaceState(history.state, "", url);
    else history.pushState({ opened: true }, "", url);
    show();
  }

  function close() {
    // Opened from here, it goes as it came; opened by a link, there is nothing to go back to.
    if (history.state?.opened) history.back();
    else go(null, { replace: true });
  }

  function step(by) {
    const row = grid.keys.shown();
    const { filter } = FilterAtlas.view();
    const next = row[row.findIndex((tile) => number(tile) === filter) + by];
    if (next) go(number(next), { replace: true });
  }

  grid.addEventListener("click", (event) => {
    const tile = event.target.closest(".tiles > a");
    if (!tile || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(number(tile), { replace: false });
  });

  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    close();
  });
  dialog.addEventListener("click", (event) => {
    const link = event.target.closest(".links a");
    const by = event.target.closest("[data-step]");
    if (event.target === dialog) close();
    else if (by) step(Number(by.dataset.step));
    else if (link) visit(event, link);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.target.closest("input, pre, .frame")) return;
    if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
  });
  dialog.addEventListener("close", () => {
    const last = tiles.find((tile) => `${name}/${number(tile)}` === panel.dataset.filter);
    if (last) grid.keys.focus(last);
  });

  // A neighbour of the same layer, by its page or its place on this one, is shown in the open dialog.
  function visit(event, link) {
    const place = link.pathname === location.pathname ? link.hash.slice(1) : "";
    const neighbour = tiles.find((tile) => tile.href === link.href || tile.id === place);
    if (!neighbour) return;
    event.preventDefault();
    go(number(neighbour), { replace: true });
  }

  FilterAtlas.key("c", (event) => {
    const open = FilterAtlas.view().filter;
    const focused = event.target.closest(".tiles > a");
    if (dialog.open) FilterAtlas.compare(`${name}/${open}`);
    else if (focused) FilterAtlas.compare(`${name}/${number(focused)}`);
  });

  addEventListener("popstate", show);
  FilterAtlas.find.form(finder, update);
  show();
})();
