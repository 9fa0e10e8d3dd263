// What a provider is sent of a conversation stays as it is when the conversation grows: a provider's prompt cache is read up to the
// first difference, and all that follows is paid for anew.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId, PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import { asArray, asObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';
import { ownToken } from '../../src/model/opaque-token.ts';
import type { Message, NeutralRequest } from '../../src/model/request.ts';

const ROUNDS = 12;

/** A round of an agent's work: it thinks, calls two tools at once, and gets their results; at times its user speaks too. */
function round(n: number, dialect: DialectId): Message[] {
  const call = (id: string) => ({
    type: 'tool-call' as const,
    id,
    name: 'read',
    arguments: `{"path":"${id}"}`,
    kind: 'function' as const,
  });
  const result = (callId: string, isError: boolean) => ({
    type: 'tool-result' as const,
    callId,
    content: [{ type: 'text' as const, text: `what ${callId} holds` }],
    ...(isError && { isError }),
  });
  const [first, second] = [`toolu_${n}a`, `toolu_${n}b`];
  return [
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: `thought ${n}`, signature: ownToken(dialect, `c2lnbmVk${n}`) },
        ...(n % 2 === 0 ? [{ type: 'text' as const, text: `step ${n}` }] : []),
        call(first),
        call(second),
      ],
    },
    {
      role: 'user',
      parts: [
        result(first, n % 3 === 0),
        result(second, false),
        ...(n % 4 === 0 ? [{ type: 'text' as const, text: `and mind ${n}` }] : []),
      ],
    },
  ];
}

function conversation(rounds: number, dialect: DialectId): NeutralRequest {
  const parameters = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] };
  return {
    model: 'm',
    stream: true,
    system: [{ type: 'text', text: 'You work.' }],
    messages: [
      { role: 'user', parts: [{ type: 'text', text: 'Begin.' }] },
      ...Array.from({ length: rounds }, (_, n) => round(n, dialect)).flat(),
    ],
    tools: [{ type: 'function', name: 'read', description: 'Reads.', parameters }],
    maxOutputTokens: 9_000,
    reasoning: { mode: 'on', budgetTokens: 4_000 },
  };
}

const TURNS = ['messages', 'input', 'contents'];

/** The prompt in the order in which caches read it, each part as text, without the marks that set breakpoints. */
function promptOf(body: JsonObject): string[] {
  const inner = asObject(body.request) ?? body;
  const field = TURNS.find((name) => asArray(inner[name]) !== undefined) ?? '';
  const head = ['tools', 'toolConfig', 'system', 'instructions', 'systemInstruction', 'tool_choice'];
  const turns = asArray(inner[field]) ?? [];
  const pieces = turns.flatMap((turn): JsonValue[] => {
    const { content, parts, ...rest } = asObject(turn) ?? {};
    const list = asArray(content) ?? asArray(parts);
    return list === undefined ? [turn] : list.map((part) => ({ ...rest, part }));
  });
  return [...head.map((name) => inner[name] ?? null), ...pieces].map((piece) =>
    JSON.stringify(piece, (name, value) => (/cache_?(control|point)/i.test(name) ? undefined : value)),
  );
}

function withoutIds(body: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(body, (name, value) => (name === 'id' ? undefined : value))) as JsonObject;
}

const PAIRS = DIALECT_IDS.flatMap((client) => PROVIDER_DIALECT_IDS.map((wire) => [client, wire] as const));

test.each(PAIRS)('%s to %s', (client, wire) => {
  let before: string[] = [];
  for (let rounds = 1; rounds <= ROUNDS; rounds++) {
    const options = { model: 'm', quirks: {}, requestId: `r${rounds}` };
    // As a client of the dialect would say it; many of Gemini's send no ids.
    const said = PROVIDER_SIDES[client].buildRequest(conversation(rounds, client), options).body;
    const asked = client === 'gemini' ? withoutIds(said) : said;
    const route = { operation: 'generate', model: 'm', stream: true } as const;
    const request = DIALECTS[client].client.parseRequest(asked, route);
    const prompt = promptOf(PROVIDER_SIDES[wire].buildRequest(request, options).body);
    expect(prompt.slice(0, before.length)).toEqual(before);
    expect(prompt.length).toBeGreaterThan(before.length);
    before = prompt;
  }
});
