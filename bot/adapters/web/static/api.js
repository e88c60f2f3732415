// Talks to the server. Every submission has its own nonce, so that a repeat runs once.

export const nonce = () => crypto.randomUUID();

async function post(path, body) {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

// Returns the server's message; one without `html` when there is no proper answer.
export async function ask(submission) {
  let response;
  try {
    response = await post("/api/chat", submission);
  } catch {
    return {
      reason: "unavailable",
      lost: true,
      text: "Wardroom did not answer, so it is not known whether this ran. "
        + "Trying again is safe: the same submission runs once.",
    };
  }
  try {
    return await response.json();
  } catch {
    return { reason: "failed", text: "The answer could not be read. Reload the page." };
  }
}

export async function suggestions(text) {
  try {
    const response = await post("/api/complete", { text });
    return response.ok ? (await response.json()).lines : [];
  } catch {
    return []; // a missing suggestion is not worth a word
  }
}
