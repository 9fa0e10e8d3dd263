// Unsigned calls in a request's history, which come from providers without signatures.
// https://ai.google.dev/gemini-api/docs/thought-signatures
import { asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { modelTraits } from './models.ts';
import { camelFields, listOf } from './wire.ts';

/** Whether the model would refuse the request for an unsigned call: it checks the first call of each step since the user's last text. */
export function holdsUnsigned({ contents }: JsonObject, model: string): boolean {
  if (!modelTraits(model).needsSignatures) return false;
  const all = listOf(contents).map((content) => asObject(content) ?? {});
  const since = all.findLastIndex(({ role, parts }) => role === 'user' && partsOf(parts).some(hasText));
  let hasCalled = false;
  for (const { role, parts } of all.slice(since + 1)) {
    if (role !== 'model') {
      hasCalled = false;
      continue;
    }
    // In the history, a streamed answer is one content per piece; together they form one step.
    const first = hasCalled ? undefined : partsOf(parts).find((part) => part.functionCall !== undefined);
    if (first === undefined) continue;
    if (first.thoughtSignature === undefined) return true;
    hasCalled = true;
  }
  return false;
}

function partsOf(parts: JsonValue | undefined): JsonObject[] {
  return listOf(parts).map((part) => camelFields(asObject(part) ?? {}));
}

function hasText({ text }: JsonObject): boolean {
  return text !== undefined;
}
