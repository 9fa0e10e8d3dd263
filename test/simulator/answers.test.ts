// What the simulator answers in each dialect, as its SDK and its grammar read it.
import { describe, expect, test } from 'bun:test';
import { FRAMING_TYPES } from '../../src/dialects/dialect.ts';
import { DIALECTS } from '../../src/dialects/registry.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { createSimulator } from '../../src/simulator/index.ts';
import { readEvents } from '../support/read-events.ts';
import { CLIENTS } from './clients.ts';
import { violations } from './schema-check.ts';
import { SPOKEN_DIALECTS } from '../support/client-requests.ts';
import type { Assembled, Scenario, SdkRequest } from './sdk-client.ts';
import { createVirtualTime } from './virtual-time.ts';

const WEATHER: JsonObject = {
  type: 'object',
  properties: {
    city: { type: 'string' },
    unit: { type: 'string', enum: ['celsius', 'kelvin'] },
    days: { type: 'array', minItems: 2, items: { type: 'integer' } },
  },
  required: ['city', 'unit', 'days'],
};
const TOOLS = [
  { name: 'get_weather', parameters: WEATHER },
  { name: 'get_time', parameters: { type: 'object', properties: {} } },
];
const SCHEMA: JsonObject = {
  type: 'object',
  properties: { title: { type: 'string' }, score: { type: 'integer' } },
  required: ['title', 'score'],
  additionalProperties: false,
};

interface Expectation {
  scenario: Scenario;
  /** The finish reason by its neutral name. */
  finish: 'stop' | 'length' | 'tools' | 'sequence';
  holds(answer: Assembled, hasSignature: boolean): void;
}

const SCENARIOS: Record<string, Expectation> = {
  text: {
    scenario: { text: 'Wie geht’s, 世界?' },
    finish: 'stop',
    holds(answer) {
      expect(answer.text).toContain('simulator');
      expect(answer.text).toContain('Wie geht’s, 世界?');
      expect(answer.tools).toEqual([]);
      expect(answer.outputTokens).toBeGreaterThan(20);
      expect(answer.inputTokens).toBeGreaterThan(3);
    },
  },
  echo: {
    scenario: { model: 'simulator/echo,fast', text: 'exactly this:\n  ünï  👩‍🔬 "quoted" \\', tools: TOOLS },
    finish: 'stop',
    holds: (answer) => expect(answer.text).toBe('exactly this:\n  ünï  👩‍🔬 "quoted" \\'),
  },
  'exact length': {
    scenario: { model: 'fast,tokens=150', text: 'long' },
    finish: 'stop',
    holds: (answer) => expect(answer.outputTokens).toBe(150),
  },
  'tool call': {
    scenario: { text: 'Is it warm?', tools: TOOLS },
    finish: 'tools',
    holds(answer) {
      expect(answer.tools).toHaveLength(1);
      expect(answer.tools[0]?.name).toBe('get_weather');
      expect(violations(answer.tools[0]?.input as JsonObject, WEATHER)).toEqual([]);
    },
  },
  'a tool the text names': {
    scenario: { text: 'please use get_time', tools: TOOLS },
    finish: 'tools',
    holds: (answer) => expect(answer.tools.map((call) => call.name)).toEqual(['get_time']),
  },
  'parallel tool calls': {
    scenario: { text: 'ask both in parallel', tools: TOOLS },
    finish: 'tools',
    holds(answer) {
      expect(answer.tools.map((call) => call.name)).toEqual(['get_weather', 'get_time']);
      expect(new Set(answer.tools.map((call) => call.id)).size).toBe(2);
    },
  },
  "an agent's toolbox": {
    scenario: {
      text: 'Say hello.',
      tools: Array.from({ length: 9 }, (_, index) => ({
        name: `tool_${index}`,
        parameters: { type: 'object' },
      })),
    },
    finish: 'stop',
    holds: (answer) => expect(answer.tools).toEqual([]),
  },
  'tool choice: a named tool': {
    scenario: { text: 'Is it warm?', tools: TOOLS, choice: { name: 'get_time' } },
    finish: 'tools',
    holds(answer) {
      expect(answer.tools.map((call) => call.name)).toEqual(['get_time']);
      expect(answer.text).toBe('');
    },
  },
  'tool choice: none': {
    scenario: { text: 'Is it warm?', tools: TOOLS, choice: 'none' },
    finish: 'stop',
    holds: (answer) => expect(answer.tools).toEqual([]),
  },
  'after a tool result': {
    scenario: { text: 'Is it warm?', tools: TOOLS, result: '21 degrees, sunny' },
    finish: 'stop',
    holds(answer) {
      expect(answer.tools).toEqual([]);
      expect(answer.text).toContain('21 degrees, sunny');
    },
  },
  thinking: {
    scenario: { text: 'Why is the sky blue?', thinks: true },
    finish: 'stop',
    holds(answer, hasSignature) {
      expect(answer.reasoning).toContain('Why is the sky blue?');
      expect(answer.text).toContain('simulator');
      if (hasSignature) expect(answer.signature).toMatch(/^[\w+/=]{20,}$/);
    },
  },
  'thinking, then a tool call': {
    scenario: { text: 'Is it warm?', thinks: true, tools: TOOLS },
    finish: 'tools',
    holds(answer) {
      expect(answer.reasoning).not.toBe('');
      expect(answer.tools).toHaveLength(1);
    },
  },
  'JSON by a schema': {
    scenario: { text: 'Rate it', schema: SCHEMA },
    finish: 'stop',
    holds: (answer) => expect(violations(JSON.parse(answer.text), SCHEMA)).toEqual([]),
  },
  'max tokens': {
    scenario: { text: 'Go on and on', maxTokens: 9 },
    finish: 'length',
    holds: (answer) => expect(answer.outputTokens).toBe(9),
  },
  'stop sequence': {
    scenario: { model: 'fast,echo', text: 'one two STOP three', stop: ['nowhere', 'STOP'] },
    finish: 'sequence',
    holds: (answer) => expect(answer.text).toBe('one two '),
  },
};

