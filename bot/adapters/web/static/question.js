// Asks before a control acts: to confirm, or for the one argument that it still needs.

const dialog = document.getElementById("question");
const form = dialog.querySelector("form");
const field = document.getElementById("question-field");
const area = field.querySelector("textarea");
const [no, yes] = dialog.querySelectorAll("button");

// The parser takes these for a double quote, or for an escape.
const SPECIAL = /["\u201c\u201d\u201e\u201f\u00ab\u00bb\\]/g;
const quoted = (value) => `"${value.replace(SPECIAL, "\\$&")}"`;

const words = (name) => {
  const plain = name.replaceAll("_", " ");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
};

let settle = () => {};
form.addEventListener("submit", (event) => {
  event.preventDefault();
  settle(true);
});
no.addEventListener("click", () => settle(false));
dialog.addEventListener("cancel", () => settle(false));

function open(text, label, asks, isDangerous) {
  document.getElementById("question-text").textContent = text;
  field.hidden = !asks;
  field.querySelector(".label").textContent = asks ? words(asks) : "";
  area.required = Boolean(asks);
  area.value = "";
  yes.textContent = label;
  yes.className = isDangerous ? "danger" : "primary";
  dialog.showModal();
  if (asks) area.focus();
  return new Promise((resolve) => {
    settle = (goes) => {
      settle = () => {};
      dialog.close();
      resolve(goes);
    };
  });
}

// Returns the line that a button types, or null when the person thought better of it.
export async function lineOf(button) {
  const { command, confirm, asks } = button.dataset;
  if (!confirm && !asks) return command;
  const label = button.textContent.trim();
  const isDangerous = button.classList.contains("danger");
  if (!(await open(confirm || command, label, asks, isDangerous))) return null;
  return asks ? `${command} --${asks.replaceAll("_", "-")} ${quoted(area.value)}` : command;
}
