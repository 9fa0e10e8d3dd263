// Clients of Gemini that drop thoughts, or put their signature elsewhere, in a loop of tools at Claude: its thinking
// comes back to it as it was, and no secret in it reaches the ledger by the way.
import { describe, expect, test } from 'bun:test';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { thoughtFromBytesWire } from '../../../src/model/opaque-token.ts';
import { responseToEvents } from '../../../src/model/replay.ts';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import { Sequencer } from '../../../src/gateway/pumps/sequence.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const SECRET = 'sk-ant-api03-qzThought-Zz2Xx4Cc6';
const THINKING = {
  type: 'thinking',
  thinking: `The user's key is ${SECRET}. Köln, then.`,
  signature: 'c2ln',
};
const TEXT = { type: 'text', text: 'Let me look.' };
const CALL = { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Köln' } };
const ANSWER = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5',
  content: [THINKING, TEXT, CALL],
  stop_reason: 'tool_use',
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 2 },
};

/** The same as a stream of Anthropic's. */
function streamed(): string {
  const wire = DIALECTS['anthropic-messages'];
  const encoder = wire.client.createStreamEncoder({
    requestId: 'r',
    model: 'm',
    created: 1,
    includeUsage: true,
  });
  const response = wire.provider.parseResponse(ANSWER);
  let text = '';
  const sequencer = new Sequencer({
    see(event) {
      text += encoder.encode(event);
    },
  });
  for (const event of responseToEvents(response)) sequencer.push(event);
  return text;
}

type Part = JsonObject & { text?: string; thought?: boolean; thoughtSignature?: string };

const CLIENTS: Record<string, (parts: readonly Part[]) => Part[]> = {
  'Gemini CLI, which drops thoughts': (parts) => parts.filter(({ thought }) => thought !== true),
  'Agno, which moves the last signature to the text': (parts) => {
    const signed = parts.filter(({ text, thoughtSignature }) => text !== undefined && thoughtSignature);
    const text = parts.map((part) => (part.thought === true ? '' : (part.text ?? ''))).join('');
    const thoughtSignature = signed.at(-1)?.thoughtSignature ?? '';
    return [{ text, thoughtSignature }, ...parts.filter((part) => part.functionCall !== undefined)];
  },
  'a client that keeps everything': (parts) => [...parts],
};

function partsIn(text: string): Part[] {
  const bodies = text.startsWith('{')
    ? [text]
    : text.split('\r\n\r\n').map((event) => event.replace('data: ', ''));
  return bodies.filter(Boolean).flatMap((body) => {
    const { candidates } = JSON.parse(body) as { candidates: { content: { parts: Part[] } }[] };
    return candidates[0]?.content.parts ?? [];
  });
}

for (const [client, keep] of Object.entries(CLIENTS)) {
  describe(client, () => {
    test.each([
      [false, true],
      [true, true],
      [false, false],
      [true, false],
    ])('streamed: %p, asking to be shown thoughts: %p', async (stream, includeThoughts) => {
      const reply = stream ? replyWith(streamed()) : jsonReply(ANSWER);
      const upstream = createReplayFetch(reply);
      const { post, row } = createTestGateway({
        config: { providers: { claude: LAB_PROVIDERS.claude }, routing: { default_provider: 'claude' } },
        fetch: upstream.fetch,
      });
      const path = `/v1beta/models/claude-sonnet-4-5:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`;
      const ask = (contents: JsonObject[]) =>
        post(path, {
          contents,
          tools: [{ functionDeclarations: [{ name: 'weather' }] }],
          generationConfig: { thinkingConfig: { thinkingBudget: 2048, includeThoughts } },
        });
      const user = { role: 'user', parts: [{ text: 'hi' }] };
      const shownParts = partsIn(await (await ask([user])).text());
      // Shown, it comes first; hidden, the first part is the answer, as its readers expect.
      const shown = shownParts.flatMap(({ text, thought }) => (thought === true ? [text] : [])).join('');
      expect([shown, shownParts[0]?.thought]).toEqual(
        includeThoughts ? [THINKING.thinking, true] : ['', undefined],
      );
      const parts = keep(shownParts);
      const functionResponse = { id: 'toolu_1', name: 'weather', response: { output: 'rain' } };
      const second = await ask([
        user,
        { role: 'model', parts },
        { role: 'user', parts: [{ functionResponse }] },
      ]);
      await second.text();
      const sent = upstream.requests[1]?.json() as { thinking: JsonObject; messages: JsonObject[] };
      expect(sent.messages[1]).toEqual({ role: 'assistant', content: [THINKING, TEXT, CALL] });
      expect(sent.thinking).toEqual({ type: 'enabled', budget_tokens: 2048 });
      expect((await row(1)).lost).toEqual([]);

      for (const index of [0, 1]) {
        const { requestBody, responseBody } = await row(index);
        const bodies = `${requestBody} ${responseBody}`;
        expect(bodies).not.toContain(SECRET);
        const carried = (bodies.match(/c2x1aWNlO[\w+/=]*/g) ?? []).map((value) =>
          thoughtFromBytesWire(value),
        );
        expect(carried.filter((thought) => thought?.text.includes(SECRET))).toEqual([]);
        expect(bodies).toContain('[redacted]');
      }
    });
  });
}
