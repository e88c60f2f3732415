"""A small set of accessibility rules, asked of a page as the browser has it."""

from __future__ import annotations

from playwright.async_api import Page

CONTROLS = {"button", "link", "textbox", "searchbox", "combobox", "listbox", "checkbox", "option"}
NAMED_GROUPS = {"region", "navigation", "dialog"}

RULES = r"""
() => {
  const problems = [];
  const visible = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const name = (e) => `${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""} ` +
    `"${(e.textContent || "").trim().slice(0, 30)}"`;

  if (!document.documentElement.lang) problems.push("the page has no language");
  if (!document.title) problems.push("the page has no title");
  if (document.querySelectorAll("main").length !== 1) problems.push("there is not one main");
  if (document.querySelectorAll("h1").length !== 1) problems.push("there is not one h1");

  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const here = Number(heading.tagName[1]);
    if (here > level + 1) problems.push(`a heading level is left out before ${name(heading)}`);
    level = here;
  }

  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids)) {
    if (ids.indexOf(id) !== ids.lastIndexOf(id)) problems.push(`id ${id} twice`);
  }
  for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls", "for",
    "aria-activedescendant"]) {
    for (const e of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of e.getAttribute(attribute).split(" ")) {
        if (!document.getElementById(id)) problems.push(`${attribute} of ${name(e)}: no ${id}`);
      }
    }
  }
  for (const e of document.querySelectorAll("[tabindex]")) {
    if (e.tabIndex > 0) problems.push(`${name(e)} changes the order of the focus`);
  }
  for (const e of document.querySelectorAll("button, input:not([type=hidden]), select, summary")) {
    const box = e.getBoundingClientRect();
    if (visible(e) && box.width && (box.width < 24 || box.height < 24)) {
      problems.push(`${name(e)} is too small to hit: ${box.width}x${box.height}`);
    }
  }

  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const [r, g, b] = rgba(colour).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgba(colour)[3] === 255) return colour;
    }
    return "white";
  };
  const seen = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || seen.has(e) || !visible(e)) continue;
    if (e.closest(".hidden, .skip, noscript, script, option")) continue;
    seen.add(e);
    const style = getComputedStyle(e);
    const [a, b] = [light(style.color), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) problems.push(`${name(e)} has contrast ${ratio.toFixed(2)}`);
  }
  return problems;
}
"""


async def problems(page: Page) -> list[str]:
    """Return what is wrong with a page as it stands: names, roles, ids, sizes, contrast."""
    found: list[str] = list(await page.evaluate(RULES))
    session = await page.context.new_cdp_session(page)
    tree = await session.send("Accessibility.getFullAXTree")
    for node in tree["nodes"]:
        role = node.get("role", {}).get("value")
        if node.get("ignored") or role not in CONTROLS | NAMED_GROUPS:
            continue
        if not node.get("name", {}).get("value", "").strip():
            found.append(f"a {role} has no name")
    await session.detach()
    return found
