// A filter's own page.
"use strict";

(() => {
  const article = document.querySelector("article");
  const { filter } = article.dataset;
  FilterAtlas.panel.ready(article.querySelector(".panel"), filter);
  FilterAtlas.key("c", () => FilterAtlas.compare(filter));
})();
