// The live picture. vegaEmbed is put in front of this by vl-convert's bundle, so nothing is fetched.
const fewer = (axis) => { if (typeof axis.tickCount === "number") axis.tickCount = 4; else axis.tickCount = { ...axis.tickCount, step: axis.tickCount.step * 2 }; };

async function render({ model, el }) {
  el.classList.add("cem", "cem-trend");
  const place = document.createElement("div");
  place.className = "cem-trend-place";
  el.append(place);
  let result = null, turn = 0, width = 0;
  const draw = async () => {
    const mine = ++turn;
    const spec = structuredClone(model.get("spec"));
    width = Math.floor(el.clientWidth);
    // a page that is still hidden has no width; the observer draws when it has one
    if (!width) return;
    spec.width = width;
    if (width < 420) for (const layer of spec.layer) if (layer.encoding?.x?.axis) fewer(layer.encoding.x.axis);
    const next = document.createElement("div");
    const made = await vegaEmbed(next, spec, { renderer: "svg", actions: false, tooltip: { theme: "custom" } });
    if (mine !== turn) return made.finalize();
    result?.finalize();
    result = made;
    place.replaceChildren(next);
  };
  const observer = new ResizeObserver(() => { if (Math.abs(Math.floor(el.clientWidth) - width) > 2) draw(); });
  observer.observe(el);
  model.on("change:spec", draw);
  await draw();
  return () => { observer.disconnect(); model.off("change:spec", draw); result?.finalize(); };
}
export default { render };
