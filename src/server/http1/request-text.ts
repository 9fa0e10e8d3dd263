// Requests → bytes: HTTP/1.1 as in RFC 9112. Knows no sockets.
import { HTTP_TOKEN } from '../../model/headers.ts';
import { isStreamed, type StreamedBody, type UpstreamRequest } from '../../upstream/transport.ts';

/** The request must not be sent as it is. */
class UnsendableRequest extends Error {
  override readonly name = 'UnsendableRequest';
  readonly code = 'INVALID_REQUEST';
}

/** What a field's value may contain; anything else could end the field and begin another. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** The part of an address after the host. */
const PATH = /^\/[\x21-\x7e]*$/;
const ASCII = /^[\0-\x7f]*$/;

/** In UTF-16 units. A longer body is encoded in advance, since the part of a string that the socket does not take is encoded twice. */
const LONGEST_STRING = 32 * 1024;

/** In bytes: a longer body is not copied after the head, but sent separately. */
const LONGEST_COPIED = 64 * 1024;

/** Set here, whatever the caller's headers contain. */
const OWN_FIELD = /^(host|content-length|connection|transfer-encoding)$/;

/** Servers, Google's among them, refuse these without a length (411), even if they have no body. */
const MEANS_BODY = /^(POST|PUT|PATCH)$/;

/** The part that all requests to a server share. */
export interface RequestFrame {
  /** For the `host` field. */
  host: string;
  /** Scheme and host before the path, if a proxy must know the server; otherwise empty. */
  root: string;
  /** Complete header lines for the proxy; otherwise empty. */
  fields: string;
}

/** The whole request except `bodyBehind`. @param path with its query. Throws UnsendableRequest. */
export function writeRequest(
  { method, headers, body }: Pick<UpstreamRequest, 'method' | 'headers' | 'body'>,
  { host, root, fields }: RequestFrame,
  path: string,
): string | Buffer {
  if (!HTTP_TOKEN.test(method)) throw new UnsendableRequest('the method is not one of HTTP');
  if (!PATH.test(path))
    throw new UnsendableRequest('the address has a character that a request cannot contain');
  let head = `${method} ${root}${path} HTTP/1.1\r\nhost: ${host}\r\n${fields}`;
  headers.forEach((value, name) => {
    if (OWN_FIELD.test(name)) return;
    if (!HTTP_TOKEN.test(name) || !VALUE.test(value))
      throw new UnsendableRequest(
        `the header ${JSON.stringify(name)} has a character that a request cannot contain`,
      );
    head += `${name}: ${value}\r\n`;
  });
  if (!headers.has('accept-encoding')) head += 'accept-encoding: identity\r\n';
  const behind = bodyBehind(body);
  if (behind !== undefined) return Buffer.from(`${head}${lengthField(behind)}\r\n\r\n`, 'latin1');
  if (body === undefined) head += MEANS_BODY.test(method) ? 'content-length: 0\r\n\r\n' : '\r\n';
  else head += `content-length: ${typeof body === 'string' ? Buffer.byteLength(body) : body.length}\r\n\r\n`;
  if (body instanceof Uint8Array) return Buffer.concat([Buffer.from(head, 'latin1'), body]);
  const text = typeof body === 'string' ? body : '';
  // The socket writes a string as UTF-8, but a head is Latin-1.
  return ASCII.test(head) && text.length <= LONGEST_STRING ? head + text : bytesOf(head, text);
}

/** What is sent once after `writeRequest`; undefined: nothing. */
export function bodyBehind(body: UpstreamRequest['body']): StreamedBody | undefined {
  if (isStreamed(body)) return body;
  return body instanceof Uint8Array && body.length > LONGEST_COPIED ? new WholeBody(body) : undefined;
}

class WholeBody implements StreamedBody {
  readonly length: number;
  private bytes: Uint8Array<ArrayBuffer> | null;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.length = bytes.length;
    this.bytes = bytes;
  }

  async next(): ReturnType<StreamedBody['next']> {
    const { bytes } = this;
    this.bytes = null;
    return bytes;
  }

  cancel(): void {
    this.bytes = null;
  }
}

function lengthField({ length }: StreamedBody): string {
  return length === null ? 'transfer-encoding: chunked' : `content-length: ${length}`;
}

/** Writes both into one buffer, since a string of both would be copied twice. */
function bytesOf(head: string, body: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(head.length + Buffer.byteLength(body));
  bytes.write(head, 'latin1');
  bytes.write(body, head.length, 'utf8');
  return bytes;
}
