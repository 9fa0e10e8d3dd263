// Effect's packages for models (@effect/ai-openai, @effect/ai-google) as clients. https://github.com/Effect-TS/effect/tree/main/packages/ai
import type { HeaderReader } from '../../model/headers.ts';

/**
 * Whether it is Effect's HTTP client, which does not say so: it names the trace that the request belongs to in two forms at once, as
 * others choose one, but for programs whose telemetry is told to use both (`OTEL_PROPAGATORS=tracecontext,b3`): vendors' SDKs in these say who
 * they are, where Effect has nothing but what its runtime says. https://github.com/Effect-TS/effect/blob/main/packages/platform/src/HttpTraceContext.ts
 *
 * Its models skip what they do not know of a stream, Gemini's errors among it, and take a failed response of Responses for a finished
 * one, whose usual end they read at once.
 */
export function isEffect(headers: HeaderReader): boolean {
  const [, trace] = TRACE.exec(headers.get('traceparent') ?? '') ?? [];
  if (trace === undefined || headers.get('b3')?.startsWith(`${trace}-`) !== true) return false;
  return RUNTIME.test(headers.get('user-agent') ?? '');
}

const TRACE = /^00-([0-9a-f]{32})-/;
const RUNTIME = /^($|node|undici|Bun\/|Deno\/|Mozilla\/)/;
