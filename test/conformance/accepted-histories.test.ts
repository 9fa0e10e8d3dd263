// Histories as agents make them, by chance, each as its client's own provider takes it: none of them may be refused by another for
// what the translation made of it.
import { expect, test } from 'bun:test';
import type { BuildOptions } from '../../src/dialects/dialect.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { DIALECT_IDS, type ProviderDialectId } from '../../src/model/dialect-id.ts';
import { createDice } from '../chaos/dice.ts';
import { HISTORIES, rounds } from './histories.ts';
import { PROVIDER_RULES } from './provider-rules.ts';
import type { Json } from './wire-facts.ts';

const RUNS = 150;

const PROVIDERS: [ProviderDialectId, BuildOptions][] = [
  ['anthropic-messages', { model: 'claude-opus-4-8', quirks: {} }],
  ['anthropic-messages', { model: 'claude-sonnet-4-5', quirks: {} }],
  ['openai-chat', { model: 'gpt-4.1', quirks: { objectSchemas: true, callIds: 'at-most-40' } }],
  ['openai-responses', { model: 'gpt-5', quirks: {} }],
  ['gemini', { model: 'gemini-3-pro', quirks: {} }],
  ['bedrock-converse', { model: 'anthropic.claude-sonnet-4-5-20250929-v1:0', quirks: {} }],
  ['bedrock-converse', { model: 'amazon.nova-pro-v1:0', quirks: {} }],
];

for (const client of DIALECT_IDS) {
  const others = PROVIDERS.filter(([wire]) => wire !== client);
  test.each(others)(`what a client of ${client} sends is taken at %s %j`, (wire, options) => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const dice = createDice(seed);
      const asked = { model: 'm', ...HISTORIES[client](rounds(dice)) };
      const request = DIALECTS[client].client.parseRequest(asked, { operation: 'generate', model: 'm' });
      if (dice.next() < 0.3) request.reasoning = { mode: 'on', budgetTokens: 2_000 };
      const { body } = PROVIDER_SIDES[wire].buildRequest(request, options);
      // As the provider reads it.
      const read = JSON.parse(JSON.stringify(body)) as Json;
      expect({ seed, broken: PROVIDER_RULES[wire]?.(read) }).toEqual({ seed, broken: [] });
    }
  });
}
