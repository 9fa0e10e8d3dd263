// An entry of the catalogue: one feature, in the form of each wire.
import type { DialectId } from '../../src/model/dialect-id.ts';
import { isObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';

import type { TableWire } from './wires.ts';

/** Wires with forms of their own. InvokeModel has its vendor's dialect in an envelope. */
export type SpokenId = Exclude<TableWire, 'bedrock-invoke'>;

/** Fields of a body that express the feature; null where the wire has none. */
export type Form = JsonObject | null;

export interface Feature {
  name: string;
  forms: Record<SpokenId, Form>;
  /** Headers that express it to providers of InvokeModel, whose body has its vendor's fields alone. */
  invokeHeaders?: JsonObject;
  /** What clients send, where it is not the form: a provider's own tokens, marked, or more than must arrive. */
  sends?: (client: DialectId, provider: TableWire) => JsonObject;
  /** Asked of models that reason, where the wire's models differ. */
  reasons?: true;
  /** The clients that can express it, where a form is more than they must send. */
  clients?: readonly DialectId[];
  /** Models to ask, where only some take the feature. */
  models?: Partial<Record<TableWire, string>>;
}

/** A feature of answers; the forms are what providers send. */
export interface AnswerFeature {
  name: string;
  forms: Record<SpokenId, Form>;
  /** What clients must read, where it is not the form of their own wire: less, or ids that the gateway makes. */
  reads?: Partial<Record<DialectId, Form>>;
  /** Of these texts, one must be somewhere in the answer, in whichever opaque field the client has. */
  marks?: readonly string[];
}

export interface FeatureGroup {
  title: string;
  features: readonly Feature[];
}

export interface AnswerGroup {
  title: string;
  features: readonly AnswerFeature[];
}

/** `base` with the fields of `more`: objects are merged, anything else is replaced. */
export function merge(base: JsonObject, more: JsonObject): JsonObject {
  const merged: JsonObject = { ...base };
  for (const [field, value] of Object.entries(more)) {
    const known = merged[field];
    merged[field] = isObject(known) && isObject(value) ? merge(known, value) : value;
  }
  return merged;
}

/** Content of one text, which may be written as a string. */
function isText(content: readonly JsonValue[], text: string): boolean {
  const [block, ...others] = content;
  if (others.length > 0 || !isObject(block)) return false;
  const { type: _, ...rest } = block;
  return Object.keys(rest).length === 1 && rest.text === text;
}

/** Whether `actual` contains all of `expected`: more fields, and more elements between, are allowed. */
export function says(actual: JsonValue | undefined, expected: JsonValue | undefined): boolean {
  if (expected === undefined) return true;
  if (Array.isArray(expected)) {
    if (typeof actual === 'string') return isText(expected, actual);
    if (!Array.isArray(actual)) return false;
    let at = 0;
    return expected.every((each) => {
      const found = actual.findIndex((other, place) => place >= at && says(other, each));
      at = found + 1;
      return found !== -1;
    });
  }
  if (isObject(expected)) {
    return isObject(actual) && Object.entries(expected).every(([name, value]) => says(actual[name], value));
  }
  // With more fields beside it, such as a cache breakpoint.
  if (typeof expected === 'string' && Array.isArray(actual) && actual.length === 1)
    return says(actual[0], { type: 'text', text: expected });
  return actual === expected;
}
