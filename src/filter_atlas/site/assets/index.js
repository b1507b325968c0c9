// The first page's search over all filters.
"use strict";

(() => {
  const AT_ONCE = 48;
  const finder = document.querySelector(".find");
  const found = document.getElementById("found");
  const more = document.querySelector(".more");
  let results = [];

  // Thumbnails are kept, because the next keystroke finds most of the same filters again.
  function thumbnail([layer, i]) {
    layer.thumbnails ??= [];
    return (layer.thumbnails[i] ??= made(layer, i));
  }

  function made(layer, i) {
    const link = document.createElement("a");
    const image = document.createElement("img");
    const index = layer.filter[i];
    link.href = `${FilterAtlas.base}layers/${layer.file}.html#filter-${index}`;
    link.dataset.filter = `${layer.file}/${index}`;
    Object.assign(image, {
      loading: "lazy",
      decoding: "async",
      width: 128,
      height: 128,
      alt: `Filter ${index} of ${layer.name}`,
      src: FilterAtlas.base + layer.thumbnail_url.replace("*", index),
    });
    link.append(image, `${layer.paper} ${index}`);
    return link;
  }

  function show(number) {
    const next = results.slice(found.children.length, number);
    found.append(...next.map(thumbnail));
    more.hidden = found.children.length >= results.length;
    found.keys.refresh();
  }

  function clear() {
    results = [];
    found.replaceChildren();
    more.hidden = true;
    finder.querySelector(".count").textContent = "";
  }

  async function update(values) {
    if (![...values.keys()].length) return clear();
    const { layers, colours } = await FilterAtlas.load("search");
    for (const layer of layers) layer.colours = colours;
    results = FilterAtlas.find.search(layers, values);
    found.replaceChildren();
    show(AT_ONCE);
    const total = layers.reduce((sum, layer) => sum + layer.filter.length, 0);
    FilterAtlas.find.count(finder, results.length, total);
  }

  more.addEventListener("click", () => show(found.children.length + AT_ONCE));
  FilterAtlas.key("c", (event) => {
    const filter = event.target.dataset?.filter;
    if (filter) FilterAtlas.compare(filter);
  });
  FilterAtlas.find.form(finder, update);
})();
