// Moments in a reply, which are written in UTC: shown in the reader's own time zone.

const DAY = { year: "numeric", month: "short", day: "numeric" };
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
const local = new Intl.DateTimeFormat([], { ...DAY, ...CLOCK });
const exact = new Intl.DateTimeFormat([], { ...DAY, ...CLOCK, second: "2-digit" });

// Returns the same element; what was written there stays as the moment's title.
export function localise(root) {
  for (const time of root.querySelectorAll(".reply time:not([title])")) show(time);
  return root;
}

function show(time) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.valueOf())) return;
  time.title = time.textContent;
  const hasSeconds = time.textContent.split(":").length > 2;
  time.textContent = (hasSeconds ? exact : local).format(at);
}
