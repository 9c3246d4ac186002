"use strict";
// Passkeys: the one thing here that a browser cannot do without a script.
const ASKED = { publicKey: null };
async function post(path, document_) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": document.body.dataset.csrf || "" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(document_) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error.what + (told.error.do ? "; " + told.error.do : ""));
  return told;
}
async function signIn(form) {
  const options = await post("/sign-in/passkey/options?format=json", {});
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const made = await navigator.credentials.get({ ...ASKED, publicKey });
  return post("/sign-in/passkey?format=json", { credential: made.toJSON(), next: form.dataset.next });
}
async function add(form) {
  const options = await post("/me/passkeys/options?format=json", {});
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const made = await navigator.credentials.create({ ...ASKED, publicKey });
  return post("/me/passkeys?format=json", { credential: made.toJSON(), name: form.elements.name.value });
}
if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const status = form.querySelector("[role=status]");
      status.textContent = "The browser asks for your passkey …";
      try {
        const told = await (form.dataset.passkey === "add" ? add(form) : signIn(form));
        location.assign(told.see);
      } catch (error) {
        status.textContent = error.name === "NotAllowedError" ? "Nothing was signed." : error.message;
      }
    });
  }
}
