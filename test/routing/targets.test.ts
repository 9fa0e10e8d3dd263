// From a name to a target: aliases, defaults, names with a slash, and what is said where there is none.
import { describe, expect, test } from 'bun:test';
import type { ResolvedConfig } from '../../src/config/resolved.ts';
import { resolveInput } from '../support/resolve-input.ts';
import type { ConfigInput } from '../../src/index.ts';
import {
  resolveDefault,
  resolveForced,
  resolveNamed,
  resolveTarget,
  targetName,
} from '../../src/routing/targets.ts';

function configOf(providers: ConfigInput['providers'], routing: ConfigInput['routing'] = {}): ResolvedConfig {
  return resolveInput({ providers, routing }).config;
}

const LAB = { dialect: 'openai-chat', base_url: 'http://lab.test/v1', api_key: 'k' } as const;
const PROVIDERS = {
  aliased: { ...LAB, models: { fast: 'qwen3-8b' }, default_model: 'qwen3-32b' },
  plain: LAB,
  mine: { ...LAB, kind: 'openai' },
} as const;

describe('a configured target', () => {
  const config = configOf(PROVIDERS);
  test.each([
    // The provider alone: the model asked for where it is one of its own, by alias, name or default.
    ['aliased', 'fast', 'aliased/qwen3-8b'],
    ['aliased', 'qwen3-8b', 'aliased/qwen3-8b'],
    ['aliased', 'qwen3-32b', 'aliased/qwen3-32b'],
    ['aliased', 'gpt-5', 'aliased/qwen3-32b'],
    ['plain', 'gpt-5', 'plain/gpt-5'],
    // With a model: that one, through the aliases.
    ['aliased/fast', 'gpt-5', 'aliased/qwen3-8b'],
    ['aliased/other', 'gpt-5', 'aliased/other'],
    ['plain/vendor/model', 'gpt-5', 'plain/vendor/model'],
    // No alias of this name was written.
    ['aliased/constructor', 'gpt-5', 'aliased/constructor'],
  ])('%s, asked for %s', (target, asked, expected) => {
    const found = resolveTarget(target, asked, config);
    expect(found && targetName(found)).toBe(expected);
  });

  test('of a provider that is not there is none', () => {
    expect(resolveTarget('gone/model', 'gpt-5', config)).toBeUndefined();
  });
});

describe('a model that names its provider', () => {
  const config = configOf(PROVIDERS);
  test.each([
    ['plain/x', 'plain/x'],
    ['gone/x', undefined],
    ['/x', undefined],
    ['x', undefined],
    ['plain', undefined],
  ])('%s', (model, expected) => {
    const found = resolveNamed(model, config);
    expect(found && targetName(found)).toBe(expected);
  });
});

