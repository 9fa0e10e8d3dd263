// What a primary hands to its workers: all of a configuration, or nothing of one that holds code.
import { expect, test } from 'bun:test';
import { deserialize, serialize } from 'bun:jsc';
import { resolveInput } from '../support/resolve-input.ts';
import { PROVIDER_KINDS } from '../../src/providers/kinds.ts';
import { sendable } from '../../src/workers/sent-config.ts';

/** Every kind there is, each with a key where it takes one. */
function everyKind(rules: object = {}) {
  const providers = Object.fromEntries(
    PROVIDER_KINDS.map((row) => [
      row.kind,
      row.keyVariable === undefined ? {} : { api_key: 'sk-a-key-of-a-test' },
    ]),
  );
  const environment = new Proxy({}, { get: (_, name) => (String(name).endsWith('URL') ? undefined : 'x') });
  return resolveInput({ providers, routing: rules }, environment).config;
}

test('a configuration with every provider arrives as it was', () => {
  const config = everyKind({
    patterns: [{ match: ['/fix(es)?/i', 'bug'], to: 'anthropic' }],
    agent_rules: { coder: ['openai', 'anthropic'] },
  });
  expect(config.providers.length).toBeGreaterThan(10);
  const sent = sendable(config);
  expect(sent).toEqual(config);
  // As the pipe carries it.
  expect(deserialize(serialize(sent))).toEqual(config);
});

test('one with a transformer is not sent', () => {
  const config = everyKind({ transformers: [{ name: 'max_tokens', max: 5 }] });
  expect(sendable(config)).toBeNull();
});
