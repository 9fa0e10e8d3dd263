// A provider that repeats the client's last turn: the client reads the continuation alone, however it is cut.
import { describe, expect, test } from 'bun:test';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const PREFILL = 'The answer: {"a';

/** @param pieces the deltas of a stream; a whole answer says them in one text. */
async function ask(stream: boolean, pieces: readonly string[], prefill = PREFILL) {
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const upstream = createReplayFetch(() =>
    stream
      ? replyWith(
          `${chunk({ role: 'assistant', content: '' }) + pieces.map((content) => chunk({ content })).join('')}${chunk({}, 'stop')}data: [DONE]\n\n`,
        )
      : replyWith(
          JSON.stringify({
            id: 'c',
            model: 'm',
            choices: [
              {
                index: 0,
                message: { role: 'assistant', content: pieces.join('') },
                finish_reason: 'stop',
              },
            ],
            usage,
          }),
          { headers: { 'content-type': 'application/json' } },
        ),
  );
  const providers = { lab: { kind: 'mistral', base_url: 'http://up.test/v1', api_key: 'k' } };
  const gateway = createTestGateway({
    config: { providers, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
  });
  const messages = [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: prefill },
  ];
  const response = await gateway.post('/v1/messages', { model: 'm', max_tokens: 9, stream, messages });
  const text = await response.text();
  const said = stream
    ? [...text.matchAll(/"type":"text_delta","text":("(?:[^"\\]|\\.)*")/g)].map((found) =>
        JSON.parse(found[1] ?? ''),
      )
    : JSON.parse(text).content.map((block: { text: string }) => block.text);
  const { lost } = await gateway.row(0);
  return {
    said: said.join(''),
    deltas: said,
    text,
    lost,
    sent: upstream.requests[0]?.json() as { messages: object[] },
  };
}

describe.each([
  ['streamed', true],
  ['whole', false],
])('%s', (_, stream) => {
  test.each<[string, string[], string]>([
    ['in one piece', [PREFILL, '": 1}'], '": 1}'],
    ['with the first new letters', [`${PREFILL}": `, '1}'], '": 1}'],
    ['letter by letter', [...`${PREFILL}": 1}`], '": 1}'],
    ['and nothing else', [PREFILL], ''],
    ['not at all', ['": ', '1}'], '": 1}'],
    ['for a few words', ['The answer ', 'is 1'], 'The answer is 1'],
    ['and broken off', ['The ans'], 'The ans'],
  ])('repeated %s', async (_name, pieces, expected) => {
    const { said, sent, lost } = await ask(stream, pieces);
    expect(said).toBe(expected);
    expect(lost).toEqual([]);
    expect(sent.messages.at(-1)).toEqual({ role: 'assistant', content: PREFILL, prefix: true });
  });

  test('white space at the end of the turn, which servers trim, is sent once', async () => {
    expect((await ask(stream, ['One,', ' two'], 'One, ')).said).toBe('two');
  });
});

test('what differs is not held back until the end, nor is anything besides text lost', async () => {
  const { deltas, text } = await ask(true, ['The answer ', 'is 1', '.']);
  expect(deltas).toEqual(['The answer is 1', '.']);
  expect(text).toContain('"message":{"id":"c",');
});
