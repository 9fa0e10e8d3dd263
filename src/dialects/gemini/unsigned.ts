// Calls without a signature in a request's history: of a provider that gives none.
// https://ai.google.dev/gemini-api/docs/thought-signatures
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { modelTraits } from './models.ts';

/** Whether the model would refuse the request for one: it looks at the first call of each step since the user last spoke. */
export function holdsUnsigned({ contents }: JsonObject, model: string): boolean {
  if (!modelTraits(model).needsSignatures) return false;
  for (const content of (asArray(contents) ?? []).toReversed()) {
    const { role, parts } = asObject(content) ?? {};
    const fields = (asArray(parts) ?? []).map((part: JsonValue) => asObject(part) ?? {});
    if (role === 'user' && fields.some((part) => part.text !== undefined)) return false;
    const first = fields.find((part) => part.functionCall !== undefined);
    if (role === 'model' && first !== undefined && first.thoughtSignature === undefined) return true;
  }
  return false;
}
