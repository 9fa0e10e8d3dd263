// What each provider really answered, through its own row, to an Anthropic client: the stream keeps Anthropic's
// grammar, and says what the provider said.
import { describe, expect, test } from 'bun:test';
import { anthropicMessages } from '../../src/dialects/anthropic-messages/index.ts';
import { OPENAI_SHAPED } from '../../src/providers/openai-shaped.ts';
import { recordedHeaders, recordings } from '../support/recordings.ts';
import { createTestGateway } from '../support/test-gateway.ts';
import { readEvents } from '../support/read-events.ts';

/** Folders of recordings that have another name than the kind. */
const FOLDERS: Record<string, string> = { 'qwen-dashscope': 'qwen', zai: 'glm' };

for (const { kind, baseUrl, keyVariable } of OPENAI_SHAPED) {
  const own = recordings('openai-chat', { status: 'ok' }).filter(
    ({ provider }) => (FOLDERS[provider] ?? provider) === kind,
  );
  if (own.length === 0) continue;
  describe(kind, () => {
    for (const recording of own) {
      test(recording.id, async () => {
        const asked: { url: string; headers: Headers }[] = [];
        const lab = createTestGateway({
          config: { providers: { [kind]: { api_key: `lab-key-${keyVariable}` } } },
          async fetch(url, init) {
            asked.push({ url, headers: new Headers(init.headers) });
            return new Response(new Uint8Array(recording.body), { headers: recordedHeaders(recording) });
          },
        });
        const response = await lab.post('/v1/messages', {
          model: `${kind}/some-model`,
          max_tokens: 99,
          stream: recording.streamed,
          messages: [{ role: 'user', content: 'hi' }],
        });
        const text = await response.text();
        expect(asked[0]?.url).toBe(`${baseUrl}/chat/completions`);
        expect(asked[0]?.headers.get('authorization')).toBe(`Bearer lab-key-${keyVariable}`);
        const row = await lab.row(0);
        const fails = recording.features.includes('error');
        expect(row.errorCode === null).toBe(!fails);
        if (fails) return;
        if (recording.streamed) {
          const checker = anthropicMessages.createGrammarChecker();
          for (const event of readEvents(new TextEncoder().encode(text))) checker.check(event);
          expect(checker.end()).toEqual([]);
        } else expect(JSON.parse(text)).toMatchObject({ type: 'message', role: 'assistant' });
      });
    }
  });
}