const FINISH_WORDS = {
  'anthropic-messages': {
    stop: 'end_turn',
    length: 'max_tokens',
    tools: 'tool_use',
    sequence: 'stop_sequence',
  },
  'openai-chat': { stop: 'stop', length: 'length', tools: 'tool_calls', sequence: 'stop' },
  'openai-responses': {
    stop: 'completed',
    length: 'max_output_tokens',
    tools: 'completed',
    sequence: 'completed',
  },
  gemini: { stop: 'STOP', length: 'MAX_TOKENS', tools: 'STOP', sequence: 'STOP' },
  'ollama-chat': { stop: 'stop', length: 'length', tools: 'stop', sequence: 'stop' },
} as const;

for (const id of SPOKEN_DIALECTS) {
  const client = CLIENTS[id];
  const simulator = createSimulator(createVirtualTime());
  const ask = (scenario: Scenario, stream: boolean) =>
    client.ask(scenario, stream, (input, init) => simulator.fetch(new Request(input, init)));
  const post = ({ path, body }: SdkRequest) =>
    simulator.fetch(
      new Request(`http://any.test/prefix${path}`, { method: 'POST', body: JSON.stringify(body) }),
    );

  describe(`simulator as ${id}`, () => {
    for (const [name, { scenario, finish, holds }] of Object.entries(SCENARIOS)) {
      if (scenario.stop !== undefined && !client.stops) continue;
      if (scenario.choice !== undefined && !client.chooses) continue;
      test(`${name}: the SDK reads it, streamed and whole alike`, async () => {
        const streamed = await ask(scenario, true);
        const whole = await ask(scenario, false);
        expect(streamed).toEqual(whole);
        expect(streamed.finish).toBe(FINISH_WORDS[id][finish]);
        holds(streamed, client.signs);
      });

      test(`${name}: the stream keeps the dialect's grammar`, async () => {
        const response = await post(client.request(scenario, true));
        expect(response.status).toBe(200);
        const { framing = 'sse' } = DIALECTS[id].provider;
        expect(response.headers.get('content-type')).toBe(FRAMING_TYPES[framing]);
        const checker = DIALECTS[id].createGrammarChecker();
        for (const event of readEvents(await response.bytes())) checker.check(event);
        expect(checker.end()).toEqual([]);
        expect(checker.summary().finish).toBe(FINISH_WORDS[id][finish]);
      });
    }

    test('tool arguments and text come in pieces', async () => {
      const request = client.request({ text: 'Why is it warm?', tools: TOOLS }, true);
      const pieces: Uint8Array[] = [];
      for await (const piece of (await post(request)).body ?? []) pieces.push(piece);
      // Some dialects have no pieces of arguments.
      expect(pieces.length).toBeGreaterThan(10);
    });

    test('the same request gets the same answer, and the model that was asked for', async () => {
      const request = client.request({ model: 'fast,some-model', text: 'again' }, false);
      const { parseResponse } = DIALECTS[id].provider;
      const read = async () => parseResponse((await (await post(request)).json()) as JsonObject);
      const { id: _, ...first } = await read();
      expect(first.model).toBe('fast,some-model');
      expect(await read()).toMatchObject(first);
    });
  });
}

