// Gemini CLI asks the model to fetch a page. Where another vendor's model would make the page up, the gateway refuses, so that
// Gemini CLI fetches it itself.
import { expect, test } from 'bun:test';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const CLI = { 'user-agent': 'GeminiCLI/0.61.0/gemini-3-flash (linux; x64; terminal)' };
const SDK = { 'user-agent': 'google-genai-sdk/1.30.0 gl-node/v22.1.0' };
const FETCH = { urlContext: {} };
const DECLARED = { functionDeclarations: [{ name: 'f', parameters: { type: 'OBJECT', properties: {} } }] };

async function ask(kind: 'lab' | 'gemini', headers: Record<string, string>, tools: object[]) {
  const wire = PROVIDER_WIRES[kind === 'lab' ? 'openai-chat' : 'gemini'];
  const upstream = createReplayFetch(jsonReply(wire.whole('The page says hello.')));
  const provider = { base_url: 'http://lab.invalid', api_key: 'k', max_retries: 0 };
  const { post } = createTestGateway({
    config: { providers: { lab: { ...provider, dialect: 'openai-chat' }, gemini: provider } },
    fetch: upstream.fetch,
  });
  const contents = [{ role: 'user', parts: [{ text: 'What does https://example.com say?' }] }];
  const body = { contents, tools };
  const { status } = await post(`/v1beta/models/${kind}/m:generateContent`, body, { headers });
  return [status, upstream.requests.length];
}

test.each<[string, 'lab' | 'gemini', Record<string, string>, object[], number[]]>([
  ["at another vendor's model it fails, and nobody is asked", 'lab', CLI, [FETCH], [400, 0]],
  ["at Google's it passes", 'gemini', CLI, [FETCH], [200, 1]],
  ['beside tools of its own it is a named loss', 'lab', CLI, [FETCH, DECLARED], [200, 1]],
  ['of other clients too', 'lab', SDK, [FETCH], [200, 1]],
])('%s', async (_, kind, headers, tools, expected) => {
  expect(await ask(kind, headers, tools)).toEqual(expected);
});
