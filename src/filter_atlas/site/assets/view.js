// A view: the layer of the slider, and the place below the pointer or with the focus. A click keeps a
// place, so that the pointer can go to its filters; the key Escape lets it go.
"use strict";

(() => {
  const { base, load, say } = FilterAtlas;
  const part = document.querySelector(".dictionary");
  const [slider, output] = part.querySelectorAll(".slider input, .slider output");
  const [image, cells] = part.querySelector(".mosaic").children;
  const [heading, note, list] = part.querySelector(".fired").children;
  const canvas = document.querySelector(".canvas");
  const heat = canvas.querySelector(".heat > svg");
  const frames = canvas.querySelector(".frames > svg");
  const layers = [...document.querySelectorAll(".mosaics > li[id]")];
  let data = null;
  let chosen = 0;
  let kept = false;

  const percent = (share) => `${(100 * share).toPrecision(share < 0.1 ? 2 : 3)}%`;
  const strength = ([, activation, share]) => (data.compared ? percent(share) : `${activation}`);
  const address = (pattern, index) => base + pattern.replace("*", index);

  function element(name, attributes, ...children) {
    const made = name.startsWith("svg:")
      ? document.createElementNS(heat.namespaceURI, name.slice(4))
      : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  // A rectangle on the photograph, in pixels of the square.
  const frame = (kind, x, y, width, height) => element("svg:rect", { class: kind, x, y, width, height });

  function framesOf(cell, strong) {
    const [rows, columns] = data.cells;
    const pitch = [(data.size * data.block) / columns, (data.size * data.block) / rows];
    const [row, column] = [Math.floor(cell / data.shown[1]), cell % data.shown[1]];
    const made = [frame("block", column * pitch[0], row * pitch[1], ...pitch)];
    if (strong && !data.refusal) {
      const [[top, bottom], [left, right]] = [data.rows[strong[3]], data.columns[strong[4]]];
      made.push(frame("field", left, top, right - left, bottom - top));
    }
    return made;
  }

  // Where else a filter fires: bright on the photograph, and marked in the mosaic.
  function showFilter(strong) {
    const index = strong?.[0];
    heat.replaceChildren();
    [...cells.children].forEach((button, cell) => {
      const fires = strong && data.strongest[cell].some(([other]) => other === index);
      button.classList.toggle("fires", Boolean(fires));
    });
    frames.replaceChildren(...framesOf(chosen, strong ?? data.strongest[chosen][0]));
    const map = data.maps[index];
    if (!map) return;
    const [rows, columns] = data.cells.map((count) => count / data.block);
    heat.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
    for (const [cell, level] of [...map].entries()) {
      const grey = Math.round((255 * data.levels.indexOf(level)) / (data.levels.length - 1));
      const [x, y] = [cell % data.shown[1], Math.floor(cell / data.shown[1])];
      heat.append(element("svg:rect", { x, y, width: 1, height: 1, fill: `rgb(${grey},${grey},${grey})` }));
    }
  }

  function entry(strong) {
    const [index] = strong;
    const thumbnail = { src: address(data.thumbnail, index), alt: "", width: 128, height: 128 };
    const link = element("a", { href: address(data.page, index) }, element("img", thumbnail), `Filter ${index}`);
    const item = element("li", {}, link, " ", element("small", {}, `${strength(strong)}, activation ${strong[1]}`));
    if (data.observed.includes(index)) {
      const patches = element("img", { class: "patches", src: address(data.patches, index), alt: "" });
      patches.title = `Three patches that fire filter ${index} most`;
      item.append(patches);
    }
    for (const event of ["pointerenter", "focusin"]) item.addEventListener(event, () => showFilter(strong));
    item.addEventListener("pointerleave", () => showFilter(null));
    item.addEventListener("focusout", () => showFilter(null));
    return item;
  }

  const place = (cell) => `Row ${Math.floor(cell / data.shown[1]) + 1}, column ${(cell % data.shown[1]) + 1}`;

  function show(cell) {
    chosen = cell;
    cells.querySelector("[aria-current]")?.removeAttribute("aria-current");
    cells.children[cell].setAttribute("aria-current", "true");
    const fired = data.strongest[cell];
    heading.textContent = place(cell);
    note.textContent = fired.length
      ? data.refusal ? `What its cells see is not known: ${data.refusal}.` : "Point at a filter to see where else it fires."
      : "No filter fires here.";
    list.replaceChildren(...fired.map(entry));
    showFilter(null);
  }

  function keep(cell) {
    kept = true;
    show(cell);
  }

  function button(fired, cell) {
    const [first] = fired;
    const name = first ? `filter ${first[0]}, ${strength(first)}` : "no filter fires";
    const made = element("button", { type: "button", "aria-label": `${place(cell)}: ${name}` });
    made.addEventListener("focus", () => show(cell));
    made.addEventListener("pointerenter", () => kept || show(cell));
    made.addEventListener("click", () => keep(cell));
    return made;
  }

  async function open(number) {
    const layer = layers[number];
    const { name, load: address } = layer.dataset;
    output.textContent = slider.ariaValueText = name;
    let loaded;
    try {
      loaded = await load(address);
    } catch {
      say(`The data of ${name} cannot be loaded.`);
      return;
    }
    if (Number(slider.value) !== number) return;
    const before = data ? [Math.floor(chosen / data.shown[1]) / data.shown[0], (chosen % data.shown[1]) / data.shown[1]] : [0.5, 0.5];
    data = loaded;
    image.src = layer.querySelector("img").getAttribute("src");
    cells.setAttribute("aria-label", `Places of ${name}`);
    cells.style.setProperty("--columns", data.shown[1]);
    cells.replaceChildren(...data.strongest.map(button));
    cells.keys ??= FilterAtlas.grid(cells);
    cells.keys.refresh();
    // The same place as in the layer before.
    show(Math.floor(before[0] * data.shown[0]) * data.shown[1] + Math.floor(before[1] * data.shown[1]));
  }

  // The place on the photograph below the pointer; undefined beside the square.
  function below({ clientX, clientY }) {
    if (!data) return undefined;
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(frames.getScreenCTM().inverse());
    const [column, row] = [x, y].map((at, axis) =>
      Math.floor((at * data.cells[1 - axis]) / data.size / data.block));
    const inside = row >= 0 && column >= 0 && row < data.shown[0] && column < data.shown[1];
    return inside ? row * data.shown[1] + column : undefined;
  }

  canvas.addEventListener("pointermove", (event) => {
    const cell = below(event);
    if (!kept && cell !== undefined && cell !== chosen) show(cell);
  });

  canvas.addEventListener("click", (event) => {
    const cell = below(event);
    if (cell !== undefined) keep(cell);
  });

  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") kept = false;
  });

  slider.addEventListener("input", () => open(Number(slider.value)));
  part.hidden = false;
  open(Number(slider.value));
})();
