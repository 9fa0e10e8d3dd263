// What a worker had begun can be read from its memory when it is gone.
import { expect, test } from 'bun:test';
import type { BegunRequest } from '../../src/gateway/fleet.ts';
import { createJournal, JOURNAL_BYTES, readJournal } from '../../src/workers/journal.ts';

const begun = (requestId: string, changes: Partial<BegunRequest> = {}): BegunRequest => ({
  requestId,
  timestamp: 1,
  clientDialect: 'openai-chat',
  operation: 'generate',
  streamed: false,
  requestedModel: null,
  agentType: null,
  projectId: null,
  provider: null,
  model: null,
  ...changes,
});

test('holds what is begun and not done, with what was told last', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const journal = createJournal(memory);
  for (const id of ['a', 'b', 'c']) journal.note(begun(id));
  journal.note(begun('b', { provider: 'lab', model: 'm', streamed: true }));
  journal.done('a');
  journal.done('never begun');
  expect(readJournal(memory)).toEqual([
    begun('b', { provider: 'lab', model: 'm', streamed: true }),
    begun('c'),
  ]);
  journal.note(begun('d'));
  expect(readJournal(memory).map(({ requestId }) => requestId)).toEqual(['d', 'b', 'c']);
});

test('names of any length fit', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const long = '漢'.repeat(10_000);
  const names = { requestedModel: long, agentType: long, projectId: long, provider: long, model: long };
  createJournal(memory).note(begun('a', names));
  const [read] = readJournal(memory);
  expect(read?.requestId).toBe('a');
  expect(long.startsWith(read?.model ?? '-')).toBe(true);
});

test('when it is full, the rest is begun all the same, and room is used again', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const journal = createJournal(memory);
  for (let n = 0; n < 10_000; n++) journal.note(begun(`r${n}`));
  const held = readJournal(memory).length;
  expect(held).toBe(8_192);
  journal.done('r0');
  journal.done('r9999');
  journal.note(begun('late'));
  expect(readJournal(memory)[0]?.requestId).toBe('late');
});

test('a text that was cut short is left out', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  createJournal(memory).note(begun('a'));
  memory.fill(0, 40);
  expect(readJournal(memory)).toEqual([]);
});