test('the cached prefix is written in the first turn and read in the next', async () => {
  const simulator = createSimulator(createVirtualTime());
  const client = CLIENTS['anthropic-messages'];
  const ask = (scenario: Scenario) =>
    client.ask(scenario, true, (input, init) => simulator.fetch(new Request(input, init)));
  const first = await ask({ system: 'be brief and kind', text: 'hi' });
  expect(first.cacheWriteTokens).toBe(4);
  expect(first.cacheReadTokens).toBe(0);
  const second = await ask({ system: 'be brief and kind', text: 'hi', result: 'done' });
  expect(second.cacheWriteTokens).toBe(0);
  expect(second.cacheReadTokens).toBe(4);
});

describe('requests whose answer would hold up every other', () => {
  const ask = async (path: string, body: JsonObject) => {
    const simulator = createSimulator(createVirtualTime());
    const request = new Request(`http://any.test${path}`, { method: 'POST', body: JSON.stringify(body) });
    const response = await simulator.fetch(request);
    return { status: response.status, text: await response.text() };
  };
  const messages = (content: string) => [{ role: 'user', content }];

  test('the stop sequence that ended an answer is named', async () => {
    const request = { model: 'fast,echo', messages: messages('one STOP two'), max_tokens: 99 };
    const { text } = await ask('/v1/messages', { ...request, stop_sequences: ['nowhere', 'STOP'] });
    expect(JSON.parse(text)).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'STOP' });
  });

  test('thousands of stop sequences are refused', async () => {
    const request = { model: 'fast', messages: messages('hi'), max_tokens: 9 };
    const stops = (count: number) => Array.from({ length: count }, (_, index) => `stop ${index}`);
    const many = await ask('/v1/messages', { ...request, stop_sequences: stops(65) });
    expect(many).toMatchObject({ status: 400, text: expect.stringContaining('it takes 64 at most') });
    expect(await ask('/v1/messages', { ...request, stop_sequences: stops(64) })).toMatchObject({
      status: 200,
    });
  });

  test('more numbers of vectors than a long answer has are refused', async () => {
    const request = { model: 'fast', input: Array.from({ length: 2_000 }, () => 'word') };
    const many = await ask('/v1/embeddings', { ...request, dimensions: 2_001 });
    expect(many).toMatchObject({ status: 400, text: expect.stringContaining('send fewer texts at a time') });
    expect(await ask('/v1/embeddings', request)).toMatchObject({ status: 200 });
  });

  test('the name of a tool is looked for where a question ends', async () => {
    const tools = ['first', 'second'].map((name) => ({ type: 'function', function: { name } }));
    const called = async (content: string) => {
      const request = { model: 'fast', messages: messages(content), tools, tool_choice: 'required' };
      return (await ask('/v1/chat/completions', request)).text;
    };
    const long = '. '.repeat(10_000);
    expect(await called(`${long}call second`)).toContain('"name":"second"');
    expect(await called(`call second${long}`)).toContain('"name":"first"');
  });
});
