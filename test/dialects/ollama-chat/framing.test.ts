// Lines of a stream that come in any pieces, and those that are too long.
import { expect, test } from 'bun:test';
import { createLineFraming } from '../../../src/dialects/ollama-chat/framing.ts';
import { EventTooLarge } from '../../../src/sse/frame-splitter.ts';

function setup(maxEvent: number) {
  const framing = createLineFraming(maxEvent);
  const lines: string[] = [];
  const taker = {
    take: ({ data }: { data: string }) => void lines.push(data),
    padding: undefined,
    numbers: undefined,
    repeat: () => false,
    count() {},
  };
  const push = (bytes: Uint8Array) => framing.push(bytes, taker);
  return {
    lines,
    push,
    write: (text: string) => push(new TextEncoder().encode(text)),
    end: () => framing.flush(taker),
  };
}

test('lines come whole, whatever pieces they are in, and blank ones not at all', () => {
  const { lines, push, end } = setup(100);
  for (const byte of new TextEncoder().encode('{"a":"é"}\r\n\n \n{"b":"日本"}')) push(new Uint8Array([byte]));
  expect(lines).toEqual(['{"a":"é"}']);
  end();
  expect(lines).toEqual(['{"a":"é"}', '{"b":"日本"}']);
});

test('many lines are longer together than one may be', () => {
  const { lines, write, end } = setup(11);
  for (let count = 0; count < 5; count++) {
    write('12345');
    write('67890\n1234567');
    write('890\n');
  }
  end();
  expect(lines).toEqual(Array.from({ length: 10 }, () => '1234567890'));
});

test.each([
  { pieces: ['12345678901\n'] },
  { pieces: ['123456789', '01\n'] },
  { pieces: ['123456789', '01'] },
  { pieces: ['1\n', '12345678901', '1\n'] },
])('a line that is too long: %j', ({ pieces }) => {
  const { write } = setup(10);
  expect(() => {
    for (const piece of pieces) write(piece);
  }).toThrow(EventTooLarge);
});
