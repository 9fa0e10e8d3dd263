// MiniMax's codes under HTTP 200 and beside a status, in the two dialects that its servers speak: they decide what the client
// sees, whether another try may help, and whether the key is set aside (GUARANTEES 3, 4).
import { describe, expect, test } from 'bun:test';
import type { ErrorCode } from '../../../src/model/errors.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { wholeChat } from '../../support/message-stream.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

type Wire = 'openai-chat' | 'anthropic-messages';

async function exchange(wire: Wire, stream: boolean, reply: Reply) {
  const upstream = createReplayFetch(reply);
  const timers = createManualTimers(1_000_000);
  const lab = { ...PROVIDER_WIRES[wire].config, max_retries: 0 };
  const { gateway, post, row } = createTestGateway({
    config: { providers: { lab }, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
    host: { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer },
  });
  const { path, body } = clientRequest('openai-responses', { stream });
  const response = await post(path, body);
  const text = await response.text();
  const { providers } = (await (
    await gateway.fetch(new Request('http://127.0.0.1:8088/gateway/providers'))
  ).json()) as { providers: { keys: { state: string }[] }[] };
  return { status: response.status, text, row: await row(0), key: providers[0]?.keys[0]?.state };
}

const CODES: [code: number, status: number, error: ErrorCode, key: string][] = [
  [1000, 502, 'upstream_failed', 'ready'],
  [1001, 502, 'upstream_failed', 'ready'],
  [1002, 429, 'upstream_rate_limited', 'ready'],
  [1004, 401, 'upstream_unauthorized', 'refused'],
  [1008, 402, 'upstream_unauthorized', 'exhausted'],
  [1013, 502, 'upstream_failed', 'ready'],
  [1026, 400, 'upstream_rejected', 'ready'],
  [1027, 400, 'upstream_rejected', 'ready'],
  [1033, 502, 'upstream_failed', 'ready'],
  [1039, 429, 'upstream_rate_limited', 'ready'],
  [1041, 429, 'upstream_rate_limited', 'ready'],
  [2013, 400, 'upstream_rejected', 'ready'],
  [2049, 401, 'upstream_unauthorized', 'refused'],
  [2056, 429, 'upstream_rate_limited', 'exhausted'],
  [2061, 403, 'upstream_unauthorized', 'refused'],
];

const base = (status_code: number, status_msg = 'the words') => ({ base_resp: { status_code, status_msg } });

describe.each(['openai-chat', 'anthropic-messages'] as const)('%s', (wire) => {
  test.each(CODES)('%i is HTTP %i, %s; the key is %s', async (code, status, error, key) => {
    const replies: Reply[] = [
      jsonReply(base(code)),
      jsonReply({ ...PROVIDER_WIRES[wire].whole(''), ...base(code) }),
      jsonReply(base(code), { status: 500 }),
      replyWith(`data: ${JSON.stringify(base(code))}\n\n`),
    ];
    for (const stream of [false, true]) {
      for (const reply of replies) {
        const exchanged = await exchange(wire, stream, reply);
        expect([exchanged.status, exchanged.row.errorCode, exchanged.key], exchanged.text).toEqual([
          status,
          error,
          key,
        ]);
        expect(exchanged.text).toContain('the words');
      }
    }
  });

  test('a prompt that is too long is one', async () => {
    const reply = jsonReply(base(2013, 'invalid params, context window exceeds limit (2013)'));
    const { row } = await exchange(wire, false, reply);
    expect(row.errorCode).toBe('context_too_long');
  });

  test('0 is no failure', async () => {
    const reply = jsonReply({ ...PROVIDER_WIRES[wire].whole('Hello'), ...base(0, '') });
    const { status, text } = await exchange(wire, false, reply);
    expect(status).toBe(200);
    expect(text).toContain('Hello');
  });
});

test('an error inside the message of a finished answer is one', async () => {
  const [choice] = wholeChat('Hel').choices;
  const message = { role: 'assistant', content: 'Hel', error: { code: 429, message: 'the words' } };
  for (const stream of [false, true]) {
    const reply = jsonReply({ ...wholeChat(''), choices: [{ ...choice, message }] });
    const { status, row } = await exchange('openai-chat', stream, reply);
    expect([status, row.errorCode]).toEqual([429, 'upstream_rate_limited']);
  }
});