describe('where no rule leads elsewhere', () => {
  const chosen = (model: string, routing: ConfigInput['routing'] = {}) => {
    const { target, rule } = resolveDefault(model, configOf(PROVIDERS, routing));
    return [targetName(target), rule];
  };

  test('the default provider, whatever the model', () => {
    const routing = { default_provider: 'plain' };
    expect(chosen('gpt-5', routing)).toEqual(['plain/gpt-5', 'routing.default_provider: plain']);
  });

  test('else the one that knows the model, else the first', () => {
    expect(chosen('gpt-5')).toEqual(['mine/gpt-5', 'the provider that knows the model']);
    expect(chosen('fast')).toEqual(['aliased/qwen3-8b', 'the provider that knows the model']);
    expect(chosen('unheard-of')).toEqual(['aliased/qwen3-32b', 'the first provider']);
  });

  test('models for other than text, fine-tuned ones and open ones go to whom they belong to', () => {
    const names = ['anthropic', 'openai', 'gemini', 'cerebras'];
    const providers = Object.fromEntries(names.map((name) => [name, { api_key: 'k' }]));
    const of = (model: string) => resolveDefault(model, configOf(providers)).target.provider.name;
    const openai = ['text-embedding-3-small', 'text-embedding-ada-002', 'omni-moderation-latest', 'dall-e-3'];
    openai.push('gpt-4o-mini-tts', 'tts-1-hd', 'whisper-1', 'sora-2', 'davinci-002');
    openai.push(
      'ft:gpt-4o-mini-2024-07-18:org::id',
      'ft:o4-mini-2025-04-16:org::id',
      'ft:babbage-002:org::id',
    );
    expect([...new Set(openai.map(of))]).toEqual(['openai']);
    const gemini = ['gemini-embedding-001', 'text-embedding-004', 'imagen-4.0-generate-001', 'veo-3.1'];
    expect([...new Set(gemini.map(of))]).toEqual(['gemini']);
    expect(of('gpt-oss-120b')).toBe('cerebras');
  });

  test('a model with a tag is Ollama’s, and so is a family alone; of names that others have too, none is', () => {
    const names = ['anthropic', 'openai', 'gemini', 'groq', 'cerebras', 'qwen', 'mistral', 'deepseek'];
    // Before Bedrock, whose names have a colon too.
    names.push('ollama', 'openrouter', 'glm', 'moonshot', 'bedrock');
    const providers = Object.fromEntries(
      names.map((name) => [
        name,
        { api_key: 'k', ...(name === 'bedrock' && { options: { region: 'us-east-1' } }) },
      ]),
    );
    const of = (model: string) => resolveDefault(model, configOf(providers)).target.provider.name;
    const ollama = [
      'llama3.3:70b',
      'qwen3:8b',
      'gpt-oss:20b',
      'deepseek-v3.1:671b-cloud',
      'gemma3:4b-it-qat',
      'gemini-3-flash-preview:cloud',
    ];
    ollama.push(
      'llama3.2',
      'gemma3',
      'phi4',
      'mistral',
      'codellama',
      'llava',
      'nomic-embed-text',
      'bge-m3:567m',
    );
    ollama.push(
      'hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M',
      'hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF',
    );
    for (const model of ollama) expect([model, of(model)]).toEqual([model, 'ollama']);
    const others = {
      'llama-3.3-70b-versatile': 'groq',
      'llama3.1-8b': 'cerebras',
      'qwen3-max': 'qwen',
      'mistral-small-latest': 'mistral',
      'deepseek-chat': 'deepseek',
      'deepseek/deepseek-r1:free': 'openrouter',
      'ft:gpt-4o-mini': 'openai',
      'ft:gpt-4o-mini:org::id': 'openai',
      'openai.gpt-oss-120b-1:0': 'bedrock',
      'amazon.nova-premier-v1:0': 'bedrock',
      'ai21.jamba-1-5-large-v1:0': 'bedrock',
      'us.meta.llama3-3-70b-instruct-v1:0': 'bedrock',
      'gemma-3-27b-it': 'gemini',
      'gpt-5': 'openai',
      'unheard-of': 'anthropic',
    };
    for (const [model, provider] of Object.entries(others))
      expect([model, of(model)]).toEqual([model, provider]);
  });

  test('the reason names the vendor of a model that goes to another vendor under its own name', () => {
    const why = (model: string, providers: ConfigInput['providers'], routing: ConfigInput['routing'] = {}) =>
      resolveDefault(model, configOf(providers, routing)).why;
    const openai = { api_key: 'k' };
    const absent =
      'no rule matches, and anthropic, whose model it is, is not enabled: routing.model_mappings may lead it to another model';
    expect(why('claude-opus-4-8', { openai })).toBe(absent);
    expect(why('claude-opus-4-8', { openai }, { default_provider: 'openai' })).toBe(absent);
    expect(why('gpt-5', { openai })).toBe('no rule matches');
    expect(why('unheard-of', { openai })).toBe('no rule matches');
    expect(why('vendor/unheard-of', { openai })).toBe('no rule matches');
    expect(why('claude-opus-4-8', { lab: LAB })).toBe('no rule matches');
    const withDefault = { openai: { ...openai, default_model: 'gpt-5' } };
    expect(why('claude-opus-4-8', withDefault)).toBe('no rule matches');
    const both = { openai, anthropic: { api_key: 'k' } };
    expect(why('claude-opus-4-8', both, { default_provider: 'openai' })).toBe('no rule matches');
    const renamed = { openai, claude: { kind: 'anthropic', api_key: 'k' } };
    expect(why('claude-opus-4-8', renamed, { default_provider: 'openai' })).toBe('no rule matches');
  });

  test('a name with a slash is the model’s own, unless it is that of a provider', () => {
    expect(chosen('vendor/model')).toEqual(['aliased/qwen3-32b', 'the first provider']);
    expect(() => chosen('anthropic/claude-x')).toThrow(
      'model "anthropic/claude-x" asks for provider "anthropic", which is not enabled; set ANTHROPIC_API_KEY or configure providers.anthropic (enabled: aliased, plain, mine',
    );
  });

  test('also of a provider that is known, where the chosen one serves a model of that name', () => {
    const config = configOf({ only: { ...LAB, models: { 'anthropic/claude-x': 'claude-x' } } });
    expect(targetName(resolveDefault('anthropic/claude-x', config).target)).toBe('only/claude-x');
  });

  test('another gateway has vendors of its own, but gets nothing of one that is disabled here', () => {
    const sluice = { base_url: 'http://other.test', api_key: 'k' };
    expect(targetName(resolveDefault('anthropic/claude-x', configOf({ sluice })).target)).toBe(
      'sluice/anthropic/claude-x',
    );
    const disabled = configOf({ sluice, anthropic: { api_key: 'env:ABSENT' } });
    expect(() => resolveDefault('anthropic/claude-x', disabled)).toThrow('it is disabled: ');
  });

  test('where none can answer what is asked, the default provider says so', () => {
    const config = configOf(PROVIDERS, { default_provider: 'plain' });
    expect(targetName(resolveDefault('gpt-5', config, () => false).target)).toBe('plain/gpt-5');
  });
});

