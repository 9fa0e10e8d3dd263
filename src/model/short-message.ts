// Shortens error messages, which quote what a client or a provider sent and may be as long as a body.

/** In UTF-16 units. */
export const LONGEST_MESSAGE = 8 * 1024;

/** Cuts out the middle of a longer message, since its end says what to do. */
export function shortMessage(message: string): string {
  if (message.length <= LONGEST_MESSAGE) return message;
  return `${message.slice(0, LONGEST_MESSAGE / 2)}…${message.slice(1 - LONGEST_MESSAGE / 2)}`.toWellFormed();
}
