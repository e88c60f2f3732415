// The conversation: every message once, edited in place, never taking the focus away.

import { localise } from "./times.js";

const list = document.getElementById("messages");
const jump = document.getElementById("jump");
const waiting = document.getElementById("waiting");
const NEAR = 160;
const MOST = 300;

// The server escapes every value it draws; this is the only place that takes its word for it.
const trusted = window.trustedTypes
  ? window.trustedTypes.createPolicy("wardroom", { createHTML: (html) => html })
  : { createHTML: (html) => html };

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function drawn(message) {
  if (message.html) {
    const holder = document.createElement("template");
    holder.innerHTML = trusted.createHTML(message.html);
    return localise(holder.content.firstElementChild);
  }
  const article = element("article", { className: "reply" });
  article.dataset.reason = message.reason;
  article.append(element("p", { textContent: message.text }));
  return article;
}

const isNearEnd = () =>
  window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - NEAR;

function reveal(item) {
  jump.hidden = true;
  item.scrollIntoView({ block: "nearest" });
}

function find(ref) {
  return document.getElementById(`msg-${ref}`);
}

function item(ref) {
  const made = element("li", { className: "message", id: `msg-${ref}`, tabIndex: -1 });
  made.dataset.ref = ref;
  return made;
}

// An update's id is the server's run and a count; after a restart everything is newer.
function isNewer(id, than) {
  if (!id || !than) return true;
  const [run, count] = id.split("-");
  const [lastRun, lastCount] = than.split("-");
  return run !== lastRun || Number(count) > Number(lastCount);
}

// Puts a message's newest form into its place; an older one that arrives late changes nothing.
function fill(place, message) {
  if (!isNewer(message.id, place.dataset.shown)) return false;
  const old = place.querySelector(":scope > .reply");
  const made = drawn(message);
  const hadFocus = old?.contains(document.activeElement);
  if (old && isBeingFilledIn(old)) return false;
  if (message.id) place.dataset.shown = message.id;
  if (old) old.replaceWith(made);
  else place.append(made);
  if (hadFocus) place.focus({ preventScroll: true });
  place.classList.remove("fresh");
  void place.offsetWidth; // starts the arrival's highlight again
  place.classList.add("fresh");
  return true;
}

// A form that somebody is typing into is not swept away by an edit.
const isBeingFilledIn = (article) => article.querySelector("form")?.contains(document.activeElement);

// A message from the stream: somebody else's, or an edit.
export function receive(message) {
  const stays = isNearEnd();
  const known = find(message.ref);
  const place = known ?? item(message.ref);
  if (!known) list.append(place);
  const changed = fill(place, message);
  afterwards(message);
  if (known || !changed) return changed;
  if (stays) reveal(place);
  else jump.hidden = false;
  return true;
}

// Shows what was typed, and returns where its answer goes.
export function say(who, text, ref) {
  const place = item(ref);
  const now = new Date();
  const time = element("time", {
    dateTime: now.toISOString(),
    textContent: now.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
  });
  const said = element("p", { className: "said" },
    element("span", { className: "who", textContent: who }),
    element("code", { textContent: text }), time);
  const working = element("article", { className: "reply working" },
    element("p", { textContent: "Working" }));
  place.append(said, working);
  list.append(place);
  document.getElementById("welcome").hidden = true;
  reveal(place);
  return place;
}

// Shows the answer to what was said at `place`: a topic's one message moves down to it.
export function answer(place, message) {
  const known = message.ref && find(message.ref);
  if (message.reason === "phi_blocked") {
    place.querySelector(".said code").textContent = "(withheld: it looked like patient data)";
  }
  if (known && known !== place) {
    place.querySelector(":scope > .working")?.remove();
    known.querySelector(":scope > .said")?.remove();
    known.prepend(...place.querySelectorAll(":scope > .said"));
    place.remove();
    list.append(known);
    fill(known, message);
    afterwards(message);
    reveal(known);
    return known;
  }
  place.querySelector(":scope > .working")?.remove();
  if (message.ref) {
    place.id = `msg-${message.ref}`;
    place.dataset.ref = message.ref;
  }
  fill(place, message);
  afterwards(message);
  reveal(place);
  place.querySelector(":scope > .reply form :is(input, select, textarea)")?.focus();
  return place;
}

// Edits a message that a control of its own was used on.
export function edit(place, message) {
  const changed = fill(place, message);
  afterwards(message);
  return changed;
}

// An answer can arrive after the news that followed it: then it is told no more.
export const isOvertaken = (place, message) =>
  Boolean(message.id && place.dataset.shown) && isNewer(place.dataset.shown, message.id);

export const isShownAt = (place, message) => place.dataset.ref === message.ref;

export function addRetry(place, again) {
  const button = element("button", { type: "button", textContent: "Try again" });
  button.addEventListener("click", again, { once: true });
  place.querySelector(":scope > .reply").append(
    element("div", { className: "actions" }, button));
}

function afterwards(message) {
  while (list.children.length > MOST) list.firstElementChild.remove();
  document.getElementById("welcome").hidden = true;
  if (message.topic) keepWaiting(message);
}

function keepWaiting(message) {
  const old = [...waiting.children].find((one) => one.dataset.topic === message.topic);
  const isPending = message.reason === "pending_approval" && message.html;
  if (!isPending) old?.remove();
  else if (!old) {
    const entry = element("li", {},
      element("a", { href: `#msg-${message.ref}`, textContent: message.summary }));
    entry.dataset.topic = message.topic;
    waiting.append(entry);
  }
  document.getElementById("waiting-count").textContent = waiting.children.length;
  document.getElementById("waiting-none").hidden = waiting.children.length > 0;
}

jump.addEventListener("click", () => {
  reveal(list.lastElementChild);
  list.lastElementChild.focus({ preventScroll: true });
});
window.addEventListener("scroll", () => { if (isNearEnd()) jump.hidden = true; }, { passive: true });
localise(list);
if (list.lastElementChild) list.lastElementChild.scrollIntoView({ block: "end" });