describe('what another vendor calls otherwise', () => {
  const anthropic = { api_key: 'k' };
  const amazons = { bedrock: { options: { region: 'us-east-1' }, api_key: 'k' } };
  const googles = { vertex: { options: { project: 'p', location: 'global' }, api_key: 'k' } };
  const chosen = (model: string, providers: ConfigInput['providers']) =>
    targetName(resolveDefault(model, configOf(providers)).target);

  test.each([
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude-sonnet-4-5-20250929'],
    ['anthropic.claude-opus-4-6-v1', 'claude-opus-4-6'],
    ['us-gov.anthropic.claude-3-5-sonnet-20241022-v2:0', 'claude-3-5-sonnet-20241022'],
    ['anthropic.claude-3-haiku-20240307-v1:0:200k', 'claude-3-haiku-20240307'],
    ['global.anthropic.claude-sonnet-5', 'claude-sonnet-5'],
    [
      'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0',
      'claude-haiku-4-5-20251001',
    ],
    ['claude-opus-4-1@20250805', 'claude-opus-4-1-20250805'],
    ['claude-opus-4-6@default', 'claude-opus-4-6'],
  ])('%s', (name, own) => {
    expect(chosen(name, { lab: LAB, anthropic })).toBe(`anthropic/${own}`);
    expect(targetName(resolveForced('anthropic', name, configOf({ anthropic })))).toBe(`anthropic/${own}`);
    // Who calls it so gets it under that name, wherever it stands.
    const [vendor, entry] = name.includes('@') ? ['vertex', googles] : ['bedrock', amazons];
    expect(chosen(name, { anthropic, ...entry })).toBe(`${vendor}/${name}`);
  });

  test('Gemini’s models have one name each, so that limits of a model apply to it', () => {
    const config = configOf({ gemini: { api_key: 'k' } });
    expect(chosen('models/gemini-2.5-pro', { lab: LAB, gemini: { api_key: 'k' } })).toBe(
      'gemini/gemini-2.5-pro',
    );
    const named = resolveNamed('gemini/models/gemini-2.5-pro', config);
    expect(named && targetName(named)).toBe('gemini/gemini-2.5-pro');
    expect(targetName(resolveForced('gemini/models/gemini-2.5-pro', '', config))).toBe(
      'gemini/gemini-2.5-pro',
    );
    expect(chosen('models/own', { lab: LAB, gemini: { api_key: 'k' } })).toBe('lab/models/own');
  });

  test('a model goes to whose own it is, by this name, before others that have it too', () => {
    expect(chosen('claude-opus-4-6', { ...googles, anthropic })).toBe('anthropic/claude-opus-4-6');
    const amazons = 'us.anthropic.claude-opus-4-6-v1';
    const bedrock = { options: { region: 'us-east-1' }, api_key: 'k' };
    expect(chosen(amazons, { anthropic, ...googles, bedrock })).toBe(`bedrock/${amazons}`);
    expect(chosen('claude-opus-4-6@default', { anthropic, ...googles })).toBe(
      'vertex/claude-opus-4-6@default',
    );
  });

  test('one that says nothing of its model is nobody else’s', () => {
    const name = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34';
    expect(chosen(name, { lab: LAB, anthropic })).toBe(`lab/${name}`);
    expect(chosen(name, { anthropic, ...amazons })).toBe(`bedrock/${name}`);
  });

  test('Amazon’s name of Claude is known at Google, and the configuration’s own names come first', () => {
    expect(chosen('us.anthropic.claude-opus-4-6-v1', { lab: LAB, ...googles })).toBe(
      'vertex/claude-opus-4-6',
    );
    const models = { 'us.anthropic.claude-opus-4-6-v1': 'claude-opus-4-7' };
    expect(chosen('us.anthropic.claude-opus-4-6-v1', { anthropic: { ...anthropic, models } })).toBe(
      'anthropic/claude-opus-4-7',
    );
  });
});

