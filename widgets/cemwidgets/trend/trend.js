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
    // pictures one under another have their axis beside them: its width is theirs to tell
    const parts = spec.vconcat ?? [spec];
    for (const part of parts) part.width = width - (spec.vconcat ? spec.usermeta.beside : 0);
    if (width < 420) for (const part of parts) for (const layer of part.layer ?? [part]) if (layer.encoding?.x?.axis?.tickCount) fewer(layer.encoding.x.axis);
    const next = document.createElement("div");
    const made = await vegaEmbed(next, spec, { renderer: "svg", actions: false, tooltip: { theme: "custom" } });
    if (mine !== turn) return made.finalize();
    if (spec.vconcat) {
      // the mark of the chosen stretch has no words of its own: the picture is named as a whole
      next.setAttribute("role", "img");
      next.setAttribute("aria-label", spec.description);
      next.querySelector("svg").setAttribute("aria-hidden", "true");
    }
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
