// The parts of every page: data on demand, the view in the address, keys, copying, the comparison.
"use strict";

var FilterAtlas = (() => {
  const base = document.documentElement.dataset.base;
  const mostCompared = 6;

  // Data. A page from the disk may not fetch, but it may load a script that calls `data`.
  const requests = new Map();

  function load(name) {
    if (!requests.has(name)) {
      const request = {};
      request.promise = new Promise((resolve, reject) => Object.assign(request, { resolve, reject }));
      requests.set(name, request);
      const script = document.createElement("script");
      script.src = `${base}data/${name.split("/").map(encodeURIComponent).join("/")}.js`;
      script.onerror = () => request.reject(new Error(`${script.src} cannot be loaded`));
      document.head.append(script);
    }
    return requests.get(name).promise;
  }

  function data(name, value) {
    requests.get(name)?.resolve(value);
  }

  // The view: everything after "#", as in "#filter-12&sort=noisiness". `filter` is the filter of the
  // open panel.
  function view() {
    const parts = location.hash.slice(1).split("&");
    const open = parts.find((part) => /^filter-\d+$/.test(part));
    const rest = new URLSearchParams(parts.filter((part) => part !== open).join("&"));
    return { filter: open ? Number(open.slice(7)) : null, rest };
  }

  function address({ filter, rest }) {
    const parts = [filter === null ? "" : `filter-${filter}`, rest.toString()].filter(Boolean);
    return parts.length ? `#${parts.join("&")}` : location.pathname + location.search;
  }

  // Values that are kept between pages, if the browser allows it.
  function remember(name, value) {
    try {
      localStorage.setItem(`filter-atlas-${name}`, JSON.stringify(value));
    } catch {
      // The page works without.
    }
  }

  function recall(name, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(`filter-atlas-${name}`)) ?? otherwise;
    } catch {
      return otherwise;
    }
  }

  const say = (text) => (document.getElementById("status").textContent = text);

  // The comparison: filters, written as "<layer's file>/<index>".
  const compared = () => recall("compared", []);

  function compare(filter) {
    const chosen = compared();
    const left = chosen.filter((other) => other !== filter);
    if (left.length === chosen.length && chosen.length === mostCompared) {
      say(`No more than ${mostCompared} filters can be compared.`);
      return;
    }
    const added = left.length === chosen.length;
    remember("compared", added ? [...chosen, filter] : left);
    say(`${filter.replace("/", " ")} ${added ? "added to" : "removed from"} the comparison.`);
    showTray();
  }

  function showTray() {
    const tray = document.querySelector(".tray");
    const chosen = compared();
    tray.hidden = !chosen.length;
    tray.querySelector("[data-count]").textContent = chosen.length;
    tray.querySelector("a").href = `${base}compare.html#${chosen.join("&")}`;
    document.dispatchEvent(new Event("compared"));
  }

  // Single-character keys work except while text is typed, and can be switched off.
  const keys = new Map();
  const key = (character, act) => keys.set(character, act);

  function follow(selector) {
    document.querySelector(selector)?.click();
  }

  key("[", () => follow("a[rel=prev]"));
  key("]", () => follow("a[rel=next]"));
  key("?", () => document.getElementById("help").showModal());
  key("/", () => {
    const query = document.querySelector(".find input[type=search]");
    if (query) query.focus();
    else location.href = `${base}index.html#query`;
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=radio], [type=checkbox]), select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (!keys.has(event.key) || !recall("keys", true)) return;
    event.preventDefault();
    keys.get(event.key)(event);
  });

  // Copying.
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied.");
    } catch {
      say("This browser does not let the page copy.");
    }
  }

  function start() {
    const help = document.getElementById("help");
    const opener = document.querySelector("[data-opens=help]");
    opener.hidden = false;
    opener.addEventListener("click", () => help.showModal());
    const switched = help.querySelector("[data-keys]");
    switched.checked = recall("keys", true);
    switched.addEventListener("change", () => remember("keys", switched.checked));
    document.querySelector(".tray button").addEventListener("click", () => {
      remember("compared", []);
      showTray();
    });
    showTray();
  }

  start();
  return { base, load, data, view, address, key, say, copy, compare, compared, mostCompared };
})();
