// The command line: suggestions as a listbox, and what was typed before.

import { suggestions } from "./api.js";

const input = document.getElementById("line");
const listbox = document.getElementById("suggestions");
const KEY = "wardroom.history";
const KEPT = 100;
const PAUSE = 90;

const history = {
  entries: JSON.parse(sessionStorage.getItem(KEY) ?? "[]").map((text) => ({ text, isKept: true })),
  at: null,
  draft: "",

  // What was just typed can be brought back at once; it is stored only when it was let pass.
  add(text) {
    const entry = { text, isKept: false };
    if (this.entries.at(-1)?.text === text) this.entries.pop();
    this.entries = [...this.entries, entry].slice(-KEPT);
    this.at = null;
    return entry;
  },

  keep(entry) {
    entry.isKept = true;
    const kept = this.entries.filter((one) => one.isKept).map((one) => one.text);
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  },

  move(step) {
    const from = this.at ?? this.entries.length;
    const to = Math.min(Math.max(from + step, 0), this.entries.length);
    if (to === from) return;
    if (this.at === null) this.draft = input.value;
    this.at = to === this.entries.length ? null : to;
    input.value = this.at === null ? this.draft : this.entries[to].text;
    input.setSelectionRange(input.value.length, input.value.length);
  },
};

const box = {
  active: -1,
  asked: 0,

  get isOpen() {
    return !listbox.hidden;
  },

  show(lines) {
    listbox.replaceChildren(...lines.map((line, index) => {
      const option = document.createElement("li");
      Object.assign(option, { id: `suggestion-${index}`, role: "option", textContent: line });
      option.setAttribute("aria-selected", "false");
      return option;
    }));
    listbox.hidden = lines.length === 0;
    input.setAttribute("aria-expanded", String(this.isOpen));
    this.mark(-1);
  },

  close() {
    this.asked += 1; // an answer that is still on its way comes too late
    this.show([]);
  },

  mark(index) {
    this.active = index;
    [...listbox.children].forEach((option, at) => {
      option.setAttribute("aria-selected", String(at === index));
    });
    const option = listbox.children[index];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  },

  move(step) {
    const count = listbox.children.length;
    // One place more than there are options: none of them, which is what was typed.
    this.mark(((this.active + 1 + step + count + 1) % (count + 1)) - 1);
  },

  accept(option) {
    input.value = `${option.textContent} `;
    this.close();
    refresh();
  },
};

let pause;
async function refresh() {
  const text = input.value;
  if (!text.trim()) return box.close();
  const asked = (box.asked += 1);
  const lines = await suggestions(text);
  if (asked === box.asked && document.activeElement === input) box.show(lines);
}

function onKey(event) {
  const { key } = event;
  if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
  const option = listbox.children[box.active];
  if (key === "ArrowDown" || key === "ArrowUp") {
    const step = key === "ArrowDown" ? 1 : -1;
    if (box.isOpen) box.move(step);
    else history.move(step);
  } else if ((key === "Enter" || key === "Tab") && !event.shiftKey && option) box.accept(option);
  else if (key === "Escape" && box.isOpen) box.close();
  else return;
  event.preventDefault();
}

export function composer({ send }) {
  input.addEventListener("input", () => {
    history.at = null;
    clearTimeout(pause);
    pause = setTimeout(refresh, PAUSE);
  });
  input.addEventListener("keydown", onKey);
  input.addEventListener("blur", () => box.close());
  listbox.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the focus stays in the line
    const option = event.target.closest("[role=option]");
    if (option) box.accept(option);
  });
  document.getElementById("composer").addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(pause);
    const line = input.value.trim();
    if (!line) return input.focus();
    box.close();
    const answering = send(line);
    if (!answering) return undefined;
    input.value = "";
    const entry = history.add(line);
    const message = await answering;
    if (message.reason !== "phi_blocked") history.keep(entry);
    return undefined;
  });
  return {
    fill(text) {
      input.value = text.endsWith(" ") ? text : `${text} `;
      input.focus();
      refresh();
    },
    focus: () => input.focus(),
  };
}
