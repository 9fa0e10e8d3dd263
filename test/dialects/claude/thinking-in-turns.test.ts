// Where Claude refuses its own thinking in a history, and what it is sent instead.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import type { Part } from '../../../src/model/content.ts';
import type { ProviderDialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import type { Message, NeutralRequest } from '../../../src/model/request.ts';

const user: Message = { role: 'user', parts: [{ type: 'text', text: 'Go.' }] };
const said: Part = { type: 'text', text: 'So.' };
const thought: Part = {
  type: 'reasoning',
  text: 'Hm.',
  signature: ownToken('anthropic-messages', 'sealed'),
};
const answer = (...parts: Part[]): Message => ({ role: 'assistant', parts });
const call = (id: string): Part => ({ type: 'tool-call', id, name: 'f', arguments: '{}', kind: 'function' });
const result = (callId: string): Message => ({
  role: 'user',
  parts: [{ type: 'tool-result', callId, content: [said] }],
});

describe.each<[ProviderDialectId, string]>([
  ['anthropic-messages', 'claude-sonnet-4-5'],
  ['bedrock-converse', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
])('%s', (dialect, model) => {
  function sent(messages: Message[], asked: Partial<NeutralRequest> = {}) {
    const { body, losses } = PROVIDER_SIDES[dialect].buildRequest(
      {
        ...{ model, stream: false, system: [], maxOutputTokens: 9_000, messages },
        tools: [{ type: 'function', name: 'f' }],
        reasoning: { mode: 'on', budgetTokens: 2_000 },
        ...asked,
      },
      { model, quirks: {} },
    );
    const turns = (body.messages as JsonObject[]).map(({ role, content }) => {
      const blocks = typeof content === 'string' ? [{ text: content }] : (content as JsonObject[]);
      return `${String(role)}: ${blocks
        .filter(({ cachePoint }) => cachePoint === undefined)
        .map(nameOf)
        .join(', ')}`;
    });
    const thinks = JSON.stringify(body).includes('budget_tokens');
    return { turns, thinks, lost: losses.map(({ feature, outcome }) => `${outcome} ${feature}`) };
  }

  test('an answer of thinking alone, which may not be sent back so', () => {
    const { turns, lost } = sent([user, answer(thought), user]);
    expect(turns).toEqual(['user: Go.', 'assistant: thinking, …', 'user: Go.']);
    expect(lost).toEqual(['approximated reasoning']);
  });

  test('thinking before the first of several calls is enough for the turn', () => {
    const history = [user, answer(thought, call('a')), result('a'), answer(call('b')), result('b')];
    expect(sent(history)).toMatchObject({ thinks: true, lost: [] });
  });

  test('a turn that does not begin with thinking goes on without, and without what it has', () => {
    const history = [user, answer(call('a')), result('a'), answer(thought, call('b')), result('b')];
    const { turns, thinks, lost } = sent(history);
    expect(thinks).toBe(false);
    expect(turns).toEqual([
      'user: Go.',
      'assistant: call',
      'user: result',
      'assistant: call',
      'user: result',
    ]);
    expect(lost).toEqual(['lost thinking', 'lost reasoning']);
  });

  test('an earlier turn does not count', () => {
    const earlier = [user, answer(call('a')), result('a'), answer(said)];
    const history = [...earlier, user, answer(thought, call('b')), result('b')];
    expect(sent(history)).toMatchObject({ thinks: true, lost: [] });
  });

  test('thinking that is turned off within a turn leaves none in it, and the earlier as it was', () => {
    const history = [user, answer(thought, said), user, answer(thought, call('a')), result('a')];
    const { turns, lost } = sent(history, { reasoning: { mode: 'off' } });
    expect(turns[1]).toBe('assistant: thinking, So.');
    expect(turns[3]).toBe('assistant: call');
    expect(lost).toEqual(['lost reasoning']);
  });
});

test.each([
  ['thinks unless told otherwise', 'claude-opus-5'],
  ["is another vendor's", 'deepseek-v4'],
])('a model that %s keeps the thinking of the turn', (_, model) => {
  const { body } = PROVIDER_SIDES['anthropic-messages'].buildRequest(
    {
      ...{ model, stream: false, system: [], tools: [{ type: 'function', name: 'f' }] },
      messages: [user, answer(thought, call('a')), result('a')],
    },
    { model, quirks: {} },
  );
  expect(JSON.stringify(body)).toContain('sealed');
});

function nameOf(block: JsonObject): string {
  if (block.type === 'thinking' || block.reasoningContent !== undefined) return 'thinking';
  if (block.type === 'tool_use' || block.toolUse !== undefined) return 'call';
  if (block.type === 'tool_result' || block.toolResult !== undefined) return 'result';
  return String(block.text);
}
