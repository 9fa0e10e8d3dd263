// The head of an HTTP/1.1 response: where it ends, its status and its fields (RFC 9112, sections 3 to 5).
import { HeaderList } from '../../model/header-list.ts';
import { HTTP_TOKEN } from '../../model/headers.ts';

/** The server sent something that is not an HTTP/1.1 answer. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
  readonly code = 'MALFORMED_HTTP';
}

export interface ResponseHead {
  status: number;
  /** Whether the version is HTTP/1.1, not 1.0. */
  isCurrent: boolean;
  headers: HeaderList;
}

const CR = 13;
const SPACE = 32;
const TAB = 9;

/** Where the blank line after the head ends; -1 if it has not arrived. Bare line feeds are accepted too. */
export function endOfHead(bytes: Buffer, from: number): number {
  const end = bytes.indexOf('\n\r\n', from);
  // After a head with bare line feeds, the body may contain the usual end of a head.
  const bare = (end === -1 ? bytes : bytes.subarray(0, end)).indexOf('\n\n', from);
  if (bare !== -1) return bare + 2;
  return end === -1 ? -1 : end + 3;
}

const BEGINNING = Buffer.from('HTTP/1.');

/** Throws MalformedAnswer if no head can begin like this: a server of another protocol may wait and never send the end of a head. */
export function checkBeginning(bytes: Buffer): void {
  const length = Math.min(bytes.length, BEGINNING.length);
  if (bytes.compare(BEGINNING, 0, length, 0, length) !== 0)
    throw notHttp(bytes.toString('latin1', 0, LONGEST_QUOTE));
}

/** How many bytes are quoted of an answer that is not HTTP. */
const LONGEST_QUOTE = 40;

/** A server's first frame in HTTP/2 is SETTINGS (type 4), on stream 0. https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
function isHttp2(text: string): boolean {
  return text.startsWith('\0') && text[3] === '\u0004' && text.startsWith('\0\0\0\0', 5);
}

function notHttp(text: string): MalformedAnswer {
  if (isHttp2(text)) return new MalformedAnswer('the server speaks HTTP/2 only');
  const begin = text.indexOf('\n');
  const start = JSON.stringify(trimmed(text, 0, begin === -1 ? text.length : Math.min(begin, LONGEST_QUOTE)));
  return new MalformedAnswer(`the answer begins with ${start}, which is not HTTP/1.1`);
}

const FIRST_LINE = /^HTTP\/1\.([01]) (\d\d\d)[ \r\n]/;
/** Characters that would end a field for another reader. */
const CONTROL = /[\0\r]/;

/** @param text up to and including the blank line, one character per byte. Throws MalformedAnswer. */
export function readHead(text: string): ResponseHead {
  const begin = text.indexOf('\n');
  const [, minor, code] = FIRST_LINE.exec(text) ?? [];
  if (code === undefined) throw notHttp(text);
  return { status: Number(code), isCurrent: minor === '1', headers: readFields(text, begin + 1) };
}

/** Reads the fields from `from` on, each with its line feed, up to the blank line. */
function readFields(text: string, from: number): HeaderList {
  const headers = new HeaderList();
  let name = '';
  let value = '';
  let end = 0;
  for (let begin = from; begin < text.length; begin = end + 1) {
    end = text.indexOf('\n', begin);
    const first = text.charCodeAt(begin);
    if (begin === end || (first === CR && begin + 1 === end)) continue;
    if ((first === SPACE || first === TAB) && name !== '') {
      value = `${value} ${trimmed(text, begin, end)}`;
      continue;
    }
    if (name !== '') append(headers, name, value);
    const colon = text.indexOf(':', begin);
    name = colon === -1 || colon > end ? '' : text.slice(begin, colon).toLowerCase();
    if (!HTTP_TOKEN.test(name))
      throw new MalformedAnswer('the head of the answer has a line that is not a field');
    value = trimmed(text, colon + 1, end);
  }
  if (name !== '') append(headers, name, value);
  return headers;
}

function append(headers: HeaderList, name: string, value: string): void {
  if (CONTROL.test(value)) throw new MalformedAnswer(`the field ${name} contains a control character`);
  headers.append(name, value);
}

/** Trims HTTP's white space only: what String.trim removes besides may be half of a UTF-8 character. */
function trimmed(text: string, from: number, to: number): string {
  let begin = from;
  let end = to;
  while (begin < end && isSpace(text.charCodeAt(begin))) begin++;
  while (end > begin && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(begin, end);
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB || code === CR;
}
