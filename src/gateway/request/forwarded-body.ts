// The body of a request that is forwarded as it is: the model that it names, and what of it a row may hold.
import { editTopLevel } from '../../model/json/edit.ts';
import { asString, parseObject } from '../../model/json/json.ts';
import { findFormField, withFormField } from './form-field.ts';
import { isJsonType } from './read-body.ts';

export interface ForwardedBody {
  /** Null where the body names none. */
  model: string | null;
  /** JSON; null where the body is something else. */
  text: string | null;
  /** The bytes with another model; the client's own bytes where they name that model already. */
  withModel(model: string): Uint8Array<ArrayBuffer>;
}

/** In some requests (caches, decisions) Google requires this before the model's name, and it must then stay there. */
const COLLECTION = 'models/';

const strictDecoder = new TextDecoder('utf-8', { fatal: true });

/**
 * @param type the `content-type`.
 * @param isBeginning more of the body follows.
 */
export function parseForwardedBody(
  bytes: Uint8Array<ArrayBuffer>,
  type: string | null,
  isBeginning: boolean,
): ForwardedBody {
  const asItIs: ForwardedBody = { model: null, text: null, withModel: () => bytes };
  if (type === null || bytes.length === 0) return asItIs;
  if (!isJsonType(type)) return parseForm(bytes, type) ?? asItIs;
  return isBeginning ? asItIs : (parseJson(bytes) ?? asItIs);
}

function parseForm(bytes: Uint8Array<ArrayBuffer>, type: string): ForwardedBody | undefined {
  const field = findFormField(type, bytes, 'model');
  if (field === undefined || field.value === '') return undefined;
  const withModel = (own: string) => (own === field.value ? bytes : withFormField(bytes, field, own));
  return { model: field.value, text: null, withModel };
}

function parseJson(bytes: Uint8Array<ArrayBuffer>): ForwardedBody | undefined {
  let text: string;
  try {
    text = strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
  const named = asString(parseObject(text)?.model) || null;
  const form = named?.startsWith(COLLECTION) === true ? COLLECTION : '';
  const model = named?.slice(form.length) || null;
  const withModel = (own: string) =>
    own === model || model === null
      ? bytes
      : new TextEncoder().encode(editTopLevel(text, { model: form + own }));
  return { model, text, withModel };
}
