// Filters side by side: those in the address, as in "#block1_conv1/3&block5_conv1/12".
"use strict";

(() => {
  const columns = document.querySelector(".compared");
  const template = document.querySelector("template");
  const empty = document.getElementById("empty");

  const named = () =>
    [...new Set(location.hash.slice(1).split("&"))]
      .filter((part) => /^[\w~-]+\/\d+$/.test(part))
      .slice(0, FilterAtlas.mostCompared);

  async function column(filter, number) {
    const [name, index] = filter.split("/");
    const article = document.createElement("article");
    article.append(template.content.cloneNode(true));
    const panel = article.querySelector(".panel");
    for (const radio of panel.querySelectorAll("[name=zoom]")) radio.name = `zoom-${number}`;
    try {
      const data = await FilterAtlas.panel.load(name, Number(index));
      await new Promise((done) => setTimeout(done)); // all columns in one task would block the page
      FilterAtlas.panel.fill(panel, data);
    } catch {
      article.replaceChildren(`${filter} is not in this atlas.`);
    }
    const remove = document.createElement("button");
    remove.textContent = "Remove";
    remove.setAttribute("aria-label", `Remove ${filter}`);
    remove.addEventListener("click", () => {
      if (FilterAtlas.compared().includes(filter)) FilterAtlas.compare(filter);
      location.hash = named().filter((other) => other !== filter).join("&");
    });
    article.prepend(remove);
    return article;
  }

  async function show() {
    const filters = named();
    const made = await Promise.all(filters.map(column));
    if (filters.join() !== named().join()) return; // the address has changed meanwhile
    columns.replaceChildren(...made);
    empty.hidden = filters.length > 0;
  }

  addEventListener("hashchange", show);
  show();
})();
