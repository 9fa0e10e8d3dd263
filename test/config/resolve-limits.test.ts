// How budgets and rate limits are resolved, and the warnings about those that never apply.
import { describe, expect, test } from 'bun:test';
import { resolve } from './resolve-lab.ts';

describe('budgets', () => {
  const budget = { limit_usd: 5, per: 'day' };

  test('those of a provider that is not there are warned of', () => {
    const providers = { lab: { dialect: 'openai-chat', base_url: 'http://127.0.0.1:1/v1' } };
    const budgets = [
      budget,
      { ...budget, provider: 'lab' },
      { ...budget, provider: 'la*' },
      { ...budget, provider: 'labb' },
      // A model may have its provider's name.
      { ...budget, model: 'lab' },
    ];
    const { said, config } = resolve({ providers, costs: { budgets } });
    expect(said).toEqual([
      'warning costs.budgets[3].provider: no provider is named labb (did you mean "lab"?): nothing counts against this budget',
    ]);
    expect(config.costs.budgets[1]).toEqual({
      limitUsd: 5,
      per: 'day',
      each: null,
      agent: null,
      project: null,
      provider: 'lab',
      model: null,
    });
  });

  test('of those of the same requests only the smallest is ever reached', () => {
    const budgets = [
      { ...budget, limit_usd: 9 },
      budget,
      { ...budget, each: 'agent' },
      { ...budget, per: 'month' },
      budget,
    ];
    const { said, config } = resolve({ costs: { budgets } });
    expect(said).toEqual([
      'warning costs.budgets[0].limit_usd: is never reached: budgets[1] covers the same requests, and is not larger',
      'warning costs.budgets[4].limit_usd: is never reached: budgets[1] covers the same requests, and is not larger',
    ]);
    expect(config.costs.budgets.map(({ limitUsd, per, each }) => [limitUsd, per, each])).toEqual([
      [5, 'day', null],
      [5, 'day', 'agent'],
      [5, 'month', null],
    ]);
  });

  test('without a ledger nothing remembers them', () => {
    expect(resolve({ audit: { enabled: false }, costs: { budgets: [budget] } }).said).toEqual([
      'warning costs.budgets: spending is forgotten at each restart, since audit.enabled is false',
    ]);
    expect(resolve({ audit: { enabled: false } }).said).toEqual([]);
  });
});

describe('rate limits', () => {
  const limit = { requests: 5, per: 'minute' };

  test('each entry is one limit', () => {
    const rate_limits = [
      limit,
      { concurrent: 3, each: 'project', project: 'web-*' },
      { tokens: 9, per: 'day' },
    ];
    const { said, config } = resolve({ rate_limits });
    expect(said).toEqual([]);
    const anyone = { each: null, agent: null, project: null, provider: null, model: null };
    expect(config.rateLimits).toEqual([
      { ...anyone, kind: 'requests', most: 5, per: 'minute' },
      { ...anyone, kind: 'concurrent', most: 3, per: null, each: 'project', project: 'web-*' },
      { ...anyone, kind: 'tokens', most: 9, per: 'day' },
    ]);
  });

  test('an entry that is none, or several, is told by its key', () => {
    const rate_limits = [
      limit,
      { per: 'minute' },
      { requests: 1, tokens: 2, per: 'minute' },
      { tokens: 2 },
      { concurrent: 2, per: 'hour' },
    ];
    expect(resolve({ rate_limits }).said).toEqual([
      'fatal rate_limits[1]: names no limit: add one of requests, tokens, concurrent',
      'fatal rate_limits[2].tokens: stands beside requests: write one entry for each limit',
      'fatal rate_limits[3].per: is missing: tokens need a period, for example per: minute',
      'fatal rate_limits[4].per: does not go with concurrent, which limits requests that run at the same time',
    ]);
  });

  test('those of a provider that is not there are warned of, and those that another covers', () => {
    const providers = { lab: { dialect: 'openai-chat', base_url: 'http://127.0.0.1:1/v1' } };
    const rate_limits = [
      { ...limit, requests: 9 },
      { ...limit, provider: 'labb' },
      limit,
      { ...limit, per: 'hour' },
      { concurrent: 2 },
      { concurrent: 2 },
    ];
    const { said, config } = resolve({ providers, rate_limits });
    expect(said).toEqual([
      'warning rate_limits[1].provider: no provider is named labb (did you mean "lab"?): nothing counts against this limit',
      'warning rate_limits[0].requests: is never reached: rate_limits[2] covers the same requests, and is not larger',
      'warning rate_limits[5].concurrent: is never reached: rate_limits[4] covers the same requests, and is not larger',
    ]);
    expect(config.rateLimits.map(({ most, per }) => [most, per])).toEqual([
      [5, 'minute'],
      [5, 'minute'],
      [5, 'hour'],
      [2, null],
    ]);
  });
});

test('a budget or rate limit of a model is warned of where its name begins like a target', () => {
  const lab = { dialect: 'openai-chat', base_url: 'http://127.0.0.1:1/v1' };
  const providers = { lab, other: lab };
  const names = [
    { model: 'lab/big-*' },
    { model: 'lab/big-*', provider: 'la*' },
    { model: 'lab/big-*', provider: 'other' },
    { model: 'vendor/big-*' },
    { model: 'big-*', provider: 'lab' },
  ];
  const { said } = resolve({
    providers,
    costs: { budgets: names.map((name) => ({ limit_usd: 5, per: 'day', ...name })) },
    rate_limits: names.map((name) => ({ requests: 5, per: 'minute', ...name })),
  });
  const why =
    'is compared with the provider\'s own name for the model, which rarely begins with "lab/": write provider: lab, model: "big-*"';
  expect(said.filter((text) => text.includes('.model'))).toEqual(
    ['costs.budgets[0]', 'costs.budgets[1]', 'rate_limits[0]', 'rate_limits[1]'].map(
      (entry) => `warning ${entry}.model: ${why}`,
    ),
  );
});

test('a budget or rate limit is warned of where its model is a pattern of another language', () => {
  const names = [{ model: 'gpt-?' }, { model: 'gpt-*' }];
  const { said } = resolve({
    providers: { simulator: {} },
    costs: { budgets: names.map((name) => ({ limit_usd: 5, per: 'day', ...name })) },
    rate_limits: names.map((name) => ({ requests: 5, per: 'minute', ...name })),
  });
  const why = '"?" stands only for itself here: write * for any text';
  expect(said.filter((text) => text.includes('.model'))).toEqual([
    `warning costs.budgets[0].model: ${why}`,
    `warning rate_limits[0].model: ${why}`,
  ]);
});
