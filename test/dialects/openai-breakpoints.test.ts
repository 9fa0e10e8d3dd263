// Since GPT-5.6 OpenAI's models find a prompt again only at a breakpoint: its own behind the newest message, and those that the
// client places. Anthropic's clients (Claude Code) place theirs behind the system prompt, which sessions share.
import { describe, expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { findProviderKind } from '../../src/providers/kinds.ts';

const MARK = { cache_control: { type: 'ephemeral' } };
const BREAKPOINT = { prompt_cache_breakpoint: { mode: 'explicit' } };
const WIRES = ['openai-chat', 'openai-responses'] as const;
type Wire = (typeof WIRES)[number];

function built(wire: Wire, more: JsonObject, model = 'gpt-5.6-sol', baseUrl = 'https://api.openai.com/v1') {
  const ask = { model: 'm', max_tokens: 99, messages: [{ role: 'user', content: 'Hi.' }], ...more };
  const request = DIALECTS['anthropic-messages'].client.parseRequest(ask, { operation: 'generate' });
  const quirks = findProviderKind('openai')?.quirks ?? {};
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks, baseUrl });
  const said = (wire === 'openai-chat' ? body.messages : body.input) as JsonObject[];
  return { body, said, lost: losses.map(({ feature, outcome }) => `${outcome} ${feature}`) };
}

const text = (words: string, more: JsonObject = {}): JsonObject => ({ type: 'text', text: words, ...more });
const call = (more: JsonObject = {}) => ({
  role: 'assistant',
  content: [{ type: 'tool_use', id: 'c1', name: 'f', input: {}, ...more }],
});
const result = (content: JsonObject[], more: JsonObject = {}) => ({
  role: 'user',
  content: [{ type: 'tool_result', tool_use_id: 'c1', content, ...more }],
});

/** Texts as the two dialects hold them, with their fields. */
function texts(wire: Wire, ...parts: JsonObject[]): JsonObject[] {
  return wire === 'openai-chat' ? parts : parts.map((part) => ({ ...part, type: 'input_text' }));
}

describe.each(WIRES)('at %s', (wire) => {
  test('breakpoints of the system prompt and of the turns stand where they stood', () => {
    const { said, body, lost } = built(wire, {
      system: [text('Be brief.'), text('Be kind.', MARK)],
      messages: [{ role: 'user', content: [text('Hi.', MARK)] }],
    });
    expect(said).toMatchObject([
      {
        role: wire === 'openai-chat' ? 'system' : 'developer',
        content: texts(wire, text('Be brief.'), text('Be kind.', BREAKPOINT)),
      },
      { role: 'user', content: texts(wire, text('Hi.', BREAKPOINT)) },
    ]);
    expect(body.instructions).toBeUndefined();
    expect(lost).toEqual([]);
  });

  test('behind a tool’s result it stands on the last of its texts, which stay apart when it has moved on', () => {
    const messages = [{ role: 'user', content: 'Hi.' }, call()];
    const content = [text('One.'), text('Two.')];
    const before = built(wire, { messages: [...messages, result(content, MARK)] });
    const later = built(wire, { messages: [...messages, result(content)] });
    const field = wire === 'openai-chat' ? 'content' : 'output';
    expect(before.said.at(-1)?.[field]).toEqual(texts(wire, text('One.'), text('Two.', BREAKPOINT)));
    expect(later.said.at(-1)?.[field]).toEqual(texts(wire, text('One.'), text('Two.')));
    expect([before.lost, later.lost]).toEqual([[], []]);
  });

  test('an hour becomes half an hour, which is named', () => {
    const mark = { cache_control: { type: 'ephemeral', ttl: '1h' } };
    const { said, lost } = built(wire, { system: [text('Be brief.', mark)] });
    expect(said[0]).toMatchObject({ content: texts(wire, text('Be brief.', BREAKPOINT)) });
    expect(lost).toEqual(['approximated cache_control']);
  });

  test.each<[string, JsonObject]>([
    ['a tool', { tools: [{ name: 'f', input_schema: { type: 'object' }, ...MARK }] }],
    ['a call', { messages: [{ role: 'user', content: 'Hi.' }, call(MARK), result([])] }],
    ['an empty result', { messages: [{ role: 'user', content: 'Hi.' }, call(), result([], MARK)] }],
    [
      'an earlier answer',
      {
        messages: [
          { role: 'user', content: 'Hi.' },
          { role: 'assistant', content: [text('Hello.', MARK)] },
          { role: 'user', content: 'Go on.' },
        ],
      },
    ],
  ])('%s can have none', (_, more) => {
    const { body, lost } = built(wire, more);
    expect(JSON.stringify(body)).not.toContain('prompt_cache_breakpoint');
    expect(lost).toContain('lost cache_control');
  });

  test.each([
    ['gpt-5.5', 0],
    ['gpt-5', 0],
    ['o4-mini', 0],
    ['gpt-5.6', 1],
    ['gpt-5.10-mini', 1],
    ['gpt-6.1-terra', 1],
  ])('%s takes them: %d', (model, count) => {
    const { body, lost } = built(wire, { system: [text('Be brief.', MARK)] }, model);
    expect(JSON.stringify(body).split('prompt_cache_breakpoint')).toHaveLength(count + 1);
    expect(lost).toEqual(count === 0 ? ['lost cache_control'] : []);
  });

  test('other servers get none: they may refuse it', () => {
    const { body, lost } = built(
      wire,
      { system: [text('Be brief.', MARK)] },
      'gpt-5.6',
      'https://a.example/v1',
    );
    expect(JSON.stringify(body)).not.toContain('prompt_cache_breakpoint');
    expect(lost).toEqual(['lost cache_control']);
  });
});
