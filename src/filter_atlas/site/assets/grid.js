// Grids by keyboard, such as thumbnails: Tab stops once at a grid, and the arrows move through its
// visible rows.
"use strict";

FilterAtlas.grid = (grid) => {
  const shown = () => [...grid.children].filter((thumbnail) => !thumbnail.hidden);
  const inside = (target) => [...grid.children].find((thumbnail) => thumbnail.contains(target));
  const columns = () => getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const known = new WeakSet();
  let stop = null;

  function hold(thumbnail) {
    stop?.setAttribute("tabindex", "-1");
    stop = thumbnail;
    stop?.setAttribute("tabindex", "0");
  }

  function focus(thumbnail) {
    hold(thumbnail);
    thumbnail.focus();
  }

  // To be called after thumbnails were added, hidden, or moved. A caller that knows the visible ones, in
  // their order, spares asking every thumbnail.
  function refresh(visible = shown()) {
    for (const thumbnail of visible) {
      if (known.has(thumbnail)) continue;
      known.add(thumbnail);
      thumbnail.tabIndex = -1;
    }
    hold(visible.includes(stop) ? stop : visible[0] ?? null);
  }

  function destination(event, thumbnail, place, wide, count) {
    const row = place - (place % wide);
    const rows = Math.max(1, Math.floor(innerHeight / thumbnail.offsetHeight) - 1);
    switch (event.key) {
      case "ArrowLeft": return place - 1;
      case "ArrowRight": return place + 1;
      case "ArrowUp": return place - wide;
      case "ArrowDown": return place + wide < count ? place + wide : row + wide < count ? count - 1 : place;
      case "Home": return event.ctrlKey ? 0 : row;
      case "End": return event.ctrlKey ? count - 1 : Math.min(row + wide, count) - 1;
      case "PageUp": return place < wide ? place : Math.max(place - rows * wide, place % wide);
      case "PageDown": return Math.min(place + rows * wide, count - 1);
      default: return null;
    }
  }

  grid.addEventListener("keydown", (event) => {
    if (event.altKey || event.metaKey || event.shiftKey) return;
    const thumbnails = shown();
    const thumbnail = inside(event.target);
    const place = thumbnails.indexOf(thumbnail);
    if (place < 0) return;
    const to = destination(event, thumbnail, place, columns(), thumbnails.length);
    if (to === null) return;
    event.preventDefault();
    if (thumbnails[to]) focus(thumbnails[to]);
  });

  grid.addEventListener("focusin", (event) => {
    const thumbnail = inside(event.target);
    if (thumbnail) hold(thumbnail);
  });

  refresh();
  return { refresh, focus, shown };
};

for (const grid of document.querySelectorAll(".thumbnails")) grid.keys = FilterAtlas.grid(grid);
