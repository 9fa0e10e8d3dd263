// Names of arguments that a provider would refuse: it is told stand-ins, the same in each turn, and the client reads the names
// that its tool has.
import { describe, expect, test } from 'bun:test';
import { fitArgumentNames, restoreArgumentNames } from '../../../src/dialects/shared/tools/argument-names.ts';
import { PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import type { ToolCallPart } from '../../../src/model/content.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import type { NeutralRequest } from '../../../src/model/request.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import type { ProviderSide } from '../../../src/dialects/dialect.ts';
import { cpuTimeOf } from '../../support/cpu-time.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const LONG = 'settings__'.repeat(8);
const SCHEMA = {
  type: 'object',
  properties: {
    $top: { type: 'integer' },
    'filter[id]': { type: 'string' },
    [LONG]: {},
    plain: { $ref: '#' },
  },
  required: ['$top', 'plain'],
};
const TAKEN = /^[a-zA-Z0-9_.-]{1,64}$/;
const CALL = { $top: 5, 'filter[id]': 'a', [LONG]: true, plain: '$top', other: 1 };
const RULE = { signs: /[^a-zA-Z0-9_.-]/, longest: 64 };

const TOOLS = [{ type: 'function', function: { name: 'lookup', parameters: SCHEMA } }];
const HISTORY = [
  { role: 'user', content: 'q' },
  {
    role: 'assistant',
    tool_calls: [
      {
        id: 'c',
        type: 'function',
        // An id of 64 bits stays what it is.
        function: { name: 'lookup', arguments: '{"$top":12345678901234567890,"plain":"x"}' },
      },
    ],
  },
  { role: 'tool', tool_call_id: 'c', content: 'r' },
];

test('an argument without a name has one for the provider, and none for the client', () => {
  const parameters = { type: 'object', properties: { '': { type: 'string' } }, required: [''] };
  const request: NeutralRequest = {
    ...{ model: 'm', stream: false, system: [], messages: [] },
    tools: [{ type: 'function', name: 'lookup', parameters }],
  };
  const { request: fitted, names } = fitArgumentNames(request, RULE);
  const [tool] = fitted.tools;
  if (tool?.type !== 'function') throw new Error('no function');
  const [name = ''] = Object.keys((tool.parameters?.properties ?? {}) as JsonObject);
  expect(name).toMatch(TAKEN);
  expect(tool.parameters?.required).toEqual([name]);
  const side = restoreArgumentNames(PROVIDER_SIDES['anthropic-messages'], names);
  const call = { type: 'tool_use', id: 'toolu_1', name: 'lookup', input: { [name]: 'a' } };
  const { parts } = side.parseResponse({ content: [call], usage: {} });
  expect(parts).toMatchObject([{ arguments: '{"":"a"}' }]);
});

describe.each(['anthropic-messages', 'bedrock-converse', 'bedrock-invoke'] as const)('%s', (wire) => {
  const pieces = PROVIDER_WIRES[wire];

  function setup() {
    const upstream = createReplayFetch((request) => {
      const schema = schemaIn(request.json());
      const [top = '', id = '', long = '', plain = ''] = Object.keys(schema.properties as JsonObject);
      const args = JSON.stringify({ [top]: 5, [id]: 'a', [long]: true, [plain]: '$top', other: 1 });
      const text =
        pieces.start +
        pieces.callStart(1) +
        pieces.callArguments(1, args.slice(0, 9)) +
        pieces.callArguments(1, args.slice(9)) +
        pieces.callEnd;
      return replyWith(pieces.bytes?.(text) ?? text, { headers: { 'content-type': pieces.contentType } });
    });
    const config = { providers: { lab: pieces.config }, routing: { default_provider: 'lab' } };
    return { upstream, ...createTestGateway({ config, fetch: upstream.fetch }) };
  }

  test.each([true, false])(
    'is told what it takes, the client what its tool has; streamed: %s',
    async (stream) => {
      const { upstream, post, row } = setup();
      const ask = { model: 'm', stream, messages: HISTORY, tools: TOOLS };
      const text = await (await post('/v1/chat/completions', ask)).text();
      const sent = upstream.requests[0]?.json();
      const schema = schemaIn(sent);
      const names = Object.keys(schema.properties as JsonObject);
      expect(names).toHaveLength(4);
      for (const name of names) expect(name).toMatch(TAKEN);
      expect(names[3]).toBe('plain');
      expect(schema.required).toEqual([String(names[0]), 'plain']);
      expect(new TextDecoder().decode(upstream.requests[0]?.body)).toContain(
        `{"${names[0]}":12345678901234567890,"plain":"x"}`,
      );
      const received = stream
        ? [...text.matchAll(/"arguments":"((?:[^"\\]|\\.)*)"/g)]
            .map(([, piece]) => JSON.parse(`"${piece}"`))
            .join('')
        : JSON.parse(text).choices[0].message.tool_calls[0].function.arguments;
      expect(JSON.parse(received)).toEqual(CALL);
      expect((await row(0)).lost).toContainEqual(
        'tools.parameters (approximated: arguments are named in a form that the provider takes; the client reads its own)',
      );
    },
  );
});

/** The schema of the only tool, wherever it stands. */
function schemaIn(request: unknown): JsonObject {
  const { tools, toolConfig } = request as JsonObject & { tools?: JsonObject[]; toolConfig?: JsonObject };
  const [tool] = tools ?? [];
  const [spec] = (toolConfig?.tools ?? []) as JsonObject[];
  const json = ((spec?.toolSpec as JsonObject | undefined)?.inputSchema as JsonObject | undefined)?.json;
  return (tool?.input_schema ?? json) as JsonObject;
}

