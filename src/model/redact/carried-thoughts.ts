// Removes secrets from thinking that travels within an opaque value, in base64, where no other search finds them.
import { BYTES_MARK, thoughtFromBytesWire } from '../opaque-token.ts';
import { REDACTED } from './shapes.ts';

const VALUES = new RegExp(`${BYTES_MARK}[\\w+/=-]*`, 'g');

export function mayHoldThought(text: string): boolean {
  return text.includes(BYTES_MARK);
}

/** The text with `[redacted]` in place of each value whose thought holds a secret. */
export function withoutSecretThoughts(text: string, redact: (text: string) => string): string {
  return mayHoldThought(text) ? withoutSecrets(text, redact) : text;
}

function withoutSecrets(text: string, redact: (text: string) => string): string {
  return text.replace(VALUES, (wire) => {
    const thought = thoughtFromBytesWire(wire);
    return thought === undefined || redact(thought.text) === thought.text ? wire : REDACTED;
  });
}
