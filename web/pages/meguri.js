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

/** A list with check boxes: one box for all of the page, and how many are chosen. */
function countChosen(form) {
  const all = form.querySelector("[data-all]");
  const count = form.querySelector("[data-count]");
  const boxes = [...form.querySelectorAll("input[type=checkbox][name=goal]")];
  const show = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    if (all) {
      all.checked = chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
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

/** The counts of an instruction that is carried out, as they come; at its end the page is read again. */
function follow(part) {
  const source = new EventSource(part.dataset.follow);
  source.addEventListener("progress", (event) => {
    const { goal_count, by_result } = JSON.parse(event.data);
    part.querySelector("[data-total]").textContent = goal_count;
    for (const one of part.querySelectorAll("[data-result]")) one.textContent = by_result[one.dataset.result] ?? 0;
  });
  source.addEventListener("done", () => {
    source.close();
    location.reload();
  });
}

document.querySelectorAll("[data-follow]").forEach(follow);
for (const one of document.querySelectorAll(".tabs [aria-current]")) one.scrollIntoView({ block: "nearest", inline: "nearest" });
document.querySelectorAll("form[data-kept]").forEach(keepTyped);
document.querySelectorAll("form[data-bulk]").forEach(countChosen);
document.querySelectorAll("form[method=post]").forEach(sendOnce);
document.querySelector("#problem")?.focus();
