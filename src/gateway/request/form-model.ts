// The model in a form with files (multipart/form-data), as requests for transcriptions and edited images have it.
// https://www.rfc-editor.org/rfc/rfc7578

/** Where the value of the field `model` is, in bytes. */
export interface FormModel {
  model: string;
  start: number;
  end: number;
}

const FORM = /^multipart\/form-data\b.*?\bboundary=("?)([^";]{1,70})\1/i;
/** One character for each byte, so that places in the text are places in the bytes. */
const bytewise = new TextDecoder('latin1');
const FIELD = /\bname="?model"?(?=;|\s*$)/im;
const HEAD_END = '\r\n\r\n';
/** In bytes: files come in between, and models have no such names. */
const LONGEST_HEAD = 1024;
const LONGEST_MODEL = 256;
/** Parts that are looked at: a body of nothing but boundaries has millions. */
const MOST_PARTS = 1_000;

/** Undefined where the body is no such form, or has no such field. */
export function findFormModel(contentType: string, body: Uint8Array): FormModel | undefined {
  const boundary = FORM.exec(contentType)?.[2];
  if (boundary === undefined) return undefined;
  const text = bytewise.decode(body);
  const delimiter = `--${boundary}`;
  let at = -delimiter.length;
  for (let part = 0; part < MOST_PARTS; part++) {
    at = text.indexOf(delimiter, at + delimiter.length);
    if (at === -1) return undefined;
    const head = text.slice(at + delimiter.length, at + delimiter.length + LONGEST_HEAD);
    const headEnd = head.indexOf(HEAD_END);
    if (headEnd === -1 || !FIELD.test(head.slice(0, headEnd))) continue;
    const start = at + delimiter.length + headEnd + HEAD_END.length;
    const end = text.indexOf(`\r\n${delimiter}`, start);
    if (end === -1 || end - start > LONGEST_MODEL) return undefined;
    return { model: text.slice(start, end), start, end };
  }
  return undefined;
}

/** The body with another model. */
export function withFormModel(
  body: Uint8Array,
  { start, end }: FormModel,
  model: string,
): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(model);
  const changed = new Uint8Array(body.length - (end - start) + name.length);
  changed.set(body.subarray(0, start));
  changed.set(name, start);
  changed.set(body.subarray(end), start + name.length);
  return changed;
}
