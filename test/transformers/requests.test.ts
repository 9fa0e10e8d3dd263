// Transformers that change requests, from every client dialect to a provider that speaks the same or another.
import { describe, expect, test } from 'bun:test';
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { reasoning } from '../../src/transformers/reasoning.ts';
import { SPOKEN_DIALECTS } from '../support/client-requests.ts';
import { createTransformLab, expectSound, type LabOptions, textAnswer } from '../support/transform-lab.ts';

const BOTH = [true, false];

function labOf(dialect: DialectId, transformers: LabOptions['transformers']) {
  return createTransformLab({ dialect, transformers, answer: textAnswer('hello') });
}

/** Every client at a provider of Anthropic Messages, so that one body shows what a step did. */
async function throughAll(
  transformers: LabOptions['transformers'],
  look: (body: JsonObject, client: DialectId) => void,
  more: Partial<Record<DialectId, JsonObject>> = {},
): Promise<void> {
  for (const client of SPOKEN_DIALECTS) {
    for (const stream of BOTH) {
      const lab = labOf('anthropic-messages', transformers);
      const answer = await lab.ask(client, stream, more[client]);
      expectSound(answer);
      expect(answer.text()).toBe('hello');
      look(lab.sent().body, client);
      const entry = transformers[0];
      const name = typeof entry === 'object' ? entry.name : (entry ?? '');
      expect(await lab.row(0)).toMatchObject({ status: 'success', transformers: [name] });
    }
  }
}

