// Both pages with passkeys: it hands on what the server and the device say to each other, and shows how far it is.

const problem = document.querySelector('.problem[role="alert"]');
const status = document.querySelector(".status");

class Refused extends Error {}

/** A POST of JSON. Throws the sentence of the server's refusal. */
async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), credentials: "same-origin",
  });
  const found = await answer.json();
  if (!answer.ok) throw new Refused(found.detail);
  return found;
}

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const withBytes = (credentials) => (credentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

/** What the device made, as JSON. Not every browser has `toJSON` yet. */
function sent(credential) {
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = text(credential.response[part]);
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

/** Runs what a button asks for: once at a time, with its state and its problem in words. */
function onClick(button, work) {
  let running = false;
  button.addEventListener("click", async () => {
    if (running) return;
    running = true;
    problem.hidden = true;
    status.textContent = status.dataset.busy;
    try {
      await work();
    } catch (error) {
      show(sentence(error, button.dataset));
    } finally {
      running = false;
      status.textContent = "";
    }
  });
}

function sentence(error, words) {
  if (error instanceof Refused) return error.message;
  if (error.name === "InvalidStateError" && words.known) return words.known;
  return error instanceof DOMException ? words.cancelled : words.away;
}

function show(words) {
  problem.textContent = words;
  problem.hidden = false;
}

async function signIn(wanted) {
  const options = await post("/sign-in/passkey/challenge", { next: wanted });
  const publicKey = {
    ...options, challenge: bytes(options.challenge), allowCredentials: withBytes(options.allowCredentials),
  };
  const { next } = await post("/sign-in/passkey", sent(await navigator.credentials.get({ publicKey })));
  location.assign(next);
}

async function add(link) {
  const { options } = await post("/sign-in/passkey/link", { link });
  const publicKey = {
    ...options, challenge: bytes(options.challenge), excludeCredentials: withBytes(options.excludeCredentials),
    user: { ...options.user, id: bytes(options.user.id) },
  };
  const credential = sent(await navigator.credentials.create({ publicKey }));
  await post("/sign-in/passkey/new", { link, credential });
  document.querySelector("#adding").hidden = true;
  const added = document.querySelector("#added");
  added.hidden = false;
  added.querySelector("h1").focus();
}

const signInButton = document.querySelector("#sign-in");
const addButton = document.querySelector("#add");
const button = signInButton ?? addButton;
if (!window.PublicKeyCredential) {
  button.hidden = true;
  show(button.dataset.unsupported);
} else if (signInButton) {
  onClick(signInButton, () => signIn(signInButton.dataset.next));
} else {
  const link = location.hash.slice(1);
  history.replaceState(null, "", location.pathname); // so that the link is not in the browser's history
  const person = document.querySelector("#person");
  try {
    person.textContent = (await post("/sign-in/passkey/link", { link })).person;
    person.hidden = addButton.hidden = false;
    onClick(addButton, () => add(link));
  } catch (error) {
    show(sentence(error, addButton.dataset));
  }
}
