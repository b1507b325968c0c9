// A photograph's page: the heat of the filter in the address, and which filter it is.
"use strict";

(() => {
  const { base } = FilterAtlas;
  const figure = document.querySelector(".seen");
  const heat = figure.querySelector(".heat");
  const said = figure.querySelector(".said");
  let chosen = null;

  // The part of the filter's sprite that shows where it fires.
  function sprite(address, map) {
    const image = document.createElementNS(heat.namespaceURI, "image");
    image.setAttribute("href", base + address);
    image.setAttribute("preserveAspectRatio", "xMinYMin");
    heat.lastElementChild.setAttribute("viewBox", map);
    return image;
  }

  function show() {
    const place = location.hash.slice(1);
    const link = place && document.querySelector(`.marks a[href="#${CSS.escape(place)}"]`);
    chosen?.removeAttribute("aria-current");
    chosen = link;
    figure.querySelector(".switch").hidden = !link?.closest("li").dataset.map;
    heat.lastElementChild.replaceChildren();
    said.replaceChildren();
    if (!link) return;
    const item = link.closest("li");
    const { layer, name, sprites } = link.closest("ul").dataset;
    const { map } = item.dataset;
    const index = link.textContent;
    const filter = document.createElement("a");
    filter.href = `${base}layers/${layer}.html#filter-${index}`;
    filter.textContent = `Filter ${index} of ${name}`;
    said.append(filter, ` fires most in the box: activation ${item.querySelector("small").textContent}.`);
    link.setAttribute("aria-current", "true");
    link.closest("details").open = true;
    if (map) heat.lastElementChild.append(sprite(sprites.replace("*", index), map));
  }

  addEventListener("hashchange", show);
  show();
})();
