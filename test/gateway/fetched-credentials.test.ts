// Headers that only the host can provide: fetched for a provider that wants them, for as long as the client waits.
import { expect, test } from 'bun:test';
import type { ProviderConfig } from '../../src/config/resolved.ts';
import { authorize } from '../../src/gateway/attempts/authorize.ts';
import type { GatewayHost } from '../../src/gateway/host.ts';
import { GatewayError } from '../../src/model/errors.ts';
import { HeaderList } from '../../src/model/header-list.ts';
import { Cancellation } from '../../src/upstream/cancellation.ts';
import { sampleProvider } from '../support/provider-config.ts';

const REQUEST = { method: 'POST', url: 'http://127.0.0.1:1/v1', body: '{}' };
const GOOGLE = { authorization: 'google-user' } as const;

function fetching(
  host: Pick<GatewayHost, 'authorize'>,
  {
    provider = GOOGLE,
    signal = new Cancellation(),
  }: { provider?: Partial<ProviderConfig>; signal?: Cancellation } = {},
) {
  const headers = HeaderList.of(new Headers({ 'x-own': '1' }));
  return authorize(host, sampleProvider(provider), headers, REQUEST, signal);
}

test('they are added to the others, and made with the user’s own client where there is one', async () => {
  const asked: unknown[] = [];
  const host: Pick<GatewayHost, 'authorize'> = {
    async authorize(_, request) {
      asked.push(request);
      return { Authorization: 'Bearer t' };
    },
  };
  const oauth = { clientId: 'i', clientSecret: 's', refreshToken: 'r' };
  const found = await fetching(host, { provider: { ...GOOGLE, oauth, options: { project: 'p' } } });
  expect([found.get('x-own'), found.get('authorization')]).toEqual(['1', 'Bearer t']);
  await fetching(host);
  expect(asked).toEqual([
    { ...REQUEST, options: { project: 'p' }, oauth },
    { ...REQUEST, options: {} },
  ]);
});

test('a provider that wants none gets none', async () => {
  const found = await fetching({}, { provider: {} });
  expect([found.get('x-own'), found.get('authorization')]).toEqual(['1', null]);
});

test('a host that cannot fetch any says what to do', async () => {
  const error = await fetching({}).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'upstream_unauthorized',
    message: 'lab: no credentials: this host cannot fetch tokens; set api_key',
  });
});

test('the host’s own error stays what it is', async () => {
  const own = new GatewayError('internal', 'the library cannot be loaded');
  const failing = { authorize: () => Promise.reject(own) };
  expect(await fetching(failing).catch((thrown: unknown) => thrown)).toBe(own);
});

test.each(['before', 'while'])(
  'a client that leaves %s they are fetched does not wait for them',
  async (when) => {
    const signal = new Cancellation();
    const left = new Error('left');
    if (when === 'before') signal.abort(left);
    const never = { authorize: () => new Promise<Record<string, string>>(() => {}) };
    const fetched = fetching(never, { signal }).catch((thrown: unknown) => thrown);
    signal.abort(left);
    expect(await fetched).toBe(left);
  },
);
