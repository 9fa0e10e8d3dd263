// Google's SDK for JavaScript as a client. https://github.com/googleapis/js-genai
import type { HeaderReader } from '../../model/headers.ts';

/** Of the SDK for JavaScript, not those for other languages. */
const VERSION = /\bgoogle-genai-sdk\/(\d+)\.(\d+)\S* gl-node\//;

/**
 * Before version 2.32 it passes an event with an error on as an answer without content. Gemini CLI (0.61), which contains 1.30, then
 * takes what came before for the whole answer if it follows a tool's result. An error outside of events, which is how Google's
 * servers send it, it throws (https://github.com/googleapis/js-genai/issues/461) where nothing else is read with it.
 */
export function overlooksErrorEvents(headers: HeaderReader): boolean {
  const found = VERSION.exec(headers.get('x-goog-api-client') ?? '');
  const major = Number(found?.[1]);
  return major < 2 || (major === 2 && Number(found?.[2]) < 32);
}
