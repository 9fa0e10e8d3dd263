// How the bench finds the ends of answers on a connection of its own.
import { describe, expect, test } from 'bun:test';
import { asChunk, createMessageReader, LAST_CHUNK } from '../../bench/http-messages.ts';

interface Message {
  head: string;
  body: string;
}

function readAll(text: string, pieceBytes: number): Message[] {
  const messages: Message[] = [];
  let message: Message = { head: '', body: '' };
  const read = createMessageReader({
    head(head) {
      message = { head, body: '' };
    },
    body(bytes) {
      message.body += bytes.toString();
    },
    end() {
      messages.push(message);
    },
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    // A buffer of its own, wiped afterwards, as the socket's is.
    const piece = Buffer.from(bytes.subarray(at, at + pieceBytes));
    read(piece);
    piece.fill(0);
  }
  return messages;
}

describe.each([[1], [7], [4096]])('in pieces of %d bytes', (pieceBytes) => {
  test('messages with a length, with chunks and without a body', () => {
    const text =
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' +
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${asChunk('one\n\n')}${asChunk('two')}${LAST_CHUNK}` +
      'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n' +
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n!';
    expect(readAll(text, pieceBytes).map(({ body }) => body)).toEqual(['hello', 'one\n\ntwo', '', '!']);
  });
});

test('an unfinished message is not reported', () => {
  expect(readAll('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello', 4096)).toEqual([]);
});
