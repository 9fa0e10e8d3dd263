// Text of others as a terminal may show it: models and clients can write what a terminal obeys.

/** Control characters but tab and line feed, and marks that turn the direction of what follows. */
const OBEYED = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/gu;
const CONTROL_PICTURES = 0x2400;

/** What would be obeyed is shown: as its control picture, `\ufffd` where there is none. */
export function printable(text: string): string {
  return text.replace(OBEYED, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(CONTROL_PICTURES + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}