describe('max_tokens', () => {
  test('bounds what was asked for', () =>
    throughAll([{ name: 'max_tokens', max: 500 }], (body) => expect(body.max_tokens).toBe(500)));
  test('leaves less as it is', () =>
    throughAll([{ name: 'max_tokens', max: 5_000 }], (body) => expect(body.max_tokens).toBe(1_000)));
  test('is reported in the row', async () => {
    const lab = labOf('openai-chat', [{ name: 'max_tokens', max: 500 }]);
    await lab.ask('openai-chat', false);
    expect((await lab.row(0)).lost).toEqual(['max_tokens (approximated: 500 in place of 1000)']);
  });
  test('a default where nothing was asked for', async () => {
    const lab = labOf('openai-chat', [{ name: 'max_tokens', max: 500, default: 100 }]);
    await lab.post('/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'hi' }] });
    expect(lab.sent().body.max_tokens).toBe(100);
  });
  test('a default above the bound is the bound', async () => {
    const lab = labOf('openai-chat', [{ name: 'max_tokens', max: 500, default: 900 }]);
    await lab.post('/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'hi' }] });
    expect(lab.sent().body.max_tokens).toBe(500);
  });
  test('without a default, what was not asked for is not', async () => {
    const lab = labOf('openai-chat', [{ name: 'max_tokens', max: 500 }]);
    await lab.post('/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'hi' }] });
    expect(lab.sent().body).not.toHaveProperty('max_tokens');
  });
  test('a default, too, leaves room for the answer beside the thinking', async () => {
    const lab = labOf('gemini', [{ name: 'max_tokens', max: 9_000, default: 4_000 }]);
    await lab.post('/v1beta/models/m:generateContent', {
      contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
      generationConfig: { thinkingConfig: { thinkingBudget: 8_000 } },
    });
    expect(lab.sent().body.generationConfig).toEqual({
      maxOutputTokens: 4_000,
      thinkingConfig: { thinkingBudget: 2_000 },
    });
    expect((await lab.row(0)).lost).toEqual(['thinking (approximated: a budget of 2000 tokens)']);
  });
  test('what asks for no more than the bound is as it was, and nothing is reported', async () => {
    const lab = labOf('openai-chat', [{ name: 'max_tokens', max: 1_000 }]);
    await lab.ask('openai-chat', false);
    expect((await lab.row(0)).lost).toEqual([]);
    expect(lab.sent().body.max_tokens).toBe(1_000);
  });
  test.each([
    // As much as the bound leaves nothing for the answer.
    [4_000, 4_000, 2_000],
    [3_999, 4_000, 3_999],
    // The smallest that providers take.
    [9_000, 2_048, 1_024],
    [9_000, 2_047, undefined],
  ])('a budget of %p within %p is %p', async (asked, max, budget) => {
    const lab = labOf('anthropic-messages', [{ name: 'max_tokens', max }]);
    const thinking = { type: 'enabled', budget_tokens: asked };
    await lab.ask('anthropic-messages', false, { max_tokens: 10_000, thinking });
    expect(lab.sent().body.thinking).toEqual(
      budget === undefined ? { type: 'disabled' } : { type: 'enabled', budget_tokens: budget },
    );
  });
  test('the budget of thinking stays below, or thinking is off and named as lost', async () => {
    const thinking = { type: 'enabled', budget_tokens: 9_000 };
    const more = { max_tokens: 10_000, thinking };
    const roomy = labOf('anthropic-messages', [{ name: 'max_tokens', max: 4_000 }]);
    await roomy.ask('anthropic-messages', false, more);
    expect((await roomy.row(0)).lost).toContain('thinking (approximated: a budget of 2000 tokens)');
    expect(roomy.sent().body).toMatchObject({ max_tokens: 4_000, thinking: { budget_tokens: 2_000 } });
    const narrow = labOf('anthropic-messages', [{ name: 'max_tokens', max: 1_500 }]);
    expect((await narrow.ask('anthropic-messages', false, more)).lost).toBe('thinking');
    expect(narrow.sent().body.max_tokens).toBe(1_500);
    expect(narrow.sent().body.thinking).not.toMatchObject({ type: 'enabled' });
  });
});

describe('sampling', () => {
  test('a field that this provider is not known to take is changed where the client says it, and else named', async () => {
    const lab = labOf('openai-chat', [{ name: 'sampling', top_k: 7, force: true }]);
    expect((await lab.ask('openai-chat', true, { top_k: 40 })).lost).toBeNull();
    expect(lab.sent().body.top_k).toBe(7);
    expect((await lab.ask('openai-chat', true)).lost).toBe('top_k');
    expect(lab.sent().body.top_k).toBeUndefined();
  });
  test('fills in what is not set', () =>
    throughAll([{ name: 'sampling', temperature: 0.25, top_k: 7, stop: ['END'] }], (body) =>
      expect(body).toMatchObject({ temperature: 0.25, top_k: 7, stop_sequences: ['END'] }),
    ));
  test('leaves what is set, unless it is forced', async () => {
    for (const force of BOTH) {
      const lab = labOf('openai-chat', [{ name: 'sampling', temperature: 0.25, force }]);
      await lab.ask('openai-chat', false, { temperature: 0.75, top_p: 0.5 });
      // What the rule says nothing of is the request's own in either case.
      expect(lab.sent().body).toMatchObject({ temperature: force ? 0.25 : 0.75, top_p: 0.5 });
    }
  });
  test('what was asked for anyway is no loss', async () => {
    for (const temperature of [0.25, 0.75]) {
      const lab = labOf('openai-chat', [{ name: 'sampling', temperature: 0.25, force: true }]);
      await lab.ask('openai-chat', false, { temperature });
      const expectedLosses =
        temperature === 0.25 ? [] : ["temperature (approximated: 0.25 by the gateway's rule)"];
      expect((await lab.row(0)).lost).toEqual(expectedLosses);
    }
  });
  test('penalties are filled in under their own names', async () => {
    const penalties = { frequency_penalty: 0.5, presence_penalty: -0.5 };
    const lab = labOf('openai-chat', [{ name: 'sampling', ...penalties }]);
    await lab.ask('openai-chat', false);
    expect(lab.sent().body).toMatchObject(penalties);
  });
});

describe('system_prompt', () => {
  const OWN: Partial<Record<DialectId, JsonObject>> = {
    'anthropic-messages': { system: 'own' },
    'openai-chat': {
      messages: [
        { role: 'system', content: 'own' },
        { role: 'user', content: 'hi' },
      ],
    },
    'openai-responses': { instructions: 'own' },
    gemini: { systemInstruction: { parts: [{ text: 'own' }] } },
    'ollama-chat': {
      messages: [
        { role: 'system', content: 'own' },
        { role: 'user', content: 'hi' },
      ],
    },
  };
  test('prepends and appends', () =>
    throughAll(
      [{ name: 'system_prompt', prepend: 'before', append: 'after' }],
      (body) => expect(JSON.stringify(body.system)).toMatch(/before.*own.*after/),
      OWN,
    ));
  test('replaces, and names what it took', async () => {
    const lab = labOf('openai-chat', [{ name: 'system_prompt', replace: 'mine' }]);
    const answer = await lab.ask('openai-chat', true, OWN['openai-chat']);
    expect(lab.sent().body.messages).toEqual([
      { role: 'system', content: 'mine' },
      { role: 'user', content: 'hi' },
    ]);
    expect(answer.lost).toBe('system');
  });
  test('where there was nothing to replace, nothing is lost', async () => {
    const lab = labOf('openai-chat', [{ name: 'system_prompt', replace: 'mine' }]);
    expect((await lab.ask('openai-chat', false)).lost).toBeNull();
  });
});

describe('tool_use', () => {
  const more = {
    'anthropic-messages': { tools: [{ name: 'look', input_schema: { type: 'object' } }] },
    'openai-chat': {
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
    },
    'openai-responses': { tools: [{ type: 'function', name: 'look', parameters: { type: 'object' } }] },
    gemini: { tools: [{ functionDeclarations: [{ name: 'look', parameters: { type: 'OBJECT' } }] }] },
    'ollama-chat': {
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
    },
  };
  test('hints and asks for a call', () =>
    throughAll(
      [{ name: 'tool_use', hint: 'use them', choice: 'required' }],
      (body) => {
        expect(JSON.stringify(body.system)).toContain('use them');
        expect(body.tool_choice).toMatchObject({ type: 'any' });
      },
      more,
    ));
  test('leaves requests without tools as they are', () =>
    throughAll([{ name: 'tool_use', choice: 'required' }], (body) => {
      expect(body.system).toBeUndefined();
      expect(body.tool_choice).toBeUndefined();
    }));
  test('leaves what a request says of its tools', async () => {
    const options = { name: 'tool_use', choice: 'required', parallel: true } as const;
    const own = { tool_choice: 'auto', parallel_tool_calls: false };
    const lab = labOf('openai-chat', [options]);
    await lab.ask('openai-chat', false, { ...more['openai-chat'], ...own });
    expect(lab.sent().body).toMatchObject(own);
  });
  test('says nothing beside the old form, `functions`, which has no place for it', async () => {
    const lab = labOf('openai-chat', [
      { name: 'tool_use', hint: 'use them', choice: 'required', parallel: true },
    ]);
    const functions = [{ name: 'look', parameters: { type: 'object' } }];
    await lab.ask('openai-chat', false, { functions });
    const { body, text } = lab.sent();
    expect(text).toContain('use them');
    expect(body.functions).toEqual(functions);
    for (const field of ['tools', 'tool_choice', 'parallel_tool_calls'])
      expect(body).not.toHaveProperty(field);
  });
  test('a request that wants no call is given no hint', async () => {
    const lab = labOf('openai-chat', [{ name: 'tool_use', hint: 'use them' }]);
    await lab.ask('openai-chat', false, { ...more['openai-chat'], tool_choice: 'none' });
    expect(JSON.stringify(lab.sent().body)).not.toContain('use them');
  });
});

describe('headers', () => {
  test('are set and removed, whatever the provider speaks', async () => {
    for (const dialect of SPOKEN_DIALECTS) {
      for (const client of SPOKEN_DIALECTS) {
        for (const stream of BOTH) {
          const lab = labOf(dialect, [{ name: 'headers', set: { 'X-Team': 'red' }, remove: ['accept'] }]);
          const answer = await lab.ask(client, stream);
          expectSound(answer);
          expect(lab.sent().headers.get('x-team')).toBe('red');
          expect(lab.sent().headers.has('accept')).toBe(false);
        }
      }
    }
  });
  test('what is not there is not lost', async () => {
    const steps = [
      { name: 'headers', remove: ['x-absent'] },
      { name: 'fields', remove: ['absent', 'messages.absent'] },
    ];
    const lab = labOf('anthropic-messages', steps);
    await lab.ask('anthropic-messages', false);
    expect((await lab.row(0)).lost).toEqual([]);
    expect(lab.sent().body).not.toHaveProperty('absent');
  });
  test('values that are secrets are looked up, and show nowhere', async () => {
    const lab = labOf('anthropic-messages', [{ name: 'headers', set: { 'x-team': 'a-literal-secret' } }]);
    const answer = await lab.ask('anthropic-messages', false, {
      messages: [{ role: 'user', content: 'say a-literal-secret' }],
    });
    expectSound(answer);
    expect((await lab.row(0)).requestBody).not.toContain('a-literal-secret');
  });
});

describe('fields', () => {
  test('are set, filled in and removed in the body that goes out, whatever the client speaks', () =>
    throughAll(
      [{ name: 'fields', set: { 'metadata.team': 'red' }, default: { top_k: 5 }, remove: ['temperature'] }],
      (body) => {
        expect(body).toMatchObject({ metadata: { team: 'red' }, top_k: 5 });
        expect(body).not.toHaveProperty('temperature');
      },
    ));
  test('a default leaves what is set, also an inner field', async () => {
    const lab = labOf('anthropic-messages', [
      { name: 'fields', default: { max_tokens: 5, 'metadata.user_id': 'other', 'metadata.team': 'red' } },
    ]);
    await lab.ask('anthropic-messages', false, { metadata: { user_id: 'me' } });
    expect(lab.sent().body).toMatchObject({ max_tokens: 1_000, metadata: { user_id: 'me', team: 'red' } });
  });
  test('several within one field, one of them taken out', async () => {
    const lab = labOf('anthropic-messages', [
      { name: 'fields', set: { 'metadata.a': 1, 'metadata.b.c': 2 }, remove: ['metadata.user_id'] },
    ]);
    const answer = await lab.ask('anthropic-messages', false, { metadata: { user_id: 'me', d: 3 } });
    expect(lab.sent().body.metadata).toEqual({ a: 1, b: { c: 2 }, d: 3 });
    expect(answer.lost).toBe('metadata.user_id');
  });
});

describe('clean_cache', () => {
  test('leaves the requests of every client sound', () =>
    throughAll(['clean_cache'], (body) => expect(JSON.stringify(body)).not.toContain('cache_control')));
  test('drops breakpoints everywhere, and says so', async () => {
    const lab = labOf('anthropic-messages', ['clean_cache']);
    const cache_control = { type: 'ephemeral' };
    const answer = await lab.ask('anthropic-messages', true, {
      cache_control,
      system: [{ type: 'text', text: 's', cache_control }],
      tools: [{ name: 't', input_schema: { type: 'object' }, cache_control }],
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'hi', cache_control }] },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 't', input: {}, cache_control }] },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'c1',
              content: [{ type: 'text', text: 'r', cache_control }],
              cache_control,
            },
          ],
        },
      ],
    });
    expectSound(answer);
    expect(lab.sent().text).not.toContain('cache_control');
    expect(answer.lost).toBe('cache_control');
  });
  test('drops the one beside the messages, where it is the only one', async () => {
    const lab = labOf('anthropic-messages', ['clean_cache']);
    const answer = await lab.ask('anthropic-messages', true, { cache_control: { type: 'ephemeral' } });
    expectSound(answer);
    expect(lab.sent().text).not.toContain('cache_control');
    expect(answer.lost).toBe('cache_control');
  });
  test('drops those of a client of Chat Completions, at a provider that is not known to take any', async () => {
    const lab = labOf('openai-chat', ['clean_cache']);
    const cache_control = { type: 'ephemeral' };
    const call = { id: 'c1', type: 'function', function: { name: 't', arguments: '{}' } };
    const messages = [
      { role: 'system', content: [{ type: 'text', text: 's', cache_control }] },
      { role: 'user', content: [{ type: 'text', text: 'hi', odd: 1, cache_control }], name: 'me' },
      { role: 'assistant', content: null, tool_calls: [{ ...call, cache_control }] },
      { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'r', cache_control }] },
      { role: 'user', content: 'so?', cache_control },
      { role: 'user', content: 'well?', copilot_cache_control: cache_control, odd: 1 },
    ];
    const described = (name: string) => ({
      type: 'function',
      function: { name, parameters: { type: 'object' } },
    });
    const tools = [
      { ...described('t'), cache_control },
      { ...described('u'), copilot_cache_control: cache_control },
    ];
    const answer = await lab.ask('openai-chat', true, { messages, tools, cache_control, novel: 1 });
    expectSound(answer);
    expect(lab.sent().text).not.toContain('cache_control');
    expect(lab.sent().body).toMatchObject({
      novel: 1,
      messages: [
        {},
        { name: 'me' },
        { tool_calls: [call] },
        {},
        { content: 'so?' },
        { content: 'well?', odd: 1 },
      ],
      tools: [described('t'), described('u')],
    });
    expect(answer.lost).toBe('cache_control');
  });
  test('drops those that Claude gets for the key of a client of Chat Completions', async () => {
    const lab = labOf('anthropic-messages', ['clean_cache']);
    const headers = { 'x-sluice-target': 'lab/claude-opus-4-8' };
    const body = { prompt_cache_key: 'k', messages: [{ role: 'user', content: 'hi' }] };
    const response = await lab.post('/v1/chat/completions', { model: 'm', ...body }, { headers });
    await response.text();
    expect(lab.sent().text).not.toContain('cache_control');
    expect(response.headers.get('x-sluice-lost')).toBe('prompt_cache_key');
  });
  test('drops those that Claude gets for a loop of tools', async () => {
    const call = { id: 'c1', type: 'function', function: { name: 't', arguments: '{}' } };
    const body = {
      model: 'm',
      tools: [{ type: 'function', function: { name: 't', parameters: { type: 'object' } } }],
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c1', content: 'so' },
      ],
    };
    const headers = { 'x-sluice-target': 'lab/claude-opus-4-8' };
    for (const [steps, count] of [
      [[], 3],
      [['clean_cache'], 0],
    ] as const) {
      const lab = labOf('anthropic-messages', [...steps]);
      const response = await lab.post('/v1/chat/completions', body, { headers });
      await response.text();
      expect(lab.sent().text.split('"cache_control"').length - 1).toBe(count);
      expect(response.headers.get('x-sluice-lost')).toBeNull();
    }
  });
  test('does nothing where there are none', async () => {
    const lab = labOf('anthropic-messages', ['clean_cache']);
    expect((await lab.ask('anthropic-messages', true)).lost).toBeNull();
  });
});

