// Tiles by keyboard: a grid is one stop for Tab, and the arrows follow what the eye sees.
"use strict";

FilterAtlas.grid = (grid) => {
  const shown = () => [...grid.children].filter((tile) => !tile.hidden);
  const columns = () => getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  let stop = null;

  function hold(tile) {
    stop?.setAttribute("tabindex", "-1");
    stop = tile;
    stop?.setAttribute("tabindex", "0");
  }

  function focus(tile) {
    hold(tile);
    tile.focus();
  }

  // After tiles have come, gone, or changed places.
  function refresh() {
    for (const tile of grid.children) if (tile.tabIndex !== -1 && tile !== stop) tile.tabIndex = -1;
    const tiles = shown();
    hold(tiles.includes(stop) ? stop : tiles[0] ?? null);
  }

  function destination(event, tile, place, wide, count) {
    const row = place - (place % wide);
    const rows = Math.max(1, Math.floor(innerHeight / tile.offsetHeight) - 1);
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
    const tiles = shown();
    const tile = event.target.closest(".tiles > a");
    const place = tiles.indexOf(tile);
    if (place < 0) return;
    const to = destination(event, tile, place, columns(), tiles.length);
    if (to === null) return;
    event.preventDefault();
    if (tiles[to]) focus(tiles[to]);
  });

  grid.addEventListener("focusin", (event) => {
    const tile = event.target.closest(".tiles > a");
    if (tile) hold(tile);
  });

  refresh();
  return { refresh, focus, shown };
};

for (const grid of document.querySelectorAll(".tiles")) grid.keys = FilterAtlas.grid(grid);
