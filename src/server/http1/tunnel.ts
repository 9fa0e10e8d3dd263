// A tunnel (CONNECT) through a proxy, which cannot read what passes. https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
import type { Socket } from 'bun';
import { endOfHead, MalformedAnswer, readHead } from './response-head.ts';
import { asError } from '../../model/thrown.ts';

export interface Tunnelling {
  /** `host:port` of the server. */
  authority: string;
  /** The value of `proxy-authorization`. */
  authorization: string | null;
  /** Called when what is written goes to the server. */
  opened(): void;
  /** The status with which the proxy refused, or what was wrong with its answer. */
  failed(problem: number | Error): void;
}

/** Limit of the proxy's answer, in bytes. */
const MAX_HEAD = 16 * 1024;

/** Takes over a connected socket until it calls `opened` or `failed`, once. */
export function openTunnel<Data>(socket: Socket<Data>, tunnelling: Tunnelling): void {
  const { authority, authorization, opened, failed } = tunnelling;
  const identified = authorization === null ? '' : `proxy-authorization: ${authorization}\r\n`;
  let unsent = Buffer.from(
    `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${identified}\r\n`,
    'latin1',
  );
  let received = Buffer.alloc(0);
  let isOver = false;
  const end = (problem: number | Error | null) => {
    if (isOver) return;
    isOver = true;
    if (problem === null) opened();
    else failed(problem);
  };
  const send = () => {
    if (isOver) return;
    const sent = socket.write(unsent);
    if (sent > 0) unsent = unsent.subarray(sent);
  };
  socket.reload({
    socket: {
      data(_, bytes) {
        if (isOver) return;
        received = Buffer.concat([received, bytes]);
        const verdict = judge(received);
        if (verdict !== 'more') end(verdict);
      },
      drain: send,
      close: (_, error) => end(error ?? new ConnectionClosed()),
      error: (_, error) => end(error),
    },
  });
  send();
}

class ConnectionClosed extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('the proxy closed the connection');
  }
}

/** Null: the tunnel is open. */
function judge(received: Buffer): 'more' | number | Error | null {
  let from = 0;
  for (;;) {
    const end = endOfHead(received, from);
    if (end === -1) return received.length > MAX_HEAD ? new MalformedAnswer('its head is too long') : 'more';
    try {
      const { status } = readHead(received.toString('latin1', from, end));
      if (status >= 300) return status;
      if (status >= 200) return end === received.length ? null : spokeTooEarly();
    } catch (thrown) {
      return asError(thrown);
    }
    // An interim answer (1xx): the final one follows.
    from = end;
  }
}

/** In TLS the client speaks first, so these bytes are the proxy's own, and would be taken for the server's. */
function spokeTooEarly(): Error {
  return new MalformedAnswer('it sent more than that the tunnel is open');
}
