// A client asks for a web search or a page, and the provider has none: the model is told so, so that it invents nothing. A
// provider with a search of its own is asked for that.
import { expect, test } from 'bun:test';
import { SAYS_NO_FETCH, SAYS_NO_SEARCH } from '../../../src/dialects/shared/losses/substitutes.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const SEARCHES: [DialectId, JsonObject][] = [
  ['anthropic-messages', { type: 'web_search_20250305', name: 'web_search', max_uses: 8 }],
  ['openai-responses', { type: 'web_search' }],
  ['gemini', { googleSearch: {} }],
];

async function sent(
  client: DialectId,
  tools: JsonObject[],
  wire: keyof typeof PROVIDER_WIRES = 'openai-chat',
  model = 'gpt-5',
) {
  const { fetch, requests } = createReplayFetch(jsonReply(PROVIDER_WIRES[wire].whole('Hi.')));
  const { post, row } = createTestGateway({
    config: { providers: { lab: PROVIDER_WIRES[wire].config }, routing: { default_provider: 'lab' } },
    fetch,
  });
  const { path, body } = clientRequest(client, { model, stream: false, more: { tools } });
  const answer = await post(path, body);
  await answer.text();
  const { lost } = await row(0);
  return { text: JSON.stringify(requests[0]?.json()), lost, named: answer.headers.get('x-sluice-lost') };
}

test.each(SEARCHES)('%s', async (client, search) => {
  const { text, lost, named } = await sent(client, [search]);
  expect(text).toContain('No web search is available here, so none is made for this answer');
  expect(named).toContain('tools.');
  expect(lost).toContain(`system (approximated: ${SAYS_NO_SEARCH})`);
});

test.each<[DialectId, JsonObject]>([
  ['anthropic-messages', { type: 'web_fetch_20250910', name: 'web_fetch' }],
  ['gemini', { urlContext: {} }],
])('%s: a page', async (client, fetches) => {
  const { text, lost, named } = await sent(client, [fetches]);
  expect(text).toContain('No page can be fetched here, so none is read for this answer');
  expect(named).toContain('tools.');
  expect(lost).toContain(`system (approximated: ${SAYS_NO_FETCH})`);
});

test('an agent with other tools, and a provider that searches, are told nothing', async () => {
  const client = 'anthropic-messages';
  const search = { type: 'web_search_20250305', name: 'web_search' };
  const tool = { name: 'f', description: 'f', input_schema: { type: 'object', properties: {} } };
  expect((await sent(client, [search, tool])).text).not.toContain('No web search');
  expect((await sent(client, [search], 'openai-responses')).text).not.toContain('No web search');
});

test.each<[DialectId, keyof typeof PROVIDER_WIRES, JsonObject, string]>([
  ['gemini', 'anthropic-messages', { urlContext: {} }, '{"type":"web_fetch_20250910","name":"web_fetch"}'],
  [
    'anthropic-messages',
    'gemini',
    { type: 'web_fetch_20250910', name: 'web_fetch', max_uses: 3 },
    '{"urlContext":{}}',
  ],
])('a page of a client of %s is fetched by %s’s own', async (client, wire, fetches, own) => {
  const model = wire === 'gemini' ? 'gemini-3-flash' : 'claude-sonnet-4-5';
  const { text, lost } = await sent(client, [fetches], wire, model);
  expect(text).toContain(own);
  expect(text).not.toContain('No page can be fetched');
  const [name] = Object.keys(fetches).includes('urlContext') ? ['urlContext'] : ['web_fetch'];
  expect(lost).toContain(`tools.${name} (approximated: the provider's own page fetch)`);
  if (fetches.max_uses !== undefined) expect(lost).toContain('tools.web_fetch.max_uses');
});

test.each([
  ['which may fetch only some pages', 'gemini-3-flash', { allowed_domains: ['example.com'] }],
  ['which an older model of Gemini’s does not fetch', 'gemini-2.0-flash', {}],
])('a page %s: it is told', async (_, model, more) => {
  const fetches = { type: 'web_fetch_20250910', name: 'web_fetch', ...more };
  const { text } = await sent('anthropic-messages', [fetches], 'gemini', model);
  expect(text).not.toContain('urlContext');
  expect(text).toContain('No page can be fetched here');
});
