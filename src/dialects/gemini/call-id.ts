// Ids of function calls. Gemini may omit them, but every other dialect requires one, so one is made up, always the same for the same call,
// and recognized when it comes back.

const MADE_UP = /^gcall-[\w-]+$/;

/** @param scope identifies this answer in the conversation. @param index of the call in it. */
export function madeUpCallId(scope: string, index: number): string {
  return `gcall-${scope.replace(/[^\w-]/g, '')}-${index}`;
}

/** Whether the id was made up here, and must not be sent to Gemini. */
export function isMadeUp(id: string): boolean {
  return MADE_UP.test(id);
}
