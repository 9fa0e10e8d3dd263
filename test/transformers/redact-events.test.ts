// What `redact` makes of an answer event by event: what is sealed, quoted and called, in pieces and cut short.
import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../src/model/errors.ts';
import type { StreamEvent } from '../../src/model/events.ts';
import { ownToken, placeToken, separateToken } from '../../src/model/opaque-token.ts';
import { redact } from '../../src/transformers/redact.ts';

type ToolStart = Extract<StreamEvent, { type: 'tool-start' }>;

const CONTEXT = { provider: 'lab', model: 'm' };

function setup(options: object = {}) {
  const { answer, request } = redact.create({ patterns: ['KEY-\\d+'], ...options });
  const lost: string[] = [];
  const step = answer?.({ ...CONTEXT, lost: (feature) => void lost.push(feature) });
  const through = async (...events: StreamEvent[]) => [...((await step?.push(events)) ?? [])];
  return { through, lost, request };
}

const thinking = (block: number, text: string): StreamEvent[] => [
  { type: 'reasoning-start', block },
  { type: 'reasoning-delta', block, text },
  { type: 'reasoning-signature', block, signature: ownToken('anthropic-messages', `seal ${block}`) },
  { type: 'reasoning-end', block },
];

test('a seal is gone with what it sealed, and stays with what is as it was', async () => {
  const { through, lost } = setup();
  const passed = await through(...thinking(0, 'it is KEY-1.'), ...thinking(1, 'fine.'));
  expect(passed.filter(({ type }) => type === 'reasoning-signature')).toEqual([thinking(1, '')[2]] as never);
  expect(lost).toEqual(['text (redacted)', 'reasoning signature']);
});

test.each([
  ['seals nothing', placeToken('openai-responses', '{"in_content":true}')],
  ['holds the reasoning itself', separateToken('openai-responses', '{"encrypted_content":"ENC"}')],
])('a token that %s stays with the text that changed', async (_, signature) => {
  const { through, lost } = setup();
  const passed = await through(
    { type: 'reasoning-start', block: 0 },
    { type: 'reasoning-delta', block: 0, text: 'it is KEY-1.' },
    { type: 'reasoning-signature', block: 0, signature },
    { type: 'reasoning-end', block: 0 },
  );
  expect(passed).toContainEqual({ type: 'reasoning-signature', block: 0, signature });
  expect(lost).toEqual(['text (redacted)']);
});

test('what stands between the pieces of a text keeps its place', async () => {
  const { through } = setup();
  const events: StreamEvent[] = [
    { type: 'text-start', block: 0 },
    { type: 'text-delta', block: 0, text: 'a KEY' },
    { type: 'extension', dialect: 'openai-chat', name: 'other', value: {} },
    { type: 'text-delta', block: 0, text: 'S b' },
    { type: 'text-end', block: 0 },
  ];
  const passed = await through(...events);
  const at = passed.findIndex(({ type }) => type === 'extension');
  const said = (some: readonly StreamEvent[]) =>
    some.map((event) => ('text' in event ? event.text : '')).join('');
  expect([said(passed.slice(0, at)), said(passed.slice(at))]).toEqual(['a KEY', 'S b']);
});

test('citations without end within a text that may have to be redacted end the answer', async () => {
  const { through } = setup();
  const citation: StreamEvent = {
    type: 'citation',
    block: 0,
    citation: { kind: 'url', url: 'https://a.test' },
  };
  await through({ type: 'text-start', block: 0 }, { type: 'text-delta', block: 0, text: 'a KEY' });
  expect(await through(...Array.from({ length: 10_000 }, () => citation))).toEqual([]);
  expect(await through(citation).catch((thrown: unknown) => thrown)).toMatchObject({
    code: 'upstream_malformed',
  });
});

test('counts do not wait for the text', async () => {
  const { through } = setup();
  await through({ type: 'text-start', block: 0 }, { type: 'text-delta', block: 0, text: 'a KEY' });
  const counts: StreamEvent = { type: 'usage', usage: { outputTokens: 1 } };
  expect(await through(counts)).toEqual([counts]);
});

test('log probabilities spell the text as it was: they are left out, and named', async () => {
  const { through, lost } = setup();
  const passed = await through({ type: 'extension', dialect: 'openai-chat', name: 'logprobs', value: {} });
  expect([passed, lost]).toEqual([[], ['logprobs']]);
});

