// Text files that a client gives as bytes, for providers that take text in words alone.
import { fromBase64 } from '../../model/base64.ts';
import type { MediaSource } from '../../model/content.ts';

/** The text of a file of text; undefined for any other. */
export function asText(source: MediaSource): Extract<MediaSource, { kind: 'text' }> | undefined {
  if (source.kind !== 'base64' || !/^(text\/|application\/(json|xml)\b)/.test(source.mediaType))
    return undefined;
  try {
    return { kind: 'text', text: new TextDecoder().decode(fromBase64(source.data)) };
  } catch {
    return undefined;
  }
}
