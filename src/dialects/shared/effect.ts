// Effect's packages for models (@effect/ai-openai, @effect/ai-google) as clients. https://github.com/Effect-TS/effect/tree/main/packages/ai
import type { HeaderReader } from '../../model/headers.ts';

/**
 * Whether it is Effect's HTTP client, which does not name itself. It is recognized by stating the trace in two forms at once, where others
 * choose one. (Programs told to use both, `OTEL_PROPAGATORS=tracecontext,b3`, do so too, but vendors' SDKs in these name themselves, while
 * Effect only has its runtime's user agent.)
 * https://github.com/Effect-TS/effect/blob/main/packages/platform/src/HttpTraceContext.ts
 *
 * Its models skip what they do not know in a stream, such as Gemini's errors, and take a failed response of Responses for a finished one,
 * reading its usual ending at once.
 */
export function isEffect(headers: HeaderReader): boolean {
  const [, trace] = TRACE.exec(headers.get('traceparent') ?? '') ?? [];
  if (trace === undefined || headers.get('b3')?.startsWith(`${trace}-`) !== true) return false;
  return RUNTIME.test(headers.get('user-agent') ?? '');
}

const TRACE = /^00-([0-9a-f]{32})-/;
const RUNTIME = /^($|node|undici|Bun\/|Deno\/|Mozilla\/)/;
