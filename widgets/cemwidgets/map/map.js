// The frame with the map, and the bridge: what is to be painted goes in, a click comes out.
function render({ model, el }) {
  el.classList.add("cem", "cem-map");
  const frame = document.createElement("iframe");
  frame.title = model.get("title");
  frame.style.maxHeight = model.get("height") + "px";
  const legend = document.createElement("div");
  el.append(frame, legend);
  let count = 0;
  const content = () => ({ countries: model.get("countries"), marks: model.get("marks"), selected: model.get("selected") });
  const paint = () => frame.contentWindow?.postMessage({ cem: "map-content", content: content() }, "*");
  const key = () => { legend.innerHTML = model.get("legend"); };
  const heard = (event) => {
    if (event.source !== frame.contentWindow || !event.data) return;
    if (event.data.cem === "map-ready") return paint();
    if (event.data.cem !== "map-click") return;
    const { kind, code, key, label } = event.data;
    count += 1;
    model.set("clicked", { event: "map", kind, code, key, label, n: count });
    model.save_changes();
  };
  window.addEventListener("message", heard);
  model.on("change:countries change:marks change:selected", paint);
  model.on("change:legend", key);
  key();
  frame.srcdoc = model.get("document");
  return () => {
    window.removeEventListener("message", heard);
    model.off("change:countries change:marks change:selected", paint);
    model.off("change:legend", key);
  };
}

export default { render };
