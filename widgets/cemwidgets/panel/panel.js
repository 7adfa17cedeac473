// A panel: HTML from Python; a click, Enter, Space or a change on an element with data-event goes to Python with its data-*.
// A new HTML is merged into the old one, so focus, scroll position and opened details stay where they are.
function merge(from, to) {
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || from.dataset?.key !== to.dataset?.key) {
    from.replaceWith(to);
    return;
  }
  if (from.nodeType === Node.TEXT_NODE || from.nodeType === Node.COMMENT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  if (from.nodeType !== Node.ELEMENT_NODE || from.isEqualNode(to)) return sameInput(from, to);
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && !(name === "open" && from.nodeName === "DETAILS")) from.removeAttribute(name);
  for (const { name, value } of [...to.attributes]) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  mergeChildren(from, to);
  sameInput(from, to);
}

function sameInput(from, to) {
  if (from.nodeName === "SELECT") {
    const chosen = [...to.options].find((one) => one.hasAttribute("selected")) || to.options[0];
    if (chosen && from.value !== chosen.value) from.value = chosen.value;
  } else if (from.nodeName === "INPUT" && document.activeElement !== from) {
    if (from.value !== to.getAttribute("value")) from.value = to.getAttribute("value") || "";
  }
}

function mergeChildren(from, to) {
  const keyed = new Map();
  for (const child of from.children) if (child.dataset?.key) keyed.set(child.dataset.key, child);
  let old = from.firstChild;
  for (const fresh of [...to.childNodes]) {
    const same = fresh.dataset?.key && keyed.get(fresh.dataset.key);
    if (same && same !== old) from.insertBefore(same, old);
    const target = same || old;
    if (!target) {
      from.append(fresh);
      continue;
    }
    const after = target.nextSibling;
    merge(target, fresh);
    old = after;
  }
  while (old) {
    const after = old.nextSibling;
    old.remove();
    old = after;
  }
}

function toast(text) {
  const note = document.createElement("div");
  note.className = "cem-toast";
  note.setAttribute("role", "status");
  note.textContent = text;
  document.body.append(note);
  setTimeout(() => note.remove(), 4000);
}

// the address of an app follows its filters, so that reloading and sharing keep them
function address(query) {
  const url = new URL(window.location.href);
  url.search = query;
  return url;
}

function download({ name, mime, text }, bytes) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(bytes?.length ? bytes : [text], { type: mime }));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "cem-panel";
  el.classList.add("cem");
  el.append(root);
  let busy = 0;
  let last = null;

  const draw = () => {
    const focused = root.contains(document.activeElement) ? document.activeElement.closest("[data-key]")?.dataset.key : null;
    const fresh = document.createElement("div");
    fresh.innerHTML = model.get("notice") + model.get("html");
    last = null;
    mergeChildren(root, fresh);
    if (focused && !root.contains(document.activeElement)) root.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  };
  const follow = () => {
    const query = model.get("query");
    if (query !== null && document.body.dataset.voila) window.history.replaceState(null, "", address(query));
  };
  const rest = () => {
    if (model.get("handled") < busy) return;
    root.classList.remove("cem-busy");
    root.removeAttribute("aria-busy");
  };
  const emit = (target, more) => {
    const event = {};
    for (const [name, value] of Object.entries(target.dataset)) event[name.replace(/[A-Z]/g, (one) => "_" + one.toLowerCase())] = value;
    busy = Math.max(busy, model.get("handled")) + 1;
    root.classList.add("cem-busy");
    root.setAttribute("aria-busy", "true");
    model.set("clicked", { ...event, ...more, n: busy });
    model.save_changes();
  };
  const share = async (target) => {
    const link = address(target.dataset.share).href;
    try {
      await navigator.clipboard.writeText(link);
      toast("The link with these filters is copied.");
    } catch {
      window.history.replaceState(null, "", link);
      toast("The address bar holds the link with these filters.");
    }
  };
  const isField = (one) => ["SELECT", "INPUT", "TEXTAREA"].includes(one.nodeName);

  root.addEventListener("click", (event) => {
    const shared = event.target.closest("[data-share]");
    if (shared) return share(shared);
    const target = event.target.closest("[data-event]");
    if (!target || isField(target)) return;
    // a link or button inside a row that answers clicks keeps its own meaning; one to another app leads there where apps are served, else Python answers
    const link = event.target.closest("a[href]:not([href='#'])");
    if (link && (!link.dataset.app || document.body.dataset.voila)) return;
    event.preventDefault();
    emit(target);
  });
  root.addEventListener("keydown", (event) => {
    const target = event.target;
    if (!target.dataset?.event || isField(target) || ["BUTTON", "A"].includes(target.nodeName)) return;
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    emit(target);
  });
  // a field with data-live tells while it is moved or typed in: at once where nothing is being computed, else when that is done
  let waiting = null;
  const tell = (target) => {
    if (last?.target === target && last.value === target.value) return;
    last = { target, value: target.value };
    emit(target, { value: target.value });
  };
  const tellSoon = (target) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => (model.get("handled") < busy ? tellSoon(target) : tell(target)), target.type === "range" ? 40 : 250);
  };
  root.addEventListener("input", (event) => {
    const target = event.target.closest("[data-event][data-live]");
    if (!target) return;
    const shown = root.querySelector(`output[for="${CSS.escape(target.id)}"]`);
    if (shown && target.id) shown.textContent = target.value + (target.dataset.unit || "");
    tellSoon(target);
  });
  root.addEventListener("change", (event) => {
    const target = event.target.closest("[data-event]");
    if (!target || !isField(target)) return;
    clearTimeout(waiting);
    if ("live" in target.dataset) {
      tell(target);
      // the same position may come again after Python has moved the field
      last = null;
    } else emit(target, { value: target.value });
  });
  const told = (message, bytes) => message?.kind === "download" && download(message, bytes);

  model.on("change:html change:notice", draw);
  model.on("change:query", follow);
  model.on("change:handled", rest);
  model.on("msg:custom", told);
  draw();
  follow();
  return () => {
    model.off("change:html change:notice", draw);
    model.off("change:query", follow);
    model.off("change:handled", rest);
    model.off("msg:custom", told);
  };
}

export default { render };
