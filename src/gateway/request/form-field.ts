// Short fields of forms with files (multipart/form-data): the model, in requests for transcriptions and edited images.
// https://www.rfc-editor.org/rfc/rfc7578

/** Where the value of a field is, in bytes. */
export interface FormField {
  value: string;
  start: number;
  end: number;
}

const FORM = /^multipart\/form-data\b.*?\bboundary=("?)([^";]{1,70})\1/i;
/** One character for each byte, so that places in the text are places in the bytes. */
const bytewise = new TextDecoder('latin1');
const HEAD_END = '\r\n\r\n';
/** In bytes. Without such bounds, the text of a file would be taken for a head or a value. */
const LONGEST_HEAD = 1024;
const LONGEST_VALUE = 256;
/** How many parts are looked at: a body that consists of boundaries alone has millions. */
const MOST_PARTS = 1_000;

/**
 * Undefined where the body is no such form, or has no such field.
 * @param name letters and underscores.
 */
export function findFormField(contentType: string, body: Uint8Array, name: string): FormField | undefined {
  const boundary = FORM.exec(contentType)?.[2];
  if (boundary === undefined) return undefined;
  const delimiter = bytesOf(`\r\n--${boundary}`);
  const field = new RegExp(`\\bname="?${name}"?(?=;|\\s*$)`, 'im');
  // The first one has no line before it.
  let at = isAt(body, delimiter.subarray(LINE_END), 0) ? -LINE_END : find(body, delimiter, 0);
  for (let part = 0; part < MOST_PARTS && at !== undefined; part++) {
    const from = at + delimiter.length;
    const head = bytewise.decode(body.subarray(from, from + LONGEST_HEAD));
    const headEnd = head.indexOf(HEAD_END);
    if (headEnd !== -1 && field.test(head.slice(0, headEnd))) {
      const start = from + headEnd + HEAD_END.length;
      const value = body.subarray(start, start + LONGEST_VALUE + delimiter.length);
      const length = find(value, delimiter, 0);
      if (length === undefined) return undefined;
      return { value: bytewise.decode(value.subarray(0, length)), start, end: start + length };
    }
    at = find(body, delimiter, from);
  }
  return undefined;
}

const CARRIAGE_RETURN = 13;
/** Bytes of the end of a line. */
const LINE_END = 2;

/** Finds the delimiter in the bytes: decoding the body would take twice the memory of the file in it. */
function find(body: Uint8Array, delimiter: Uint8Array, from: number): number | undefined {
  // The delimiter holds no other carriage return, so hardly a byte is compared twice.
  for (let at = from; at < body.length; at++)
    if (body[at] === CARRIAGE_RETURN && isAt(body, delimiter, at)) return at;
  return undefined;
}

function isAt(body: Uint8Array, wanted: Uint8Array, place: number): boolean {
  for (let at = 0; at < wanted.length; at++) if (body[place + at] !== wanted[at]) return false;
  return true;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The body with another value of the field. */
export function withFormField(
  body: Uint8Array,
  { start, end }: FormField,
  value: string,
): Uint8Array<ArrayBuffer> {
  const written = new TextEncoder().encode(value);
  const changed = new Uint8Array(body.length - (end - start) + written.length);
  changed.set(body.subarray(0, start));
  changed.set(written, start);
  changed.set(body.subarray(end), start + written.length);
  return changed;
}