describe('none is there', () => {
  const failure = (run: () => unknown) => {
    try {
      run();
    } catch (thrown) {
      return thrown;
    }
    throw new Error('it was found');
  };
  const off = configOf({ gone: { ...LAB, api_key: 'env:ABSENT' }, here: LAB }, { default_provider: 'gone' });

  test('the default provider is disabled: the reason, and those that are enabled', () => {
    expect(failure(() => resolveDefault('gpt-5', off))).toMatchObject({
      code: 'unknown_model',
      message: expect.stringMatching(
        /^routing.default_provider is "gone", which is not enabled; it is disabled: .*ABSENT is not set.* \(enabled: here/,
      ),
    });
  });

  test('the header names one that is not configured', () => {
    expect(failure(() => resolveForced('lab7/x', 'gpt-5', off))).toMatchObject({
      code: 'unknown_model',
      message: expect.stringMatching(
        /^x-sluice-target names "lab7\/x", which is not enabled; configure providers.lab7 \(enabled: /,
      ),
    });
  });

  test('the header misspells one', () => {
    expect(failure(() => resolveForced('anthropc/x', 'gpt-5', off))).toMatchObject({
      message: expect.stringContaining('configure providers.anthropc (did you mean "anthropic"?)'),
    });
    // One that is known needs no other name.
    expect(failure(() => resolveForced('ollama/x', 'gpt-5', off))).toMatchObject({
      message: expect.stringContaining('configure providers.ollama (enabled: '),
    });
  });

  test('no provider at all', () => {
    const empty = { ...off, providers: [], routing: { ...off.routing, defaultProvider: null } };
    expect(failure(() => resolveDefault('gpt-5', empty))).toMatchObject({
      code: 'unknown_model',
      message: 'no provider is enabled; configure one under `providers` in sluice.yaml',
    });
  });
});
