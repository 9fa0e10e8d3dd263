// Marked secrets, and whether a text contains enough of one to be of use to somebody.

/** Characters from its start or its end. */
const ENOUGH = 8;
/** The part that every vendor's keys share says nothing. */
const PUBLIC_PREFIX = /^(sk-ant-api03-|AIzaSy)/;

/** What was found, each with what stands around it. */
export function leaksOf(secrets: Readonly<Record<string, string>>, text: string): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) => {
    const own = secret.replace(PUBLIC_PREFIX, '');
    const parts = [own.slice(0, ENOUGH), own.slice(-ENOUGH)];
    return parts.flatMap((part) => {
      const at = text.indexOf(part);
      return at === -1 ? [] : [`${name}: …${text.slice(Math.max(0, at - 60), at + 40)}…`];
    });
  });
}
