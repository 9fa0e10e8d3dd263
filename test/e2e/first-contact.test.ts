// The first minute: no file, no key, one request with what curl would send.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connectRaw, postText } from '../support/raw-client.ts';
import { MESSAGE, CHAT, utf8 } from '../support/message-stream.ts';
import { startReplayUpstream } from '../support/replay-upstream.ts';
import { replyWith } from '../support/reply.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { eventually } from '../support/time-limit.ts';

const HELLO = [{ role: 'user', content: 'Hello' }];

describe('without a file and without a key', () => {
  let sluice: SluiceProcess;
  beforeAll(async () => {
    sluice = await startSluice();
  });
  afterAll(() => sluice[Symbol.asyncDispose]());

  test('health is there as soon as the address is reported', async () => {
    expect(await sluice.get('/gateway/health')).toMatchObject({
      status: 'healthy',
      providers: { simulator: true },
      routing: { default_provider: 'simulator' },
    });
  });

  for (const [path, terminal] of [
    ['/v1/chat/completions', 'data: [DONE]\n\n'],
    ['/v1/messages', '"type":"message_stop"}\n\n'],
  ] as const) {
    test(`${path}: the simulator streams, with the headers that keep proxies from holding it back`, async () => {
      const response = await fetch(sluice.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'curl/8.5.0', accept: '*/*' },
        body: JSON.stringify({ model: 'any-name', stream: true, max_tokens: 50, messages: HELLO }),
      });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('text/event-stream');
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect(response.headers.get('x-accel-buffering')).toBe('no');
      expect(response.headers.get('x-sluice-provider')).toBe('simulator');
      let chunks = 0;
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) {
        chunks++;
        text += decoder.decode(chunk, { stream: true });
      }
      expect(text).toEndWith(terminal);
      expect(chunks).toBeGreaterThan(3);
    });
  }

  test('HEAD / and GET / are 200', async () => {
    expect((await fetch(sluice.url, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(sluice.url)).status).toBe(200);
  });
});

for (const workers of [1, 2])
  test(`a file that is written while it runs is read, with ${workers} serving`, async () => {
    await using sluice = await startSluice({ workers });
    const status = async () => (await fetch(`${sluice.url}/gateway/providers`, { keepalive: false })).status;
    expect(await status()).toBe(200);
    sluice.writeConfig('{ "server": ');
    await sluice.wrote(/is refused; the previous one stays in use/);
    expect(await status()).toBe(200);
    sluice.writeConfig({ server: { keys: ['a-key'] } });
    await eventually(async () => (await status()) === 401, sluice.output);
  });

describe('every token is with the client before the upstream sends the next', () => {
  const words = ['one', 'two', 'three', 'four', 'five'];
  const wires = {
    claude: [
      utf8(MESSAGE.start + MESSAGE.block),
      ...words.map((word) => utf8(MESSAGE.delta(word))),
      utf8(MESSAGE.end),
    ],
    gpt: [utf8(CHAT.start), ...words.map((word) => utf8(CHAT.delta(word))), utf8(CHAT.end)],
  };
  for (const provider of ['claude', 'gpt'] as const) {
    for (const path of ['/v1/messages', '/v1/chat/completions']) {
      test(`${provider} → ${path}`, async () => {
        // One gate before each piece, opened when the client has what came before.
        const gates = wires[provider].map(() => Promise.withResolvers<void>());
        await using upstream = await startReplayUpstream(
          replyWith(wires[provider], { before: (index) => gates[index]?.promise }),
        );
        await using sluice = await startSluice({
          config: {
            providers: {
              claude: { dialect: 'anthropic-messages', base_url: upstream.url, api_key: 'lab' },
              gpt: { dialect: 'openai-chat', base_url: upstream.url, api_key: 'lab' },
            },
            routing: { default_provider: provider },
          },
        });
        const client = await connectRaw(sluice.port);
        client.write(postText(path, { model: 'm', stream: true, max_tokens: 9, messages: HELLO }));
        gates[0]?.resolve();
        for (const [index, word] of words.entries()) {
          expect(client.text()).not.toContain(word);
          gates[index + 1]?.resolve();
          await client.until((text) => text.includes(word));
        }
        gates.at(-1)?.resolve();
        await client.until((text) => text.endsWith('\r\n0\r\n\r\n'));
        client.leave();
      });
    }
  }
});
