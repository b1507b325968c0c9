// Filters side by side: those that the address names, as in "#block1_conv1/3&block5_conv1/12".
"use strict";

(() => {
  const place = document.querySelector(".compared");
  const template = document.querySelector("template");
  const empty = document.getElementById("empty");

  const named = () =>
    [...new Set(location.hash.slice(1).split("&"))]
      .filter((one) => /^[\w~-]+\/\d+$/.test(one))
      .slice(0, FilterAtlas.mostCompared);

  async function column(filter, number) {
    const [name, index] = filter.split("/");
    const article = document.createElement("article");
    article.append(template.content.cloneNode(true));
    const panel = article.querySelector(".panel");
    for (const radio of panel.querySelectorAll("[name=zoom]")) radio.name = `zoom-${number}`;
    try {
      const layer = await FilterAtlas.load(name);
      const at = layer.filter.indexOf(Number(index));
      if (at < 0) throw new Error(`${filter} is not in this atlas`);
      FilterAtlas.panel.fill(panel, layer, at);
    } catch {
      article.replaceChildren(`${filter} is not in this atlas.`);
    }
    const remove = document.createElement("button");
    remove.textContent = "Remove";
    remove.setAttribute("aria-label", `Remove ${filter}`);
    remove.addEventListener("click", () => {
      if (FilterAtlas.compared().includes(filter)) FilterAtlas.compare(filter);
      location.hash = named().filter((one) => one !== filter).join("&");
    });
    article.prepend(remove);
    return article;
  }

  async function show() {
    const filters = named();
    place.replaceChildren(...(await Promise.all(filters.map(column))));
    empty.hidden = filters.length > 0;
  }

  addEventListener("hashchange", show);
  show();
})();
