// Searching, filtering and sorting: pure functions over the columns of the site's data.
"use strict";

FilterAtlas.find = (() => {
  const PAUSE = 250; // milliseconds

  // A measure's column by its name, or by a short form: "activation" means "final_activation".
  const column = ({ measures }, name) => measures[name] ?? measures[`final_${name}`];

  // Each word of a query is a test: a bound of a measure, an index, a range of indices, or part of a
  // layer's name. The test of a word takes a layer and returns a test of the layer's places. So what
  // depends only on the layer is computed once.
  function tests(query) {
    return query.toLowerCase().split(/[\s,/]+/).filter(Boolean).map((word) => {
      const range = /^(\d+)(?:[-–](\d+))?$/.exec(word);
      if (range) {
        const first = Number(range[1]);
        const last = Number(range[2] ?? first);
        const test = ({ filter }) => (i) => filter[i] >= first && filter[i] <= last;
        test.isIndex = true;
        return test;
      }
      const [, name, sign, bound] = /^(\w+)([<>])(-?\d*\.?\d+)$/.exec(word) ?? [];
      return (layer) => {
        const values = name && column(layer, name);
        if (values) {
          // A filter without a value passes no test.
          const passes = sign === "<" ? (value) => value < bound : (value) => value > bound;
          return (i) => values[i] !== null && passes(values[i]);
        }
        const named = [layer.name, layer.paper].some((name) => name.toLowerCase().includes(word));
        return () => named;
      };
    });
  }

  // All filters of `layers` in an order, as [layer, place] pairs. A query only selects from them, so
  // they are sorted once for each array of layers.
  const sorted = new WeakMap();

  // An order is a measure's name; "-" before it puts the greatest value first. Filters without a
  // value come last.
  function inOrder(layers, order) {
    if (!sorted.has(layers)) sorted.set(layers, new Map());
    const known = sorted.get(layers);
    if (!known.has(order)) {
      const [, sign, name] = /^(-?)(.*)$/.exec(order ?? "");
      const all = layers.flatMap((layer) => {
        const values = layer.measures[name] ?? [];
        const key = (i) => (typeof values[i] === "number" ? (sign ? -values[i] : values[i]) : Infinity);
        return layer.filter.map((_, i) => [key(i), [layer, i]]);
      });
      // Compared without a difference, because the difference of two infinite keys is not a number.
      all.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      known.set(order, all.map(([, pair]) => pair));
    }
    return known.get(order);
  }

  // A test of the layer's places: whether the values of a form select the place.
  function selects(layer, tests, values) {
    if (values.get("layer") && values.get("layer") !== layer.file) return () => false;
    // One of the indices must match. All other tests must pass.
    const indices = tests.filter((test) => test.isIndex).map((test) => test(layer));
    const others = tests.filter((test) => !test.isIndex).map((test) => test(layer));
    if (values.get("colour")) {
      const colour = layer.colours.indexOf(values.get("colour"));
      others.push((i) => layer.colour[i] === colour);
    }
    for (const [name, flag] of Object.entries(layer.flags)) {
      if (values.get(name)) others.push((i) => flag[i]);
    }
    return (i) =>
      (!indices.length || indices.some((test) => test(i))) && others.every((test) => test(i));
  }

  // The filters of `layers` that a form's values select, in their order, as [layer, place] pairs.
  function search(layers, values) {
    const all = tests(values.get("q") ?? "");
    const selected = new Map(layers.map((layer) => [layer, selects(layer, all, values)]));
    return inOrder(layers, values.get("sort")).filter(([layer, i]) => selected.get(layer)(i));
  }

  // A form that shows the view in the address, and writes its values there.
  function form(element, update) {
    const fields = element.querySelector("form");
    let waiting = null;
    element.hidden = false;

    function values() {
      const given = [...new FormData(fields)].filter(([, value]) => value.trim());
      return new URLSearchParams(given);
    }

    function show() {
      clearTimeout(waiting);
      const { rest } = FilterAtlas.view();
      for (const field of fields.elements) {
        if (field.type === "checkbox") field.checked = rest.has(field.name);
        else if (field.name) field.value = rest.get(field.name) ?? "";
      }
      update(values());
    }

    function note() {
      clearTimeout(waiting);
      history.replaceState(history.state, "", FilterAtlas.address({ ...FilterAtlas.view(), rest: values() }));
    }

    // Setting an address takes longer than a search, and browsers allow only a few in a row. So the
    // address is set when typing pauses.
    function changed() {
      clearTimeout(waiting);
      waiting = setTimeout(note, PAUSE);
      update(values());
    }

    fields.addEventListener("submit", (event) => event.preventDefault());
    fields.addEventListener("input", changed);
    // This event also comes when a field loses the focus, so before the next action.
    fields.addEventListener("change", note);
    // The fields are reset after this event.
    fields.addEventListener("reset", () =>
      setTimeout(() => {
        changed();
        note();
      })
    );
    addEventListener("hashchange", show);
    show();
  }

  const format = new Intl.NumberFormat("en");

  const count = (element, number, total) => {
    const [found, all] = [number, total].map((value) => format.format(value));
    element.querySelector(".count").textContent =
      number === total
        ? `${all} ${total === 1 ? "filter" : "filters"}`
        : `${found} of ${all} filters${number ? "" : ": try a shorter search, or reset"}`;
  };

  return { search, form, count };
})();