describe('the client’s own bytes', () => {
  const ODD =
    '{ "model":"any-model", "max_tokens" : 1000,"stream":true, "novel": {"a":1.50},  "messages":[{"role":"user","content":"hi","odd":1e2}] }';

  test('pass but for the changed fields, headers and fields', async () => {
    const lab = labOf('anthropic-messages', [
      { name: 'headers', set: { 'x-team': 'red' }, remove: ['anthropic-beta'] },
      { name: 'fields', set: { top_k: 3 }, remove: ['novel'] },
    ]);
    const response = await lab.post('/v1/messages', ODD, { headers: { 'anthropic-beta': 'some-beta' } });
    expect(response.headers.get('x-sluice-lost')).toBe('anthropic-beta, novel');
    await response.text();
    expect(lab.sent().text).toBe(
      '{ "model":"any-model", "max_tokens" : 1000,"stream":true, "messages":[{"role":"user","content":"hi","odd":1e2}],"top_k":3}',
    );
    expect(lab.sent().headers.get('x-team')).toBe('red');
    expect(lab.sent().headers.has('anthropic-beta')).toBe(false);
  });
  test('with header steps only, request and answer are byte for byte what they were', async () => {
    for (const dialect of SPOKEN_DIALECTS) {
      const plain = labOf(dialect, []);
      const stepped = labOf(dialect, [{ name: 'headers', set: { 'x-team': 'red' } }]);
      const expected = await plain.ask(dialect, true);
      expect((await stepped.ask(dialect, true)).bytes).toBe(expected.bytes);
      expect(stepped.sent().text).toBe(plain.sent().text);
    }
  });
  test('pass but for what a neutral step changes', async () => {
    const lab = labOf('anthropic-messages', [{ name: 'max_tokens', max: 500 }]);
    await (await lab.post('/v1/messages', ODD)).text();
    expect(lab.sent().text).toBe(ODD.replace('1000', '500'));
  });
  test('a field is changed under the name that the client chose', async () => {
    const lab = labOf('openai-chat', [{ name: 'max_tokens', max: 500 }]);
    await (
      await lab.post(
        '/v1/chat/completions',
        '{"model":"m","max_completion_tokens":900,"novel":1,"messages":[{"role":"user","content":"hi"}]}',
      )
    ).text();
    expect(lab.sent().text).toBe(
      '{"model":"m","max_completion_tokens":500,"novel":1,"messages":[{"role":"user","content":"hi"}]}',
    );
  });
  test('a limit named twice is one limit, of which no other server reads the higher', async () => {
    const steps = [{ name: 'max_tokens', max: 500 }] as const;
    for (const [newer, older, sent] of [
      [50, 9000, 50],
      [9000, 50, 500],
      [null, 9000, 500],
    ]) {
      const lab = labOf('openai-chat', [...steps]);
      const messages = [{ role: 'user', content: 'hi' }];
      await (
        await lab.post('/v1/chat/completions', {
          model: 'm',
          max_completion_tokens: newer,
          max_tokens: older,
          messages,
        })
      ).text();
      expect(JSON.parse(lab.sent().text)).toEqual({ model: 'm', max_tokens: sent, messages });
    }
  });
  test('a field under another name whose spelling is the client’s own is written anew, with the change', async () => {
    const lab = labOf('gemini', [{ name: 'redact', patterns: ['sk-[a-z]{20}'] }]);
    const contents = [{ role: 'user', parts: [{ text: 'hi' }] }];
    const secret = `sk-${'a'.repeat(20)}`;
    const response = await lab.post('/v1beta/models/m:generateContent', {
      system_instruction: { parts: { text: `the key is ${secret}` } },
      contents,
    });
    await response.text();
    expect(lab.sent().body).toMatchObject({
      systemInstruction: { parts: [{ text: 'the key is [redacted]' }] },
      contents,
    });
    expect(lab.sent().text).not.toContain(secret);
  });
  test('messages in front of which one is put keep what they have of their own', async () => {
    const lab = labOf('openai-chat', [{ name: 'system_prompt', prepend: 'mine' }]);
    await (
      await lab.post('/v1/chat/completions', {
        model: 'm',
        messages: [{ role: 'user', content: 'hi', odd: 1 }],
      })
    ).text();
    expect(lab.sent().body.messages).toEqual([
      { role: 'system', content: 'mine' },
      { role: 'user', content: 'hi', odd: 1 },
    ]);
  });
});

