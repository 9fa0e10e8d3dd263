// Every recorded request, sent by the SDK of its format to a provider of the other: what arrives asks the same,
// and each field that does not arrive is named as lost (GUARANTEES 7, 8).
import { describe, expect, test } from 'bun:test';
import { AS_INSTRUCTION, SAYS_NO_SEARCH } from '../../src/dialects/shared/losses/substitutes.ts';
import { ownRecordings, type Recording, recordings } from '../support/recordings.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { replyOf } from '../support/reply.ts';
import { createAnthropicClient, createOpenaiClient } from './clients.ts';
import { gatewayTo } from './gateway-for.ts';
import { collapse, type Essence, essenceOfChat, essenceOfMessages } from './request-essence.ts';
import {
  cacheBreakpoints,
  CHAT_FIELDS,
  isDefault,
  MESSAGES_FIELDS,
  nestedLosses,
  OTHER_NAMES,
} from './request-fields.ts';

type Json = Record<string, unknown>;

const SIDES = {
  'anthropic-messages': {
    other: 'openai-chat',
    target: 'lab/gpt-4.1',
    path: '/v1/messages',
    sent: essenceOfMessages,
    arrived: essenceOfChat,
    fields: MESSAGES_FIELDS,
  },
  'openai-chat': {
    other: 'anthropic-messages',
    target: 'lab/claude-sonnet-4-5',
    path: '/chat/completions',
    sent: essenceOfChat,
    arrived: essenceOfMessages,
    fields: CHAT_FIELDS,
  },
} as const;

type Wire = keyof typeof SIDES;

/** Named where the system prompt that arrives is longer than what was sent. */
const ADDS_INSTRUCTION = [
  `response_format (approximated: ${AS_INSTRUCTION}`,
  `system (approximated: ${SAYS_NO_SEARCH}`,
];

/** Requests that were wrong in the first place: refused before any provider is asked. */
const INVALID: Record<string, string> = {
  'anthropic-messages/anthropic/ddpy-anthropic-completion-error': 'messages.0: must be an object',
  'openai-chat/llamacpp/rig-error-matrix-malformed-request-field': 'temperature: must be a number',
};

async function send(wire: Wire, request: Json) {
  const { other, target, path } = SIDES[wire];
  const [answer] = ownRecordings(other, { streamed: request.stream === true, status: 'ok' });
  if (answer === undefined) throw new Error(`no answer of ${other} to give`);
  const gateway = gatewayTo(other, createReplayFetch(replyOf(answer)));
  // Vertex names the model in its URL.
  const body = { model: 'recorded-model', ...request };
  const options = { body, headers: { 'x-sluice-target': target } };
  const response =
    wire === 'openai-chat'
      ? await createOpenaiClient(gateway.fetch).post(path, options).asResponse()
      : await createAnthropicClient(gateway.fetch).post(path, options).asResponse();
  await response.text();
  const named = (await gateway.row(0)).lost;
  const arrived = gateway.upstream.requests[0]?.json() as Json;
  return { body, arrived, named, header: response.headers.get('x-sluice-lost') };
}

/** Claude's prompts get breakpoints then. */
function isLoop({ tools, messages }: Json): boolean {
  const turns = messages as Json[];
  return Array.isArray(tools) && tools.length > 0 && turns.some(({ role }) => role === 'assistant');
}

/** `feature (approximated: how)` → `feature` */
function featureOf(feature: string): string {
  return feature.replace(/ \(approximated.*$/, '');
}

/** What the gateway may say in its own words, where the format has none for it. */
const STAND_INS = ['[The rest of this result is in the next user message.]', 'The tool call failed.'];

function withoutStandIns(essence: Essence, recording: Recording): Essence {
  const clean = (text: string) => {
    let left = text;
    for (const substitute of STAND_INS) left = left.replaceAll(substitute, '');
    // A text document goes as text, its title before it.
    for (const title of documentTitles(recording)) left = left.replaceAll(title, '');
    return collapse([left]);
  };
  const turns = essence.turns.map((turn) => ({
    ...turn,
    text: clean(turn.text),
    results: turn.results.map((result) => ({ ...result, text: clean(result.text) })),
  }));
  return { ...essence, turns };
}

function documentTitles(recording: Recording): string[] {
  const text = JSON.stringify(recording.request?.messages ?? []);
  return [
    ...text.matchAll(/"type":"document".*?"title":"([^"]*)"|"title":"([^"]*)".*?"type":"document"/g),
  ].map((found) => found[1] ?? found[2] ?? '');
}

/** An object without properties may be written in two ways. */
function withProperties(essence: Essence): Essence {
  const tools = essence.tools.map((tool) => ({
    ...tool,
    schema: { properties: {}, ...Object(tool.schema) },
  }));
  return { ...essence, tools };
}

for (const wire of ['anthropic-messages', 'openai-chat'] as const) {
  const side = SIDES[wire];
  describe(`requests of ${wire} to ${side.other}`, () => {
    for (const recording of recordings(wire)) {
      const { request } = recording;
      if (request === undefined) continue;
      const complaint = INVALID[recording.id];

      if (complaint !== undefined) {
        test(`${recording.id} is refused`, async () => {
          expect(send(wire, request)).rejects.toMatchObject({
            status: 400,
            message: expect.stringContaining(complaint),
          });
        });
        continue;
      }

      test(`${recording.id} asks the same`, async () => {
        const { body, arrived, named } = await send(wire, request);
        const sent = withProperties(withoutStandIns(side.sent(body), recording));
        const got = withProperties(withoutStandIns(side.arrived(arrived), recording));
        // The Messages format requires a limit.
        if (sent.maxTokens === undefined && wire === 'openai-chat') {
          expect(got.maxTokens).toBeGreaterThan(0);
          got.maxTokens = undefined;
        }
        if (named.some((feature) => ADDS_INSTRUCTION.some((adding) => feature.startsWith(adding)))) {
          expect(got.system).toStartWith(sent.system);
          got.system = sent.system;
        }
        expect(got).toEqual(sent);
      });

      test(`${recording.id}: every field arrives or is named`, async () => {
        const { body, arrived, named, header } = await send(wire, request);
        const features = named.map(featureOf);
        for (const [field, value] of Object.entries(body)) {
          if (value === undefined || isDefault(field, value)) continue;
          if (field in side.fields) {
            const rule = side.fields[field];
            if (rule === undefined || rule(value, arrived)) continue;
          }
          const name = OTHER_NAMES[field] ?? field;
          const isNamed = features.some((feature) => feature === name || feature.startsWith(`${name}.`));
          if (!isNamed)
            throw new Error(`${field} ${JSON.stringify(value)} neither arrives nor is named: ${named}`);
        }
        expect(features).toEqual(expect.arrayContaining([...nestedLosses(body)]));
        const breakpoints = cacheBreakpoints(body);
        if (wire === 'openai-chat' && breakpoints === 0 && isLoop(body))
          expect(cacheBreakpoints(arrived)).toBeWithin(1, 4);
        else if (wire === 'openai-chat') expect(cacheBreakpoints(arrived)).toBe(breakpoints);
        else expect(features.includes('cache_control')).toBe(breakpoints > 0);
        const lost = named.filter((feature) => !feature.includes(' (approximated'));
        expect(header?.split(', ') ?? []).toEqual(lost);
      });
    }
  });
}
