// Inside the map's frame: paint countries and marks by class (the colours are the style sheet's), tell clicks and keys to the page.
(function () {
  const { map, layer, content } = window.cemMap;
  const lands = new Map(); // code -> layers
  const marks = new Map(); // key -> {layer, row, place}
  const words = new Map(); // layer -> tooltip
  layer.eachLayer((one) => {
    const code = one.feature.properties.code;
    if (!lands.has(code)) lands.set(code, []);
    lands.get(code).push(one);
  });
  const escape = (text) => String(text).replace(/[&<>"']/g, (one) => "&#" + one.charCodeAt(0) + ";");
  const tell = (row, kind) => content.interactive && parent.postMessage({ cem: "map-click", kind, code: row.code, key: row.key || row.code, label: row.label || "" }, "*");

  function dress(one, row, classes, name, kind) {
    const path = one.getElement();
    if (!path) return;
    path.setAttribute("class", "leaflet-interactive " + classes.filter(Boolean).join(" "));
    one.off("click");
    if (!row) {
      one.unbindTooltip();
      path.removeAttribute("tabindex"); path.removeAttribute("role"); path.removeAttribute("aria-label");
      return;
    }
    const text = `<b>${escape(name)}</b>${row.text.map((line, at) => (at ? `<span>${escape(line)}</span>` : escape(line))).join("")}`;
    if (one.getTooltip()) one.setTooltipContent(text); else one.bindTooltip(text, { sticky: true, direction: "auto", opacity: 1 });
    path.setAttribute("role", content.interactive ? "button" : "img");
    path.setAttribute("aria-label", [name, ...row.text].join(", "));
    if (content.interactive) {
      one.on("click", () => tell(row, kind));
      path.setAttribute("tabindex", "-1");
      path.onkeydown = (event) => keys(event, path, () => tell(row, kind));
      path.onfocus = () => one.openTooltip();
      path.onblur = () => one.closeTooltip();
    }
  }

  // one stop of the Tab key for the whole map; arrows go from one country to the next, in the order of the rows
  let order = [];
  function keys(event, path, act) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(); }
    else if (step && order.length) {
      event.preventDefault();
      const next = order[(order.indexOf(path) + step + order.length) % order.length];
      order.forEach((one) => one.setAttribute("tabindex", one === next ? "0" : "-1"));
      next.focus();
    }
  }

  function place(row, at, of) {
    const feature = lands.get(row.code)?.[0]?.feature.properties;
    const centre = row.lat != null && row.lon != null ? L.latLng(row.lat, row.lon) : feature ? L.latLng(feature.lat, feature.lon) : null;
    if (!centre || of < 2 || row.lat != null) return centre;
    // several marks in one country stand around its centre, a few pixels apart
    const turn = (2 * Math.PI * at) / of;
    const radius = 4 + 2 * of;
    return map.layerPointToLatLng(map.latLngToLayerPoint(centre).add([radius * Math.cos(turn), radius * Math.sin(turn)]));
  }

  function paint() {
    const rows = new Map(content.countries.map((row) => [row.code, row]));
    order = [];
    for (const [code, layers] of lands) {
      const row = rows.get(code);
      layers.forEach((one, at) => {
        const point = one.feature.geometry.type === "Point";
        if (point) one.setRadius(row ? 4.5 : 0);
        const kinds = ["land", point && "point", !row && "empty", row && row.state !== "no_data" && content.interactive && "told", row && (row.state === "ok" ? "q" + row.step : row.state), content.selected === code && "selected"];
        dress(one, row, kinds, one.feature.properties.name, "country");
        if (content.selected === code) one.bringToFront();
        else if (point && row) one.bringToFront();
        if (row && at === 0 && content.interactive) order.push(one.getElement());
      });
    }
    const groups = {};
    for (const row of content.marks) (groups[row.code] ||= []).push(row);
    const wanted = new Set(content.marks.map((row) => row.key));
    for (const [key, { layer }] of marks) if (!wanted.has(key)) { layer.remove(); marks.delete(key); }
    for (const rowsHere of Object.values(groups)) rowsHere.forEach((row, at) => {
      const centre = place(row, at, rowsHere.length);
      if (!centre) return;
      const radius = Math.max(3.5, Math.min(9, 2 + Math.log10((row.den || 1) + 1) * 1.6));
      if (!marks.has(row.key)) marks.set(row.key, { layer: L.circleMarker(centre, { radius }).addTo(map) });
      const mark = marks.get(row.key).layer;
      mark.setLatLng(centre); mark.setRadius(radius);
      dress(mark, row, ["mark", content.interactive && "told", row.state === "ok" ? "q" + row.step : row.state, content.selected === row.key && "selected"], row.label, "mark");
      mark.bringToFront();
      if (content.interactive) order.push(mark.getElement());
    });
    if (order.length && !order.some((one) => one.getAttribute("tabindex") === "0")) order[0].setAttribute("tabindex", "0");
    window.cemMap.painted = (window.cemMap.painted || 0) + 1;
  }

  function fit() {
    map.invalidateSize({ animate: false });
    const [[south, west], [north, east]] = content.bounds;
    // the outline of the projection is curved: fit the box of its widest points
    const at = (lat, lng) => L.CRS.CemWorld.latLngToPoint(L.latLng(lat, lng), 0);
    const size = map.getSize();
    const width = at(0, east).x - at(0, west).x, height = at(south, 0).y - at(north, 0).y;
    const zoom = Math.log2(Math.min(size.x / width, size.y / height));
    const middle = L.point((at(0, east).x + at(0, west).x) / 2, (at(south, 0).y + at(north, 0).y) / 2);
    if (Number.isFinite(zoom)) map.setView(L.CRS.CemWorld.pointToLatLng(middle, 0), zoom, { animate: false });
  }

  const buttons = document.createElement("div");
  buttons.className = "zoom";
  let moved = false;
  for (const [sign, name, act] of [["+", "Zoom in", () => map.zoomIn()], ["−", "Zoom out", () => map.zoomOut()], ["⤢", "Whole world", () => { moved = false; fit(); }]]) {
    const button = document.createElement("button");
    button.type = "button"; button.textContent = sign; button.title = name; button.setAttribute("aria-label", name);
    button.onclick = () => { moved = name !== "Whole world"; act(); };
    buttons.append(button);
  }
  document.body.append(buttons);
  map.on("dragstart", () => { moved = true; });
  // the wheel scrolls the page; with Ctrl it zooms the map
  addEventListener("wheel", (event) => { if (event.ctrlKey) { event.preventDefault(); moved = true; map.setZoomAround(map.mouseEventToContainerPoint(event), map.getZoom() - event.deltaY / 200, { animate: false }); } }, { passive: false });
  map.on("zoomend", paint);

  // light or dark: as the page around it
  function follow() {
    try {
      const scheme = parent.getComputedStyle(window.frameElement).colorScheme;
      const dark = parent.matchMedia("(prefers-color-scheme: dark)").matches;
      document.documentElement.style.colorScheme = scheme.includes("light") && scheme.includes("dark") ? (dark ? "dark" : "light") : scheme === "normal" ? "light" : scheme;
    } catch { document.documentElement.style.colorScheme = "light dark"; }
  }
  follow();
  try {
    const watch = new MutationObserver(follow);
    for (const one of [parent.document.documentElement, parent.document.body]) watch.observe(one, { attributes: true, attributeFilter: ["data-cem-theme", "data-jp-theme-light", "style", "class"] });
    parent.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", follow);
  } catch { /* another origin: nothing to follow */ }

  const overlay = map.getPane("overlayPane");
  function defs() {
    const svg = overlay.querySelector("svg");
    if (!svg || svg.querySelector("#cem-hatch")) return;
    svg.setAttribute("role", "group"); svg.setAttribute("aria-label", "Countries"); svg.removeAttribute("aria-hidden");
    svg.insertAdjacentHTML("afterbegin", '<defs><pattern id="cem-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-back" width="5" height="5"/><line class="hatch-line" y2="5"/></pattern></defs>');
  }
  addEventListener("message", (event) => {
    if (event.source !== parent || event.data?.cem !== "map-content") return;
    Object.assign(content, event.data.content);
    paint();
  });
  new ResizeObserver(() => { map.invalidateSize({ animate: false }); if (!moved) fit(); }).observe(document.body);
  fit(); defs(); paint();
  if (content.interactive) parent.postMessage({ cem: "map-ready" }, "*");
})();
