// Puts the page together: what is typed, pressed or filled in goes down the one road.

import { ask, nonce } from "./api.js";
import { composer } from "./composer.js";
import { watch } from "./events.js";
import * as messages from "./messages.js";
import { persona } from "./persona.js";
import { lineOf } from "./question.js";

const LONGEST = 240;
const announcer = document.getElementById("announcer");
const list = document.getElementById("messages");

function announce(text) {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)} ...` : text;
  // The same words twice in a row are news as well.
  announcer.textContent = announcer.textContent === short ? `${short} ` : short;
}

const me = persona({ announce });
const isRefused = (message) => !["ok", "pending_approval"].includes(message.reason);

// Says an answer aloud, unless what it says has been followed by news already.
function hear(place, message) {
  if (!messages.isOvertaken(place, message)) announce(message.text);
}

// Sends one submission and shows its answer under what was said.
async function submit(place, submission) {
  const message = await ask(submission);
  const shown = messages.answer(place, message);
  hear(shown, message);
  if (message.lost) {
    messages.addRetry(shown, () => {
      shown.querySelector(":scope > .reply")?.remove();
      submit(shown, submission);
    });
  }
  return message;
}

function type(line) {
  if (!me.demand()) return null;
  const submission = { text: line, as: me.current(), nonce: nonce() };
  return submit(messages.say(me.current(), line, `s-${submission.nonce}`), submission);
}

async function press(button) {
  if (button.getAttribute("aria-disabled") === "true" || !me.demand()) return;
  const line = await lineOf(button);
  if (line === null) return;
  button.setAttribute("aria-disabled", "true");
  const place = button.closest(".message");
  const submission = { text: line, as: me.current(), nonce: nonce() };
  try {
    const message = await ask(submission);
    if (place && message.ref && messages.isShownAt(place, message)) {
      messages.edit(place, message);
      hear(place, message);
      return;
    }
    const said = messages.say(me.current(), line, `s-${submission.nonce}`);
    const shown = messages.answer(said, message);
    hear(shown, message);
    if (message.lost) messages.addRetry(shown, () => press(button));
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

function complain(form, text) {
  const error = form.querySelector(".error") ?? document.createElement("p");
  error.className = "error";
  error.setAttribute("role", "alert");
  error.textContent = text;
  form.querySelector("legend").after(error);
  form.querySelector("input, select, textarea").focus();
}

async function sendForm(form) {
  if (form.dataset.busy || !me.demand()) return;
  form.dataset.busy = "yes";
  const fields = Object.fromEntries(new FormData(form));
  // A form that got no answer is the same submission when it is sent again.
  form.dataset.nonce ||= nonce();
  const message = await ask({
    text: form.dataset.command, fields, as: me.current(), nonce: form.dataset.nonce,
  });
  delete form.dataset.busy;
  if (message.lost) return complain(form, message.text);
  delete form.dataset.nonce;
  if (isRefused(message)) return complain(form, message.form ? firstLine(message) : message.text);
  const place = form.closest(".message");
  const sent = document.createElement("p");
  sent.className = "quiet";
  sent.textContent = "Sent.";
  form.replaceWith(sent);
  const line = `${form.dataset.command} (form)`;
  const shown = messages.answer(messages.say(me.current(), line, `s-${nonce()}`), message);
  hear(shown, message);
  return (shown ?? place).focus({ preventScroll: true });
}

// A deploy is heard step by step: its newest step that is not waiting, else its summary.
function progress(message) {
  const steps = [...document.querySelectorAll(`#msg-${CSS.escape(message.ref)} .steps li`)];
  const step = steps.filter((one) => !["waiting", "skipped"].includes(one.dataset.state)).at(-1);
  return step ? `${message.summary}. ${step.textContent}` : message.summary;
}

const firstLine = (message) => message.text.split("\n")[0];

const line = composer({ send: type });

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-command]");
  if (button) press(button);
  const chip = event.target.closest("button[data-fill]");
  if (chip) line.fill(chip.dataset.fill);
  const entry = event.target.closest("#waiting a");
  if (entry) document.getElementById(entry.hash.slice(1))?.focus({ preventScroll: true });
});

list.addEventListener("submit", (event) => {
  event.preventDefault();
  sendForm(event.target);
});

watch({
  after: list.dataset.after,
  onMessage(message) {
    const changed = messages.receive(message);
    if (changed) announce(progress(message));
  },
});

document.documentElement.classList.add("script");
if (window.matchMedia("(max-width: 56rem)").matches) document.getElementById("hints").open = false;
if (window.matchMedia("(pointer: fine)").matches) line.focus();
