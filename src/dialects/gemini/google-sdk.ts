// Google's SDKs as clients. https://github.com/googleapis/js-genai
import type { HeaderReader } from '../../model/headers.ts';

/** The version of the SDK for JavaScript, not of those for other languages. */
const VERSION = /\bgoogle-genai-sdk\/(\d+)\.(\d+)\S* gl-node\//;

/**
 * Before version 2.32 the SDK passes an event with an error on as an answer without content. If it follows a tool's result, Gemini CLI
 * (0.61), which contains 1.30, then takes what came before for the whole answer. An error outside of events, which is how Google's servers
 * send it, is thrown (https://github.com/googleapis/js-genai/issues/461) if nothing else is read together with it.
 */
export function overlooksErrorEvents(headers: HeaderReader): boolean {
  const found = VERSION.exec(headers.get('x-goog-api-client') ?? '');
  const major = Number(found?.[1]);
  return major < 2 || (major === 2 && Number(found?.[2]) < 32);
}

/**
 * Google's SDKs are written for its own servers, which send no comments. Those for Python (3.6:
 * https://github.com/googleapis/python-genai/pull/487) and Go (1.77: https://github.com/googleapis/go-genai) fail at one. Older ones for
 * JavaScript, such as that in Gemini CLI (0.61), read nothing after it: the whole answer is lost, and Gemini CLI asks and pays again
 * (https://github.com/maximhq/bifrost/issues/6240). All of them ignore an event without fields
 * (https://github.com/googleapis/js-genai/issues/963); the one for Go does not ignore a single blank line.
 */
export function refusesComments(headers: HeaderReader): boolean {
  return (headers.get('x-goog-api-client') ?? headers.get('user-agent') ?? '').includes('google-genai-sdk/');
}

/**
 * Google's former SDK for JavaScript, `@google/generative-ai` (0.24.1), only finds an event at the very beginning of its buffer: after
 * anything else, even white space, it ends the process with “Failed to parse stream”. It ignores an answer without candidates.
 * https://github.com/google-gemini/deprecated-generative-ai-js
 */
export function readsOnlyData(headers: HeaderReader): boolean {
  return (headers.get('x-goog-api-client') ?? '').startsWith('genai-js/');
}
