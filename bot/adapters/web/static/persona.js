// Who speaks in this tab. Two tabs may be two people; a new tab starts as the last one chosen.

const KEY = "wardroom.persona";

export function persona({ announce }) {
  const select = document.getElementById("persona");
  const kept = sessionStorage.getItem(KEY);
  if (kept !== null && [...select.options].some((option) => option.value === kept)) {
    select.value = kept;
  }
  select.addEventListener("change", () => {
    sessionStorage.setItem(KEY, select.value);
    const chosen = select.selectedOptions[0].textContent;
    announce(select.value ? `You are now ${chosen}.` : "You are nobody now.");
    fetch("/persona", {
      method: "POST",
      body: new URLSearchParams({ as: select.value }),
      redirect: "manual",
    }).catch(() => {}); // this tab knows who it is; only the next one would ask again
  });
  return {
    current: () => select.value,
    demand() {
      if (select.value) return true;
      announce("Choose who you are first.");
      select.focus();
      return false;
    },
  };
}