function ask(parameters: JsonObject): NeutralRequest {
  return {
    ...{ model: 'm', stream: true, system: [], messages: [] },
    tools: [{ type: 'function', name: 'f', parameters }],
  };
}

test('a request whose names fit is the same', () => {
  const request = ask({ type: 'object', properties: { a: { properties: { $deep: {} } } } });
  expect(fitArgumentNames(request, RULE).request).toBe(request);
  expect(fitArgumentNames(ask(SCHEMA), undefined).names.size).toBe(0);
});

const NAMED = { type: 'object', properties: { $top: {}, plain: {} }, required: ['$top'] };

test.each<[string, JsonObject]>([
  ['a choice of schemas', { anyOf: [{ properties: { $top: {}, plain: {} }, required: ['$top'] }, true] }],
  ['a schema that is referred to', { $ref: '#/$defs/it', $defs: { it: NAMED } }],
  ['schemas to choose from that are referred to', { oneOf: [{ $ref: '#/$defs/it' }], $defs: { it: NAMED } }],
])('names of %s too', (_, parameters) => {
  const { request, names } = fitArgumentNames(ask(parameters), RULE);
  const [substitute = ''] = names.get('f')?.keys() ?? [];
  expect(substitute).toMatch(TAKEN);
  expect(request.tools).toMatchObject([{ parameters: { properties: { [substitute]: {}, plain: {} } } }]);
});

const { names } = fitArgumentNames(ask(SCHEMA), RULE);
const substitute = [...(names.get('f') ?? [])].find(([, name]) => name === '$top')?.[0] ?? '';

test.each([
  ['complete', `{"${substitute}":12345678901234567890,"other":1}`, '{"$top":12345678901234567890,"other":1}'],
  ['cut off', `{"${substitute}": 5, "pla`, '{"$top": 5, "pla'],
])('a whole answer has the names of the tool; its arguments are %s', (_, sent, read) => {
  const call = (text: string): ToolCallPart => {
    return { type: 'tool-call', id: 'c', name: 'f', kind: 'function', arguments: text };
  };
  const finish = { unified: 'tool_use', raw: 'tool_use' } as const;
  const answer = { id: null, model: null, finish, usage: NO_USAGE };
  const other: ToolCallPart = { ...call(sent), name: 'another' };
  const side: ProviderSide = {
    ...PROVIDER_SIDES['anthropic-messages'],
    parseResponse: () => ({ ...answer, parts: [call(sent), other] }),
  };
  expect(restoreArgumentNames(side, names).parseResponse({}).parts).toEqual([call(read), other]);
});

describe('a stream', () => {
  const start: StreamEvent = { type: 'tool-start', block: 1, id: 'c', name: 'f', kind: 'function' };
  const delta = (text: string): StreamEvent => ({ type: 'tool-delta', block: 1, arguments: text });
  const end: StreamEvent = { type: 'tool-end', block: 1 };

  /** What its client is told of these events. */
  function restored(events: StreamEvent[], fitted = names): StreamEvent[] {
    const got: StreamEvent[] = [];
    const side: ProviderSide = {
      ...PROVIDER_SIDES['anthropic-messages'],
      createStreamDecoder(sink) {
        for (const event of events) sink.push(event);
        return { decode() {}, end() {} };
      },
    };
    restoreArgumentNames(side, fitted).createStreamDecoder({ push: (event) => got.push(event) });
    return got;
  }

  test('brings the arguments when they are whole', () => {
    expect(restored([start, delta(`{"${substitute}"`), delta(':1}'), end])).toEqual([
      start,
      delta('{"$top":1}'),
      end,
    ]);
    expect(restored([start, end])).toEqual([start, end]);
  });

  test('that was encoded twice is the call that was meant', () => {
    const twice = JSON.stringify(`{"${substitute}":1}`);
    expect(restored([start, delta(twice), end])).toEqual([start, delta('{"$top":1}'), end]);
  });

  test('that breaks brings what there is', () => {
    const error: StreamEvent = { type: 'error', error: new GatewayError('internal', 'gone') };
    expect(restored([start, delta('{"a'), error])).toEqual([start, delta('{"a'), error]);
  });

  test('that is cut off in the arguments has the names of the tool, too', () => {
    const finish: StreamEvent = { type: 'finish', finish: { unified: 'max_tokens', raw: 'max_tokens' } };
    const begun = restored([start, delta(`{"${substitute}": 5, "pla`), end, finish]);
    expect(begun).toEqual([start, delta('{"$top": 5, "pla'), end, finish]);
  });

  test('that is cut off takes no time for each of thousands of names', () => {
    const properties = Object.fromEntries(Array.from({ length: 8_000 }, (_, at) => [`$${at}`, {}]));
    const many = fitArgumentNames(ask({ properties }), RULE).names;
    const [[first = '', own = ''] = []] = many.get('f') ?? [];
    const rest = `: "${'x'.repeat(2_000_000)}`;
    const { result, cpuMs } = cpuTimeOf(() => restored([start, delta(`{"${first}"${rest}`), end], many));
    expect(result).toEqual([start, delta(`{"${own}"${rest}`), end]);
    expect(cpuMs).toBeLessThan(1_000);
  });

  test('of other tools as they come', () => {
    const other: StreamEvent = { ...start, name: 'g' };
    expect(restored([other, delta('{'), delta('}'), end])).toEqual([other, delta('{'), delta('}'), end]);
  });
});
