// A filter's panel: the empty panel of the page, filled from the layer's data.
"use strict";

FilterAtlas.panel = (() => {
  const { base } = FilterAtlas;
  const PART = 16; // filters, as in data.py

  function element(name, text) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  const svg = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  // A kernel as a small picture: squares excite, rings inhibit. `kernel_tile.py` draws the same.
  function kernel(tile) {
    const rows = tile.split("/");
    let [squares, rings] = ["", ""];
    rows.forEach((row, y) =>
      [...row].forEach((letter, x) => {
        const level = letter.charCodeAt() - 109;
        const side = 0.92 * Math.sqrt(Math.abs(level) / 12);
        const [left, top] = [x + 0.5 - side / 2, y + 0.5 - side / 2];
        if (level > 0) squares += `M${left} ${top}h${side}v${side}h${-side}z`;
        for (const width of level < 0 ? [side, side / 2] : []) {
          const arc = `a${width / 2} ${width / 2} 0 1 0`;
          rings += `M${x + 0.5 - width / 2} ${y + 0.5}${arc} ${width} 0${arc} ${-width} 0`;
        }
      }),
    );
    const drawn = svg("svg", { class: "kernel", viewBox: `0 0 ${rows[0].length} ${rows.length}`, "aria-hidden": true });
    drawn.append(svg("path", { d: squares }), svg("path", { d: rings }));
    return drawn;
  }

  function link(layer, [target, note, tile]) {
    const [url, thumbnail, name] = layer.targets[target];
    const item = element("li");
    const anchor = element("a");
    const image = element("img");
    anchor.href = base + url;
    Object.assign(image, { src: base + thumbnail, alt: "", height: 64, decoding: "async" });
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
