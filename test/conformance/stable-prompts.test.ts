// Prompt caches of providers need stable prompts: each request of a conversation begins with all of the one before it, whatever
// the translation makes of its turns.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { Quirks } from '../../src/dialects/quirks.ts';
import { DIALECT_IDS, type ProviderDialectId } from '../../src/model/dialect-id.ts';
import { asArray, asObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';
import { PROVIDER_KINDS } from '../../src/providers/kinds.ts';
import { createDice } from '../chaos/dice.ts';
import { MODELS } from '../providers/row-lab.ts';
import { promptOf, withoutBreakpoints } from '../support/prompt.ts';
import { HISTORIES, rounds } from './histories.ts';

const RUNS = 60;

type Provider = [name: string, wire: ProviderDialectId, model: string, quirks: Quirks];

const ROWS = PROVIDER_KINDS.flatMap(({ kind, dialect, quirks }): Provider[] => {
  if (dialect === 'any') return [];
  const model = MODELS[kind] ?? (/bedrock/.test(kind) ? 'amazon.nova-pro-v1:0' : 'some-model');
  return [[kind, dialect, model, quirks]];
});

const PROVIDERS: Provider[] = [
  ...ROWS,
  ['anthropic', 'anthropic-messages', 'claude-sonnet-4-5', {}],
  ['anthropic', 'anthropic-messages', 'claude-opus-4-8', {}],
  [
    'deepseek',
    'openai-chat',
    'deepseek-reasoner',
    PROVIDER_KINDS.find(({ kind }) => kind === 'deepseek')?.quirks ?? {},
  ],
  ['openai', 'openai-responses', 'gpt-5', {}],
  ['gemini', 'gemini', 'gemini-3-pro', {}],
  ['bedrock', 'bedrock-converse', 'anthropic.claude-sonnet-4-5-20250929-v1:0', {}],
  ['bedrock', 'bedrock-converse', 'anthropic.claude-opus-4-8', {}],
  ['bedrock-anthropic', 'bedrock-invoke', 'anthropic.claude-sonnet-4-5-20250929-v1:0', {}],
];

const isAnswer = (item: JsonValue | undefined) => {
  const { role, type } = asObject(item) ?? {};
  return role === 'assistant' || role === 'model' || type === 'function_call';
};

/** The requests that led to a history: one each time the model was to speak. */
function* requestsOf(whole: JsonObject): Generator<JsonObject> {
  for (const name of ['messages', 'input', 'contents']) {
    const items = asArray(whole[name]) ?? [];
    for (const [at, item] of items.entries())
      if (isAnswer(item) && !isAnswer(items[at - 1])) yield { ...whole, [name]: items.slice(0, at) };
  }
}

for (const client of DIALECT_IDS) {
  const others = PROVIDERS.filter(([, wire]) => wire !== client);
  test.each(others)(`a conversation of ${client} at %s (%s, %s)`, (_, wire, model, quirks) => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const story = rounds(createDice(seed)).map((round) => ({
        ...round,
        // Goes where its provider wants it: before what was sent already.
        late: false,
      }));
      let before: string[] = [];
      for (const asked of requestsOf({ model: 'm', ...HISTORIES[client](story) })) {
        const request = DIALECTS[client].client.parseRequest(asked, { operation: 'generate', model: 'm' });
        const { body } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks });
        const prompt = promptOf(withoutBreakpoints(body));
        expect({ seed, prompt: prompt.slice(0, before.length) }).toEqual({ seed, prompt: before });
        before = prompt;
      }
    }
  });
}
