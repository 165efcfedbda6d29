// What the console's pages do beyond HTML. Every page works without it.

/**
 * Text that was typed is kept in this tab until the server says that it was carried out, so that neither a reload nor a lost
 * connection loses it. Signing out forgets it.
 */
const done = new URLSearchParams(location.search).get("done");
for (const key of Object.keys(sessionStorage)) {
  if (done && key.startsWith("typed:") && JSON.parse(sessionStorage.getItem(key)).command === done) sessionStorage.removeItem(key);
}
function keepTyped(form) {
  const key = `typed:${document.body.dataset.person}:${form.dataset.kept}`;
  const fields = () => [...form.querySelectorAll("textarea, input[type=text]")];
  const kept = JSON.parse(sessionStorage.getItem(key) ?? '{"fields":{}}').fields;
  for (const field of fields()) {
    if (!field.value && kept[field.name]) {
      field.value = kept[field.name];
      field.closest("details")?.setAttribute("open", "");
    }
  }
  const keep = () => {
    const typed = fields().filter((field) => field.value).map((field) => [field.name, field.value]);
    const command = form.elements.command_id?.value;
    if (typed.length) sessionStorage.setItem(key, JSON.stringify({ command, fields: Object.fromEntries(typed) }));
    else sessionStorage.removeItem(key);
  };
  form.addEventListener("input", keep);
  form.addEventListener("submit", keep);
}
document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", () => sessionStorage.clear());

/** Enter that ends the composition of kanji never sends a form; Ctrl+Enter sends the form in which somebody types. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  if (event.isComposing || event.keyCode === 229) {
    if (event.target.matches("input")) event.preventDefault();
  } else if ((event.ctrlKey || event.metaKey) && event.target.form) {
    event.target.form.requestSubmit();
  }
});

/** What the keyboard can do is shown by a button of the menu, and by Ctrl+/ from everywhere. */
function opensDialog(button) {
  const dialog = document.getElementById(button.dataset.opens);
  button.addEventListener("click", () => dialog.showModal());
}
document.addEventListener("keydown", (event) => {
  const keys = document.querySelector("#keys");
  if ((event.ctrlKey || event.metaKey) && event.key === "/" && keys && !keys.open) keys.showModal();
});

/** A list with check boxes: one box for all of the page, and how many are chosen, also on the button that sends them. */
function countChosen(form) {
  const all = form.querySelector("[data-all]");
  const count = form.querySelector("[data-count]");
  const button = form.querySelector("button[data-counts]");
  const ofNone = button?.textContent;
  const boxes = [...form.querySelectorAll("input[type=checkbox][name=goal]")];
  const show = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    if (all) {
      all.checked = chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
    if (button) button.textContent = chosen ? button.dataset.counts.replace("%n", chosen) : ofNone;
    if (count) {
      count.hidden = chosen === 0;
      count.textContent = count.dataset.text.replace("%n", chosen);
    }
  };
  all?.closest("[hidden]")?.removeAttribute("hidden");
  all?.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  form.addEventListener("change", show);
  show();
}

/** A form is sent once: a second press while the answer is on its way does nothing. */
function sendOnce(form) {
  let isSent = false;
  form.addEventListener("submit", (event) => {
    if (isSent) event.preventDefault();
    isSent = true;
  });
  addEventListener("pageshow", () => { isSent = false; });
}

/** The form of a goal is kept on the server while somebody types: it is there on another device, and after any mishap. */
function keepOnServer(form) {
  const status = form.querySelector("[data-saved]");
  const version = form.elements.version;
  let timer = 0;
  let isStopped = false;
  const wish = () => {
    const fields = {};
    for (const [name, value] of new FormData(form)) {
      if (["command_id", "seen", "version", "action", "take"].includes(name)) continue;
      fields[name] = name in fields ? [fields[name], value].flat() : value;
    }
    return { fields, seen: Number(form.elements.seen.value), version: version.value ? Number(version.value) : null };
  };
  const save = async () => {
    try {
      const answer = await fetch(`/api/v1/unsent/${form.dataset.draft}`, {
        method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wish()), credentials: "same-origin",
      });
      if (isStopped) return;
      if (answer.ok) version.value = (await answer.json()).version;
      status.textContent = answer.ok ? status.dataset.saved : status.dataset.notSaved;
    } catch {
      status.textContent = status.dataset.notSaved;
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(save, 2000);
  });
  form.addEventListener("submit", () => {
    isStopped = true;
    clearTimeout(timer);
  });
}

/** A part that follows events: numbers are written as they come, and when all is done, the page is read again. */
function follow(part) {
  const source = new EventSource(part.dataset.live);
  const value = (document, path) => path.split(".").reduce((at, name) => at?.[name], document) ?? 0;
  const show = (event) => {
    const document = JSON.parse(event.data);
    for (const field of part.querySelectorAll("[data-sum]")) {
      const sum = field.dataset.sum.split(" ").reduce((total, path) => total + value(document, path), 0);
      if (field.tagName === "PROGRESS") field.value = sum;
      else field.textContent = sum;
    }
  };
  source.addEventListener("progress", show);
  source.addEventListener("done", (event) => {
    source.close();
    show(event);
    location.reload();
  });
  addEventListener("pagehide", () => source.close());
}

/** A finding leads to its line in the text. */
function leadToLine(link) {
  const text = document.querySelector(link.hash);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const before = text.value.split("\n").slice(0, link.dataset.line - 1);
    const start = before.join("\n").length + (before.length ? 1 : 0);
    const end = text.value.indexOf("\n", start);
    text.focus();
    text.setSelectionRange(start, end < 0 ? text.value.length : end);
    text.scrollTop = parseFloat(getComputedStyle(text).lineHeight) * (before.length - 3);
  });
}

document.querySelectorAll("[data-opens]").forEach(opensDialog);
document.querySelectorAll("form[data-draft]").forEach(keepOnServer);
document.querySelectorAll("form[data-kept]").forEach(keepTyped);
document.querySelectorAll("form[data-bulk]").forEach(countChosen);
document.querySelectorAll("form[method=post]").forEach(sendOnce);
document.querySelectorAll("[data-live]").forEach(follow);
document.querySelectorAll("a[data-line]").forEach(leadToLine);
// On a phone the pages and the tabs are wider than the screen: where somebody is comes into view.
for (const one of document.querySelectorAll(".rooms [aria-current], .tabs [aria-current]")) {
  const strip = one.closest(".rooms, .tabs");
  const space = strip.getBoundingClientRect();
  strip.scrollLeft += one.getBoundingClientRect().left - space.left - (space.width - one.offsetWidth) / 2;
}
document.querySelector("#problem")?.focus();
