// Reads HTTP/1.1 messages off a socket just far enough to answer and to count: heads, bodies, ends.
// https://www.rfc-editor.org/rfc/rfc9112. Trusts its peer: the benchmark's own processes and what it measures.

export interface MessageHandler {
  /** Start line and headers, without the blank line. */
  head(text: string): void;
  /** A part of the body, a view that is valid only during the call. */
  body(bytes: Buffer): void;
  end(): void;
}

type State = 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer';

const BLANK_LINE = '\r\n\r\n';
const LINE_END = '\r\n';

/** Returns the function that takes the socket's bytes. A message without length or chunks has no body. */
export function createMessageReader(handler: MessageHandler): (bytes: Buffer) => void {
  let state: State = 'head';
  let carry: Buffer | undefined;
  let remaining = 0;

  function beginBody(head: string): void {
    if (/^transfer-encoding:.*chunked/im.test(head)) {
      state = 'chunk-size';
      return;
    }
    remaining = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    if (remaining > 0) state = 'length';
    else handler.end();
  }

  return (bytes) => {
    const input = carry === undefined ? bytes : Buffer.concat([carry, bytes]);
    carry = undefined;
    let position = 0;
    while (position < input.length) {
      if (state === 'length' || state === 'chunk') {
        const end = Math.min(input.length, position + remaining);
        handler.body(input.subarray(position, end));
        remaining -= end - position;
        position = end;
        if (remaining > 0) return;
        if (state === 'chunk') state = 'chunk-end';
        else {
          state = 'head';
          handler.end();
        }
        continue;
      }
      const wanted = state === 'head' ? BLANK_LINE : LINE_END;
      const end = input.indexOf(wanted, position);
      if (end === -1) {
        // A copy: the socket reuses its buffer after this call.
        carry = Buffer.from(input.subarray(position));
        return;
      }
      const text = input.toString('latin1', position, end);
      position = end + wanted.length;
      if (state === 'head') {
        handler.head(text);
        beginBody(text);
      } else if (state === 'chunk-end') state = 'chunk-size';
      else if (state === 'chunk-size') {
        remaining = Number.parseInt(text, 16);
        state = remaining > 0 ? 'chunk' : 'trailer';
      } else if (text === '') {
        state = 'head';
        handler.end();
      }
    }
  };
}

/** Bytes as one chunk of a chunked body. */
export function asChunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

export const LAST_CHUNK = '0\r\n\r\n';
