// A filter's panel: the empty panel of the page, filled from the layer's data.
"use strict";

FilterAtlas.panel = (() => {
  const { base } = FilterAtlas;
  const PART = 16; // filters, as in data.py
  const SVG = "http://www.w3.org/2000/svg";

  function element(name, text) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // A kernel as a small picture: squares excite, rings inhibit. `kernel_tile.py` draws the same.
  const HALVES = Array.from({ length: 13 }, (_, level) => Math.round(18.4 * Math.sqrt(level / 12)));

  function kernel(tile) {
    const rows = tile.split("/");
    const signs = ["", ""];
    rows.forEach((row, y) =>
      [...row].forEach((letter, x) => {
        const level = letter.charCodeAt() - 109;
        const half = HALVES[Math.abs(level)];
        const [centre, middle] = [40 * x + 20, 40 * y + 20];
        if (level > 0) signs[0] += `M${centre - half} ${middle - half}h${2 * half}v${2 * half}h-${2 * half}z`;
        for (const radius of level < 0 ? [half, half / 2] : []) {
          signs[1] += `M${centre - radius} ${middle}a${radius} ${radius} 0 1 1 0 .1z`;
        }
      }),
    );
    const drawn = document.createElementNS(SVG, "svg");
    drawn.setAttribute("class", "kernel");
    drawn.setAttribute("viewBox", `0 0 ${40 * rows[0].length} ${40 * rows.length}`);
    drawn.setAttribute("aria-hidden", true);
    for (const sign of signs) drawn.appendChild(document.createElementNS(SVG, "path")).setAttribute("d", sign);
    return drawn;
  }

  function link(layer, [target, note, tile]) {
    const [url, thumbnail, name] = layer.targets[target];
    const item = element("li");
    const anchor = element("a");
    const image = element("img");
    anchor.href = base + url;
    Object.assign(image, { loading: "lazy", decoding: "async", alt: "", height: 64, src: base + thumbnail });
    anchor.append(image, name);
    item.append(anchor, ...(tile ? [kernel(tile)] : []), " ", element("small", note));
    return item;
  }

  // A tile of a sprite, which leads to the filter's place on another page.
  function tile(layer, place, sprite, [page, note]) {
    const [url, name] = layer.pages[page];
    const item = element("li");
    const anchor = element("a");
    anchor.href = `${base}${url}#${layer.file}-${layer.filter[place]}`;
    if (sprite) {
      const image = element("img");
      Object.assign(image, { src: base + sprite, srcset: `${base}${sprite} 1x`, alt: name, decoding: "async" });
      anchor.append(image);
    } else anchor.append(name);
    item.append(anchor, note);
    return item;
  }

  function lossRow(loss, step) {
    const row = element("tr");
    const head = element("th", step);
    head.scope = "row";
    row.append(head, element("td", loss));
    return row;
  }

  // The data of a filter of a layer: the part of the layer that has it, and its place there.
  async function load(name, filter) {
    const part = await FilterAtlas.load(`${name}/${Math.floor(filter / PART)}`);
    const place = part.filter.indexOf(filter);
    if (place < 0) throw new Error(`${name}/${filter} is not in this atlas`);
    return [part, place];
  }

  // Fill `panel` with the data of the filter at `place` of `layer`, a part of a layer.
  function fill(panel, [layer, place]) {
    const texts = { ...layer.common };
    layer.names.forEach((name, i) => (texts[name] = layer.texts[place][i]));
    const addresses = layer.addresses[place];
    const all = (selector) => panel.querySelectorAll(selector);
    for (const node of all("[data-text]")) node.textContent = texts[node.dataset.text];
    for (const anchor of all("[data-href]")) anchor.href = base + addresses[anchor.dataset.href];
    for (const list of all("[data-links]")) {
      list.replaceChildren(...layer.links[list.dataset.links][place].map((one) => link(layer, one)));
    }
    for (const list of all("[data-tiles]")) {
      const { tiles } = list.dataset;
      list.replaceChildren(...layer.tiles[tiles][place].map((one) => tile(layer, place, addresses[tiles], one)));
    }
    const image = panel.querySelector("[data-src]");
    image.src = base + addresses.picture;
    image.srcset = `${image.src} 1x`; // the picture is enlarged; no larger file exists
    image.alt = texts.name;
    for (const path of all("[data-d]")) path.setAttribute("d", addresses[path.dataset.d]);
    for (const image of all("[data-label]")) image.setAttribute("aria-label", texts[image.dataset.label]);
    panel.querySelector("[data-losses]").replaceChildren(...layer.losses[place].map(lossRow));
    ready(panel, `${layer.file}/${layer.filter[place]}`);
  }

  // Make the buttons of a filled panel work.
  function ready(panel, filter) {
    panel.dataset.filter = filter;
    for (const button of panel.querySelectorAll("button[hidden]")) button.hidden = false;
    mark(panel);
  }

  function mark(panel) {
    const chosen = FilterAtlas.compared().includes(panel.dataset.filter);
    panel.querySelector("[data-compare]")?.setAttribute("aria-pressed", chosen);
  }

  document.addEventListener("compared", () => {
    for (const panel of document.querySelectorAll(".panel[data-filter]")) mark(panel);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const panel = button?.closest(".panel");
    if (!panel) return;
    if (button.dataset.copy) {
      FilterAtlas.copy(panel.querySelector(`[data-text=${button.dataset.copy}]`).textContent);
    } else if ("copyLink" in button.dataset) {
      FilterAtlas.copy(panel.querySelector("[data-href=page]").href);
    } else if ("compare" in button.dataset) {
      FilterAtlas.compare(panel.dataset.filter);
    }
  });

  // Up and down the network: to the strongest filter above or below the one that is shown.
  for (const character of "ud") {
    FilterAtlas.key(character, () => {
      const [panel] = document.querySelectorAll("#panel[open] .panel, article[data-filter] .panel");
      panel?.querySelector(`[data-key=${character}] a`)?.click();
    });
  }

  return { load, fill, ready };
})();
