// Keeps one event stream open and says in words whether it is.

const AGAIN_AFTER = 5000;

export function watch({ after, onMessage }) {
  const link = document.getElementById("link");
  let last = after;

  const say = (state, words) => {
    if (link.dataset.state === state) return;
    link.dataset.state = state;
    link.textContent = words;
  };

  let source;
  const open = () => {
    source = new EventSource(`/api/events?after=${encodeURIComponent(last)}`);
    source.addEventListener("open", () => say("live", "Live"));
    source.addEventListener("message", (event) => {
      last = event.lastEventId;
      onMessage(JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      say("lost", "Not connected, trying again");
      // The browser comes back by itself unless the server refused; then we do.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, AGAIN_AFTER);
    });
  };
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) open(); // the page was only put aside
  });
  open();
}
