// A layer's page: its filters searched and sorted in place, and the panel of one in a dialog.
"use strict";

(() => {
  const finder = document.querySelector(".find");
  const grid = document.querySelector(".thumbnails");
  const dialog = document.getElementById("panel");
  const name = grid.dataset.layer;
  const thumbnails = [...grid.children];
  const number = (thumbnail) => Number(thumbnail.id.slice("filter-".length));
  // What the grid shows, and the order of its thumbnails: asking the document takes longer than a search.
  let shown = new Set(thumbnails);
  let placed = thumbnails;
  let layers = null;
  let panel = null;

  // Searching and sorting.
  async function update(values) {
    if (![...values.keys()].length && !finder.dataset.used) {
      FilterAtlas.find.count(finder, thumbnails.length, thumbnails.length);
      return;
    }
    finder.dataset.used = "yes";
    layers ??= [await FilterAtlas.load(name)];
    const found = FilterAtlas.find.search(layers, values).map(([, place]) => thumbnails[place]);
    const kept = new Set(found);
    for (const thumbnail of shown) if (!kept.has(thumbnail)) thumbnail.hidden = true;
    for (const thumbnail of found) if (!shown.has(thumbnail)) thumbnail.hidden = false;
    shown = kept;
    // Moving thumbnails is slow, and most searches do not change their order.
    if (placed.filter((thumbnail) => kept.has(thumbnail)).some((thumbnail, place) => thumbnail !== found[place])) {
      grid.append(...found);
      placed = [...placed.filter((thumbnail) => !kept.has(thumbnail)), ...found];
    }
    grid.keys.refresh(found);
    FilterAtlas.find.count(finder, found.length, thumbnails.length);
  }

  // The dialog. The address contains the open filter, so Back closes the dialog and a link opens it.
  async function show() {
    const { filter } = FilterAtlas.view();
    if (!thumbnails.some((thumbnail) => number(thumbnail) === filter)) {
      if (dialog.open) dialog.close();
      return;
    }
    const found = await FilterAtlas.panel.load(name, filter);
    // The user may have left this filter while its data was loading.
    if (FilterAtlas.view().filter !== filter) return;
    if (!panel) {
      const template = dialog.querySelector("template");
      template.replaceWith(template.content);
      panel = dialog.querySelector(".panel");
    }
    FilterAtlas.panel.fill(panel, found);
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
    // A panel that was opened by a link has no page to go back to.
    if (history.state?.opened) history.back();
    else go(null, { replace: true });
  }

  function step(by) {
    const row = grid.keys.shown();
    const { filter } = FilterAtlas.view();
    const next = row[row.findIndex((thumbnail) => number(thumbnail) === filter) + by];
    if (next) go(number(next), { replace: true });
  }

  grid.addEventListener("click", (event) => {
    const thumbnail = event.target.closest(".thumbnails > a");
    if (!thumbnail || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(number(thumbnail), { replace: false });
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
    const last = thumbnails.find((thumbnail) => `${name}/${number(thumbnail)}` === panel.dataset.filter);
    if (last) grid.keys.focus(last);
  });

  // A linked filter of the same layer is shown in the open dialog. The link leads to the filter's page,
  // or to its place on this page.
  function visit(event, link) {
    const place = link.pathname === location.pathname ? link.hash.slice(1) : "";
    const neighbour = thumbnails.find((thumbnail) => thumbnail.href === link.href || thumbnail.id === place);
    if (!neighbour) return;
    event.preventDefault();
    go(number(neighbour), { replace: true });
  }

  // The other pages of the layer show the same search.
  document.querySelector(".layer-pages")?.addEventListener("click", ({ target }) => {
    if (target.href) target.hash = location.hash;
  });

  FilterAtlas.key("c", (event) => {
    const open = FilterAtlas.view().filter;
    const focused = event.target.closest(".thumbnails > a");
    if (dialog.open) FilterAtlas.compare(`${name}/${open}`);
    else if (focused) FilterAtlas.compare(`${name}/${number(focused)}`);
  });

  addEventListener("popstate", show);
  FilterAtlas.find.form(finder, update);
  show();
})();
