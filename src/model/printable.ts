// Makes foreign text safe for a terminal: models and clients can write escape sequences that a terminal obeys.

/** Control characters except tab and line feed, and marks that change the writing direction. */
const OBEYED = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/gu;
const CONTROL_PICTURES = 0x2400;

/** Such characters are shown as their control picture, or `\ufffd` if there is none. */
export function printable(text: string): string {
  return text.replace(OBEYED, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(CONTROL_PICTURES + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}
