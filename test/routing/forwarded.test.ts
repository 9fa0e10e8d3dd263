// The models that requests within a body name, as their provider knows them, and whether they may be longer there: then the length
// that the client declared does not hold.
import { expect, test } from 'bun:test';
import type { ConfigInput } from '../../src/index.ts';
import { fitting, mayGrow, namesAnother, namesWithin } from '../../src/routing/forwarded.ts';
import { resolveInput } from '../support/resolve-input.ts';

const mapped = (to: string): ConfigInput['routing'] => ({ model_mappings: [{ from: 't*', to }] });

test.each<[string, string, string, boolean, object, ConfigInput['routing']?]>([
  ['no other name', 'tiny', 'tiny', false, {}],
  ['a shorter name', 'a-long-alias', 'tiny', false, { models: { 'a-long-alias': 'tiny' } }],
  ['a longer name', 'tiny', 'a-long-name', true, { models: { tiny: 'a-long-name' } }],
  ['a name in longer letters', 'tiny', 'tïny', true, { models: { tiny: 'tïny' } }],
  ['a name by a mapping', 'tiny', 'a-long-name', true, {}, mapped('lab/a-long-name')],
  ['a default by a mapping', 'tiny', 'a-long-name', true, { default_model: 'a-long-name' }, mapped('lab')],
])('a model of which the provider has %s', (_, asked, expected, grows, changes, routing = {}) => {
  const lab = { dialect: 'openai-chat', base_url: 'http://lab.test/v1', api_key: 'k', ...changes };
  const { config } = resolveInput({ providers: { lab }, routing });
  const [provider] = config.providers;
  if (provider === undefined) throw new Error('the provider is not enabled');
  const target = { provider, model: '' };
  const nameOf = namesWithin({ spokenBy: ['openai-chat'], forced: null, target }, config);
  expect(nameOf(asked, 'line 1')).toBe(expected);
  expect(mayGrow(target, config)).toBe(grows);
});

test('a request names a provider that does not have its path: by the header, which comes before the model, or by the model', () => {
  const chat = { dialect: 'openai-chat', base_url: 'http://lab.test/v1', api_key: 'k' } as const;
  const claude = { dialect: 'anthropic-messages', base_url: 'http://lab.test', api_key: 'k' } as const;
  const { config } = resolveInput({ providers: { chat, claude } });
  const names = (forced: string | null, model: string | null) =>
    namesAnother({ path: '/v1/files', spokenBy: ['openai-chat'], forced, model }, config);
  expect([names(null, null), names(null, 'm'), names(null, 'chat/m')]).toEqual([false, false, false]);
  expect([names(null, 'claude/m'), names('claude', null), names('claude', 'chat/m')]).toEqual([
    true,
    true,
    true,
  ]);
  expect(names('chat', 'claude/m')).toBe(false);
});

test('Amazon’s own ways to ask a model are Bedrock’s, whichever of them it speaks', () => {
  const { config } = resolveInput({
    providers: { bedrock: { options: { region: 'us-east-1' }, api_key: 'k' } },
  });
  const names = (...spokenBy: Parameters<typeof fitting>[0]['spokenBy']) =>
    fitting({ spokenBy }, config).map(({ name }) => name);
  expect([names('bedrock-converse'), names('bedrock-invoke'), names('openai-chat')]).toEqual([
    ['bedrock'],
    ['bedrock'],
    [],
  ]);
});

test('of providers with paths of their own, those get a WebSocket that have one for it', () => {
  const { config } = resolveInput({
    providers: { azure: { api_key: 'k', options: { resource: 'r', api_version: 'v1' } } },
  });
  const names = (asked: Parameters<typeof fitting>[0], providers = config.providers) =>
    fitting(asked, { ...config, providers }).map(({ name }) => name);
  const spokenBy = ['openai-chat'] as const;
  expect(names({ spokenBy, isSocket: true })).toEqual(['azure']);
  expect(names({ spokenBy })).toEqual([]);
  const without = config.providers.map(({ socket: _, ...provider }) => provider);
  expect(names({ spokenBy, isSocket: true }, without)).toEqual([]);
});