test('a citation is searched in its title and in what it quotes; its own spelling would tell it again', async () => {
  const extension = { dialect: 'anthropic-messages', name: 'citation', value: { title: 'KEY-1' } } as const;
  const cited = async (citation: object) => {
    const { through, lost } = setup();
    const event = { type: 'citation', block: 0, citation: { kind: 'other', extension, ...citation } };
    const [passed] = await through(event as StreamEvent);
    if (passed?.type !== 'citation') return undefined;
    expect(lost).toEqual(passed.citation.extension === undefined ? ['text (redacted)'] : []);
    return passed.citation;
  };
  expect(await cited({ title: 'of KEY-1', citedText: 'b' })).toEqual({
    kind: 'other',
    title: 'of [redacted]',
    citedText: 'b',
  });
  expect(await cited({ title: 'a', citedText: 'KEY-1 says' })).toEqual({
    kind: 'other',
    title: 'a',
    citedText: '[redacted] says',
  });
  expect(await cited({ title: 'a', citedText: 'b' })).toMatchObject({ extension });
});

describe('arguments', () => {
  const called = async (kind: ToolStart['kind'], pieces: string[], options: object = {}) => {
    const { through, lost } = setup({ tools: true, ...options });
    const passed = await through(
      { type: 'tool-start', block: 0, id: 'c', name: 'f', kind },
      ...pieces.map((text): StreamEvent => ({ type: 'tool-delta', block: 0, arguments: text })),
      { type: 'error', error: new GatewayError('upstream_truncated', 'cut') },
    );
    const text = passed.map((event) => (event.type === 'tool-delta' ? event.arguments : '')).join('');
    expect([...new Set(lost)]).toEqual(text === pieces.join('') ? [] : ['text (redacted)']);
    return text;
  };

  test('that are text are searched as text, to their last letter', async () => {
    expect(await called('custom', ['echo KEY', '-12'])).toBe('echo [redacted]');
    expect(await called('custom', ['echo KEY'])).toBe('echo KEY');
  });

  test('stay JSON, whatever stands in place of a match', async () => {
    const text = await called('function', ['{"a":"KEY-1","b":[{"KEY-2":1},"KEY-3"]}'], {
      replacement: 'a "word"\n',
    });
    expect(JSON.parse(text)).toEqual({ a: 'a "word"\n', b: [{ 'KEY-2': 1 }, 'a "word"\n'] });
  });

  test.each([
    [
      'custom',
      'one KEY-1, two KEYS; KEY-22 three KEY-3.',
      'one [redacted], two KEYS; [redacted] three [redacted].',
    ],
    [
      'function',
      String.raw`{"KEY-0":[{"a":"x KEY-1 y KEYS"},"\"KEY-2\n\\"],"b":{"KEY-4":"\u004bEY\u002d5 \u00fc\/","c":-1},"KEY-7":"KEY-6"}`,
      String.raw`{"KEY-0":[{"a":"x [redacted] y KEYS"},"\"[redacted]\n\\"],"b":{"KEY-4":"[redacted] \u00fc\/","c":-1},"KEY-7":"[redacted]"}`,
    ],
  ] as const)('of %s keep all that is no match, wherever they are cut', async (kind, text, clean) => {
    for (let cut = 0; cut <= text.length; cut++)
      expect(await called(kind, [text.slice(0, cut), text.slice(cut)])).toBe(clean);
    expect(await called(kind, [...text])).toBe(clean);
  });

  test.each(['{"a":"KEY', '{"a":"x\\u00', '{"a":"KEY\\'])('cut short at %s are what came', async (text) => {
    expect(await called('function', [text])).toBe(text);
  });

  test('in the history of a request are searched likewise', () => {
    const { request } = setup({ tools: true });
    const calls = ['echo KEY-12', 'echo KEY'].map((text) => ({
      type: 'tool-call' as const,
      id: 'c',
      name: 'f',
      kind: 'custom' as const,
      arguments: text,
    }));
    const asked = {
      model: 'm',
      stream: false,
      system: [],
      tools: [],
      messages: [{ role: 'assistant' as const, parts: calls }],
    };
    expect(request?.(asked, { ...CONTEXT, lose() {} })).toMatchObject({
      messages: [{ parts: [{ arguments: 'echo [redacted]' }, { arguments: 'echo KEY' }] }],
    });
  });
});
