// An answer so long that its endings are rendered one by one comes whole where another target could have gone on with it.
import { expect, test } from 'bun:test';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

test('a long answer in one chunk', async () => {
  const text = 'long '.repeat(200_000);
  const blocks = [text, 'and a second block', 'and a third'];
  const events: object[] = [
    { type: 'message_start', message: { id: 'msg_1', model: 'served', usage: { input_tokens: 3 } } },
    ...blocks.flatMap((said, index) => [
      { type: 'content_block_start', index, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index, delta: { type: 'text_delta', text: said } },
      { type: 'content_block_stop', index },
    ]),
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } },
    { type: 'message_stop' },
  ];
  const sse = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
  const upstream = createReplayFetch(replyWith(sse, { headers: { 'content-type': 'text/event-stream' } }));
  const { claude, gpt } = LAB_PROVIDERS;
  const config = {
    providers: { claude, gpt },
    routing: { default_provider: 'claude', fallback_chain: ['gpt/other'], continue_streams: true },
  };
  const lab = createTestGateway({ config, fetch: upstream.fetch });
  const response = await lab.post('/v1/responses', { model: 'any-model', stream: true, input: 'hi' });
  const stream = await response.text();
  const completed = JSON.parse(stream.slice(stream.lastIndexOf('data: ') + 'data: '.length));
  expect(completed.type).toBe('response.completed');
  const said = completed.response.output.flatMap((item: { content: { text: string }[] }) => item.content);
  expect(said.map((part: { text: string }) => part.text === blocks.join(''))).toEqual([true]);
});