test('steps apply in order', async () => {
  const lab = labOf('openai-chat', [
    { name: 'system_prompt', prepend: 'one' },
    { name: 'system_prompt', prepend: 'two' },
  ]);
  await lab.ask('openai-chat', false);
  expect(JSON.stringify(lab.sent().body.messages)).toMatch(/two.*one/);
});

test('a nested field in the provider’s own words', async () => {
  const lab = labOf('gemini', [
    {
      name: 'fields',
      set: { 'generationConfig.thinkingConfig.thinkingBudget': 0 },
      default: { labels: { team: 'red' } },
    },
  ]);
  await lab.ask('openai-chat', true);
  expect(lab.sent().body).toMatchObject({
    generationConfig: { maxOutputTokens: 1_000, thinkingConfig: { thinkingBudget: 0 } },
    labels: { team: 'red' },
  });
});

describe('reasoning, in the history of the next request', () => {
  const history = (...content: JsonObject[]) => ({
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content },
      { role: 'user', content: 'go on' },
    ],
  });
  const ask = async (as: 'thinking' | 'text', more: JsonObject) => {
    const lab = labOf('anthropic-messages', [{ name: 'reasoning', as }]);
    expectSound(await lab.ask('anthropic-messages', false, more));
    const { messages } = lab.sent().body as { messages: JsonObject[] };
    return { turn: messages[1]?.content, lost: (await lab.row(0)).lost };
  };

  test('thinking becomes the tagged text that the model wrote, without its signature, which is named', async () => {
    const { turn, lost } = await ask(
      'thinking',
      history(
        { type: 'thinking', thinking: 'Hm.', signature: 'c2lnbmVk' },
        { type: 'redacted_thinking', data: 'aGlkZGVu' },
        { type: 'text', text: 'Hello!' },
      ),
    );
    expect(turn).toEqual([
      { type: 'text', text: '<think>Hm.</think>\n\n' },
      { type: 'text', text: 'Hello!' },
    ]);
    expect(lost).toContain('reasoning signature');
  });

  test.each([
    [{ type: 'thinking', thinking: 'Hm.', signature: 'c2lnbmVk' }],
    [{ type: 'redacted_thinking', data: 'aGlkZGVu' }],
  ])('each seal by itself is named: %j', async (block) => {
    const { lost } = await ask('thinking', history(block, { type: 'text', text: 'Hello!' }));
    expect(lost).toContain('reasoning signature');
  });

  test('what a user writes between tags is text', async () => {
    const lab = labOf('anthropic-messages', [{ name: 'reasoning', as: 'text' }]);
    const messages = [{ role: 'user', content: '<think>Hm.</think>\n\nHello!' }];
    await lab.ask('anthropic-messages', false, { messages });
    expect(lab.sent().body.messages).toEqual(messages);
  });

  test('without a signature nothing is lost', async () => {
    const { turn, lost } = await ask(
      'thinking',
      history({ type: 'thinking', thinking: 'Hm.', signature: '' }, { type: 'text', text: 'Hello!' }),
    );
    expect(JSON.stringify(turn)).toContain('<think>Hm.</think>');
    expect(lost.filter((feature) => feature.startsWith('reasoning'))).toEqual([]);
  });

  test('tagged text becomes thinking again, and only where it opens the turn', async () => {
    const { turn } = await ask(
      'text',
      history({ type: 'text', text: '<think>Hm.</think>\n\nHello <think>not this</think>!' }),
    );
    expect(JSON.stringify(turn)).not.toContain('<think>Hm.');
    expect(JSON.stringify(turn)).toContain('Hello <think>not this</think>!');
  });

  test('what stands beside the text stays with what is left of it', async () => {
    const cache_control = { type: 'ephemeral' };
    const text = ' \n<think>One.</think>\n<think>Two.</think>\n\nHello!';
    const { turn } = await ask('text', history({ type: 'text', text, cache_control }));
    // Anthropic takes no thinking that it has not signed.
    expect(turn).toEqual([{ type: 'text', text: 'Hello!', cache_control }]);
  });

  test('two thoughts in a row are one', () => {
    const { request } = reasoning.create({ as: 'text', tag: 'think', opened: false });
    const parts = [{ type: 'text' as const, text: '<think>One.</think>\n<think>Two.</think>\n\nHello!' }];
    const asked = {
      model: 'm',
      stream: false,
      system: [],
      tools: [],
      messages: [{ role: 'assistant' as const, parts }],
    };
    expect(request?.(asked, { provider: 'lab', model: 'm', lose() {} })).toMatchObject({
      messages: [
        {
          parts: [
            { type: 'reasoning', text: 'One.Two.' },
            { type: 'text', text: 'Hello!' },
          ],
        },
      ],
    });
  });
});
