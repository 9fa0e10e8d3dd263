// What a program may hand to `stream`: whatever a dialect reads of its clients' requests, and nothing that would be dropped.
import { describe, expect, test } from 'bun:test';
import { REQUEST_FEATURES } from '../../../scripts/fidelity/catalogue.ts';
import { merge } from '../../../scripts/fidelity/feature.ts';
import { ASKS } from '../../../scripts/fidelity/wires.ts';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import { requestOf } from '../../../src/gateway/request/ask.ts';
import { type Ask, createGateway, GatewayError, type NeutralRequest } from '../../../src/index.ts';
import { DIALECT_IDS, type DialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { RECORDED_AS } from '../../support/client-requests.ts';
import { recordings } from '../../support/recordings.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const said = [{ type: 'text', text: 'hi' }];
const asked = { model: 'simulator/fast', messages: [{ role: 'user', parts: said }] };
const withPart = (part: unknown) => ({ ...asked, messages: [{ role: 'user', parts: [part] }] });

const WRONG: [string, unknown, string][] = [
  ['nothing', undefined, 'the request: expected object, received undefined'],
  ['no model', { messages: asked.messages }, 'model: expected string, received undefined'],
  ['no messages', { model: 'm' }, 'messages: expected array, received undefined'],
  ['text in place of messages', { ...asked, messages: 'hi' }, 'messages: expected array, received string'],
  [
    'a message as another interface has it',
    { ...asked, messages: [{ role: 'user', content: 'hi' }] },
    'messages[0].parts: expected array, received undefined',
  ],
  [
    'a role of another interface',
    { ...asked, messages: [...asked.messages, { role: 'tool', parts: said }] },
    'messages[1].role: expected one of "system"|"user"|"assistant"',
  ],
  ['text in place of a part', withPart('hi'), 'messages[0].parts[0]: expected object, received string'],
  [
    'a part of no known type',
    withPart({ type: 'txt' }),
    "messages[0].parts[0].type: Expected 'text' | 'image'",
  ],
  ['an image of nothing', withPart({ type: 'image' }), 'messages[0].parts[0].source: expected object'],
  ['a name of another interface', { ...asked, max_tokens: 9 }, 'the request: Unrecognized key: "max_tokens"'],
  [
    'what a picture does not have, of one that code drew',
    withPart({
      ...{ type: 'server-tool-result', callId: '1', dialect: 'gemini', value: {} },
      output: { text: '', images: [{ mediaType: 'image/png', data: 'AA==', url: 'x' }] },
    }),
    'messages[0].parts[0].output.images[0]: Unrecognized key: "url"',
  ],
  ['text in place of the system prompt', { ...asked, system: 'be brief' }, 'system: expected array'],
  ['a tool without its type', { ...asked, tools: [{ name: 'add' }] }, "tools[0].type: Expected 'function'"],
  [
    'a limit in words',
    { ...asked, maxOutputTokens: '9' },
    'maxOutputTokens: expected number, received string',
  ],
];

test.each(WRONG)('%s is refused with the place and what belongs there', async (_, ask, message) => {
  const lab = createTestGateway({ config: {}, fetch: createReplayFetch(replyWith('')).fetch });
  const events = lab.gateway.stream(ask as Ask);
  const error = await Array.fromAsync(events).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(GatewayError);
  expect(error).toMatchObject({ code: 'invalid_request', message: expect.stringContaining(message) });
  expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'invalid_request' });
});

test('what is given as undefined is left out', async () => {
  const ask = { ...asked, tools: undefined, system: undefined, temperature: undefined } as unknown as Ask;
  const events = await Array.fromAsync(createGateway().stream(ask));
  expect(events.at(-1)).toMatchObject({ type: 'finish' });
});

function read(client: DialectId, body: JsonObject): NeutralRequest | undefined {
  const route = { operation: 'generate', model: 'some-model', stream: false } as const;
  try {
    return DIALECTS[client].client.parseRequest(body, route);
  } catch (thrown) {
    // One that its own dialect refuses.
    if (thrown instanceof GatewayError) return undefined;
    throw thrown;
  }
}

describe.each(DIALECT_IDS)('whatever %s reads of a request may be asked', (client) => {
  test('every feature', async () => {
    const bodies = REQUEST_FEATURES.flatMap(({ features }) =>
      features.flatMap(({ forms }) => (forms[client] === null ? [] : [merge(ASKS[client], forms[client])])),
    );
    expect(bodies.length).toBeGreaterThan(30);
    for (const body of bodies) await mayBeAsked(read(client, body));
  });

  test('every recording', async () => {
    for (const { request } of recordings(RECORDED_AS[client])) {
      if (request === undefined) continue;
      await mayBeAsked(read(client, client === 'gemini' ? request : { ...request, model: 'some-model' }));
    }
  });
});

async function mayBeAsked(request: NeutralRequest | undefined): Promise<void> {
  if (request !== undefined) expect(await requestOf(request)).toEqual({ ...request, stream: true });
}
