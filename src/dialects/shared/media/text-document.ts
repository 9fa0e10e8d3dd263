// Text files that a client gives as bytes, for providers that accept text only as such.
import { fromBase64 } from '../../../model/base64.ts';
import type { MediaSource } from '../../../model/content.ts';

/** Types of text, including those without `text/` under the names that browsers, Python and OpenAI's list of accepted files use. */
const TEXTS =
  /^(text\/|application\/((x-)?(javascript|json|ndjson|python|sh|sql|toml|typescript|xml|yaml)|[\w.-]+\+(json|xml|yaml))\s*(;|$))/i;

/** The text of a document as part of a turn, after its name. */
export function titledText(text: string, name: string | undefined): string {
  return name === undefined ? text : `${name}\n\n${text}`;
}

/** The text of a text file; undefined for any other. */
export function asText(source: MediaSource): Extract<MediaSource, { kind: 'text' }> | undefined {
  if (source.kind !== 'base64' || !TEXTS.test(source.mediaType)) return undefined;
  try {
    return { kind: 'text', text: new TextDecoder().decode(fromBase64(source.data)) };
  } catch {
    return undefined;
  }
}
