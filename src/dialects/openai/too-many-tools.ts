// How vendors say that a request offers more tools than they take.

/** OpenAI and Azure; Groq; xAI; GitHub's Copilot. */
const TOO_MANY =
  /\btools\b'? ?: (array too long|maximum number of items)|maximum tools limit reached|more than \d+ tools|too many tools/i;

export function meansTooManyTools(message: string): boolean {
  return TOO_MANY.test(message);
}

/** Appended to the provider's own message. */
export const FEWER_TOOLS =
  '; offer fewer tools, or name a target whose provider takes more in routing.fallback_chain';
