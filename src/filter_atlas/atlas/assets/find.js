// Searching, filtering and sorting: pure functions over the columns of the site's data.
"use strict";

FilterAtlas.find = (() => {
  const PAUSE = 250; // milliseconds
  const ORDERS = {
    strongest: (layer, i) => -layer.activation[i],
    weakest: (layer, i) => layer.activation[i],
    cleanest: (layer, i) => layer.noisiness[i],
    noisiest: (layer, i) => -layer.noisiness[i],
    robust: (layer, i) => -layer.robustness[i],
  };

  // Each word of a query is a test: a measure, an index, a range of them, or part of a layer's name.
  // Given a layer, a test gives a test of its places: what holds for the layer is asked once.
  function tests(query) {
    return query.toLowerCase().split(/[\s,/]+/).filter(Boolean).map((word) => {
      const measure = /^(activation|noisiness|robustness)([<>])(\d*\.?\d+)$/.exec(word);
      if (measure) {
        const [, name, sign, bound] = measure;
        return ({ [name]: column }) => sign === "<" ? (i) => column[i] < bound : (i) => column[i] > bound;
      }
      const range = /^(\d+)(?:[-–](\d+))?$/.exec(word);
      if (range) {
        const first = Number(range[1]);
        const last = Number(range[2] ?? first);
        const test = ({ filter }) => (i) => filter[i] >= first && filter[i] <= last;
        test.isIndex = true;
        return test;
      }
      return (layer) => {
        const named = [layer.name, layer.paper].some((name) => name.toLowerCase().includes(word));
        return () => named;
      };
    });
  }

  // All filters of `layers` in an order, as [layer, place] pairs. What is typed only picks from
  // them, so they are sorted once for each array of layers.
  const sorted = new WeakMap();

  function inOrder(layers, name) {
    if (!sorted.has(layers)) sorted.set(layers, new Map());
    const known = sorted.get(layers);
    if (!known.has(name)) {
      const all = layers.flatMap((layer) => layer.filter.map((_, i) => [layer, i]));
      const order = ORDERS[name] ?? (() => 0);
      const keyed = all.map((one) => [order(...one), one]).sort((a, b) => a[0] - b[0]);
      known.set(name, keyed.map(([, one]) => one));
    }
    return known.get(name);
  }

  // Whether a layer's place is asked for, as a function of the place.
  function wanted(layer, tests, values) {
    if (values.get("layer") && values.get("layer") !== layer.file) return () => false;
    // Several indices mean any of them; all else must hold together.
    const indices = tests.filter((test) => test.isIndex).map((test) => test(layer));
    const others = tests.filter((test) => !test.isIndex).map((test) => test(layer));
    if (values.get("colour")) {
      const colour = layer.colours.indexOf(values.get("colour"));
      others.push((i) => layer.colour[i] === colour);
    }
    if (values.get("twin")) others.push((i) => layer.twin[i]);
    return (i) =>
      (!indices.length || indices.some((test) => test(i))) && others.every((test) => test(i));
  }

  // The filters of `layers` that a form's values ask for, in their order, as [layer, place] pairs.
  function search(layers, values) {
    const all = tests(values.get("q") ?? "");
    const is = new Map(layers.map((layer) => [layer, wanted(layer, all, values)]));
    return inOrder(layers, values.get("sort")).filter(([layer, i]) => is.get(layer)(i));
  }

  // A form that shows the view of the address, and writes there what is asked for.
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

    // A new address takes longer than a search, and browsers allow few in a row: it waits until
    // nothing is typed any more.
    function changed() {
      clearTimeout(waiting);
      waiting = setTimeout(note, PAUSE);
      update(values());
    }

    fields.addEventListener("submit", (event) => event.preventDefault());
    fields.addEventListener("input", changed);
    // Comes when a field is left, too: before what is done next.
    fields.addEventListener("change", note);
    // A form is reset after the event.
    fields.addEventListener("reset", () =>
      setTimeout(() => {
        changed();
        note();
      })
    );
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
