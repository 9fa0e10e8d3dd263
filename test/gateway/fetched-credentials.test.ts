// Headers that only the host can provide: fetched for a provider that wants them, for as long as the client waits.
import { describe, expect, test } from 'bun:test';
import type { ProviderConfig } from '../../src/config/resolved.ts';
import { authorize, unauthorizedRequest } from '../../src/gateway/attempts/authorize.ts';
import type { GatewayHost } from '../../src/gateway/host.ts';
import { GatewayError } from '../../src/model/errors.ts';
import { HeaderList } from '../../src/model/header-list.ts';
import { Cancellation } from '../../src/upstream/cancellation.ts';
import { sampleProvider } from '../support/provider-config.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

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
  const asked = sampleProvider(provider);
  return authorize(host, asked, headers, unauthorizedRequest(asked, REQUEST), signal);
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

test.each([
  [
    'invalid_grant: Invalid JWT: Token must be a short-lived token (60 minutes). Check your iat and exp values in the JWT claim.',
    '; correct the clock of this machine',
  ],
  [
    'Signature expired: 20261130T090000Z is now earlier than 20261130T101500Z',
    '; correct the clock of this machine',
  ],
  [
    '{"error":"invalid_grant","error_subtype":"invalid_rapt"}',
    '; log in again (gcloud auth application-default login), or renew oauth.refresh_token',
  ],
  ['The SSO session has expired', ''],
])('%s', async (reason, remedy) => {
  const failing = { authorize: () => Promise.reject(new Error(reason)) };
  expect(await fetching(failing).catch((thrown: unknown) => thrown)).toMatchObject({
    code: 'upstream_unauthorized',
    message: `lab: no credentials: ${reason}${remedy}`,
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

describe('credentials that the provider refuses', () => {
  const EXPIRED = {
    __type: 'ExpiredTokenException',
    message: 'The security token included in the request is expired',
  };
  const DENIED = { __type: 'AccessDeniedException', message: "You don't have access to the model" };
  const NOW = 'Mon, 30 Nov 2026 12:00:00 GMT';
  const ANSWER = {
    output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } },
    stopReason: 'end_turn',
    usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 },
  };

  const LIST = {
    modelSummaries: [
      { modelId: 'amazon.nova-pro-v1:0', inferenceTypesSupported: ['ON_DEMAND'], outputModalities: ['TEXT'] },
    ],
    inferenceProfileSummaries: [],
  };

  /** @param isRenewed whether the host has others. */
  function lab(refusal: object, isRenewed: boolean) {
    let token = 1;
    const refused: unknown[] = [];
    const upstream = createReplayFetch(({ headers, method }) =>
      headers.get('x-amz-security-token') === '2'
        ? jsonReply(method === 'GET' ? LIST : ANSWER)
        : jsonReply(refusal, { status: 403, headers: { date: NOW } }),
    );
    const gateway = createTestGateway({
      config: { providers: { bedrock: { options: { region: 'eu-west-1' } } } },
      fetch: upstream.fetch,
      host: {
        authorize: async () => ({ 'x-amz-security-token': String(token) }),
        authorizationRefused(scheme, { url }, answeredAt) {
          refused.push([scheme, new URL(url).pathname, answeredAt]);
          if (isRenewed) token += 1;
          return isRenewed;
        },
      },
    });
    const ask = () =>
      gateway.post('/v1/messages', {
        model: 'bedrock/amazon.nova-pro-v1:0',
        max_tokens: 9,
        messages: [{ role: 'user', content: 'hi' }],
      });
    return { ...gateway, ask, upstream, refused };
  }

  test('are replaced, and the request goes out once more', async () => {
    const { ask, row, upstream, refused } = lab(EXPIRED, true);
    const response = await ask();
    expect(await response.text()).toContain('Hi');
    expect([response.status, upstream.requests.length]).toEqual([200, 2]);
    const path = '/model/amazon.nova-pro-v1%3A0/converse';
    expect(refused).toEqual([['aws-signature', path, Date.parse(NOW)]]);
    expect((await row(0)).attempts.map(({ status, error }) => [status, error])).toEqual([
      [403, 'upstream_unauthorized'],
      [200, null],
    ]);
  });

  test('are told of where there are no others', async () => {
    const { ask, upstream } = lab(EXPIRED, false);
    const response = await ask();
    expect(await response.text()).toContain(EXPIRED.message);
    expect([response.status, upstream.requests.length]).toEqual([403, 1]);
  });

  test('for what is asked with them are good ones', async () => {
    const { ask, upstream, refused } = lab(DENIED, true);
    expect((await ask()).status).toBe(403);
    expect([upstream.requests.length, refused]).toEqual([1, []]);
  });

  test('are replaced for the list of models, too, but not where the list is what they may not have', async () => {
    const listed = async ({ gateway }: ReturnType<typeof lab>) => {
      const response = await gateway.fetch(new Request('http://127.0.0.1:8088/v1/models'));
      return (await response.text()).includes('amazon.nova-pro-v1:0');
    };
    const renewed = lab(EXPIRED, true);
    expect(await listed(renewed)).toBe(true);
    expect(renewed.refused).toEqual([['aws-signature', '/foundation-models', Date.parse(NOW)]]);
    const denied = lab(DENIED, true);
    expect(await listed(denied)).toBe(false);
    expect(denied.refused).toEqual([]);
  });
});
