// Searching, filtering and sorting: pure functions over the columns of the site's data.
"use strict";

FilterAtlas.find = (() => {
  const ORDERS = {
    strongest: (layer, i) => -layer.activation[i],
    weakest: (layer, i) => layer.activation[i],
    cleanest: (layer, i) => layer.noisiness[i],
    noisiest: (layer, i) => -layer.noisiness[i],
    robust: (layer, i) => -layer.robustness[i],
  };

  // Each word of a query is a test: a measure, an index, a range of them, or part of a layer's name.
  function tests(query) {
    return query.toLowerCase().split(/[\s,/]+/).filter(Boolean).map((word) => {
      const measure = /^(activation|noisiness|robustness)([<>])(\d*\.?\d+)$/.exec(word);
      if (measure) {
        const [, name, sign, bound] = measure;
        return (layer, i) => (sign === "<" ? layer[name][i] < bound : layer[name][i] > bound);
      }
      const range = /^(\d+)(?:[-–](\d+))?$/.exec(word);
      if (range) {
        const first = Number(range[1]);
        const last = Number(range[2] ?? first);
        const test = (layer, i) => layer.filter[i] >= first && layer.filter[i] <= last;
        test.isIndex = true;
        return test;
      }
      return (layer) =>
        layer.name.toLowerCase().includes(word) || layer.paper.toLowerCase().includes(word);
    });
  }

  // The filters of `layers` that a form's values ask for, in their order, as [layer, place] pairs.
  function search(layers, values) {
    const all = tests(values.get("q") ?? "");
    // Several indices mean any of them; all else must hold together.
    const indices = all.filter((test) => test.isIndex);
    const others = all.filter((test) => !test.isIndex);
    const found = [];
    for (const layer of layers) {
      if (values.get("layer") && values.get("layer") !== layer.file) continue;
      const colour = values.get("colour") ? layer.colours.indexOf(values.get("colour")) : null;
      for (let i = 0; i < layer.filter.length; i++) {
        if (colour !== null && layer.colour[i] !== colour) continue;
        if (values.get("twin") && !layer.twin[i]) continue;
        if (indices.length && !indices.some((test) => test(layer, i))) continue;
        if (others.every((test) => test(layer, i))) found.push([layer, i]);
      }
    }
    const order = ORDERS[values.get("sort")];
    if (order) {
      const keyed = found.map((one) => [order(...one), one]);
      return keyed.sort((a, b) => a[0] - b[0]).map(([, one]) => one);
    }
    return found;
  }

  // A form that shows the view of the address, and writes there what is asked for.
  function form(element, update) {
    const fields = element.querySelector("form");
    element.hidden = false;

    function values() {
      const given = [...new FormData(fields)].filter(([, value]) => value.trim());
      return new URLSearchParams(given);
    }

    function show() {
      const { rest } = FilterAtlas.view();
      for (const field of fields.elements) {
        if (field.type === "checkbox") field.checked = rest.has(field.name);
        else if (field.name) field.value = rest.get(field.name) ?? "";
      }
      update(values());
    }

    function changed() {
      history.replaceState(history.state, "", FilterAtlas.address({ ...FilterAtlas.view(), rest: values() }));
      update(values());
    }

    fields.addEventListener("submit", (event) => event.preventDefault());
    fields.addEventListener("input", changed);
    // A form is reset after the event.
    fields.addEventListener("reset", () => setTimeout(changed));
    addEventListener("hashchange", show);
    show();
  }

  const count = (element, number, of) => {
    const [found, all] = [number, of].map((one) => one.toLocaleString("en"));
    element.querySelector(".count").textContent =
      number === of
        ? `${all} ${of === 1 ? "filter" : "filters"}`
        : `${found} of ${all} filters${number ? "" : ": ask for less, or reset"}`;
  };

  return { search, form, count };
})();
