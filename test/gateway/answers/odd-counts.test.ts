// Token counts that no answer can have, negative or enormous: they are left out as if missing, so that no sum and no cost
// contains them, and are counted as malformed. The same in every dialect, streamed and whole.
import { describe, expect, test } from 'bun:test';
import { DIALECT_IDS, type DialectId, PROVIDER_DIALECT_IDS } from '../../../src/model/dialect-id.ts';
import { USAGE_COUNTS } from '../../../src/model/usage.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

type Wire = keyof typeof PROVIDER_WIRES;

/** Each wire's names of the counts of its prompt and of its answer. */
const PROMPT = /"(input_tokens|prompt_tokens|promptTokenCount|prompt_eval_count|inputTokens)":7/g;
const ANSWER = /"(output_tokens|completion_tokens|candidatesTokenCount|eval_count|outputTokens)":[13]/g;

async function exchange(wire: Wire, client: DialectId, stream: boolean, change: (text: string) => string) {
  const { start, text, textEnd, bytes, contentType, whole, config } = PROVIDER_WIRES[wire];
  const streamed = change(start + text('Hello') + textEnd);
  const reply: Reply = stream
    ? replyWith(bytes?.(streamed) ?? streamed, { headers: { 'content-type': contentType } })
    : replyWith(change(JSON.stringify(whole('Hello'))), { headers: { 'content-type': 'application/json' } });
  const { post, row } = createTestGateway({
    config: {
      providers: { lab: config },
      routing: { default_provider: 'lab' },
      costs: { pricing_overrides: { served: { input_per_million: 1, output_per_million: 1 } } },
    },
    fetch: createReplayFetch(reply).fetch,
  });
  const { path, body } = clientRequest(client, { stream });
  const response = await post(path, body);
  return { response, text: await response.text(), row: await row(0) };
}

const ODD = ['-7', '-0.5', '1e300'];
/** What JSON has no number for cannot be put into frames of bytes here. */
const INFINITE = ['1e400', '-1e400'];

for (const wire of PROVIDER_DIALECT_IDS) {
  describe(wire, () => {
    const isBinary = PROVIDER_WIRES[wire].bytes !== undefined;
    // Its events stand in an envelope, and are the inner dialect's.
    const asked = wire === 'bedrock-invoke' ? [false] : [true, false];
    const clients = DIALECT_IDS.flatMap((client) => asked.map((stream) => [client, stream] as const));

    test.each(clients)('to %s, streamed %p: the prompt', async (client, stream) => {
      for (const odd of isBinary ? ODD : [...ODD, ...INFINITE]) {
        const { response, text, row } = await exchange(wire, client, stream, (text) =>
          text.replace(PROMPT, `"$1":${odd}`),
        );
        expect([response.status, row.status], text).toEqual([200, 'success']);
        expect([row.usage.inputTokens, row.usage.outputTokens]).toEqual([0, 3]);
        expect(row.malformedEvents).toBeGreaterThan(0);
        expect(row.usageKnown).toBe(true);
        if (client !== wire) expect(text).not.toMatch(/"[a-zA-Z_]*[tT]oken[a-zA-Z_]*":(-|\d+e|\d{13})/);
      }
    });

    test.each(clients)('to %s, streamed %p: prompt and answer', async (client, stream) => {
      const change = (text: string) => text.replace(PROMPT, '"$1":-7').replace(ANSWER, '"$1":-3');
      const { row } = await exchange(wire, client, stream, change);
      expect(row.status).toBe('success');
      for (const count of USAGE_COUNTS) expect(row.usage[count]).toBe(0);
      expect(row.malformedEvents).toBeGreaterThan(0);
    });

    test.each(clients)('to %s, streamed %p: honest counts are no matter', async (client, stream) => {
      const { row } = await exchange(wire, client, stream, (text) => text);
      expect([row.usage.inputTokens, row.usage.outputTokens, row.malformedEvents]).toEqual([7, 3, 0]);
    });
  });
}

test('a later report that is odd does not take back an earlier one', async () => {
  const { row } = await exchange('anthropic-messages', 'openai-chat', true, (text) =>
    text.replace('"usage":{"output_tokens":3}', '"usage":{"input_tokens":-9,"output_tokens":3}'),
  );
  expect([row.usage.inputTokens, row.usage.outputTokens, row.malformedEvents]).toEqual([7, 3, 1]);
});

test('a part of the prompt that is odd leaves the prompt as it is', async () => {
  const { row } = await exchange('openai-chat', 'anthropic-messages', false, (text) =>
    text.replace('"prompt_tokens":7', '"prompt_tokens":7,"prompt_tokens_details":{"cached_tokens":-5}'),
  );
  expect([row.usage.inputTokens, row.usage.cacheReadTokens, row.malformedEvents]).toEqual([7, 0, 1]);
});

test('where no count is left, none is known', async () => {
  const { row } = await exchange('openai-chat', 'anthropic-messages', false, (text) =>
    text.replace(PROMPT, '"$1":-7').replace(ANSWER, '"$1":-3'),
  );
  expect([row.usageKnown, row.costUsd]).toEqual([false, null]);
});
