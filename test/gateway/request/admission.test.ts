// Who may ask, whose key goes where, and what of a request reaches the provider (GUARANTEES 21, 22).
import { describe, expect, test } from 'bun:test';
import type { ConfigInput } from '../../../src/index.ts';
import { labConfig } from '../../support/lab-config.ts';
import { wholeChat, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const ASK = { model: 'claude/m', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const KEY = 'gateway-key-0001';
const OTHER_KEY = 'gateway-key-0002';
const OWN = 'lab-key';

interface Lab {
  config?: Omit<ConfigInput, 'providers'>;
  provider?: Parameters<typeof labConfig>[1];
}

function setup({ config = {}, provider = {} }: Lab = {}) {
  const upstream = createReplayFetch((request) =>
    jsonReply(request.path.startsWith('/v1/messages') ? wholeMessage('served') : wholeChat('served')),
  );
  const lab = createTestGateway({
    config: labConfig('http://upstream.test', provider, config),
    fetch: upstream.fetch,
  });
  return { ...lab, upstream };
}

const withKeys: Lab = { config: { server: { keys: [KEY, OTHER_KEY] } } };

function page(
  { gateway }: ReturnType<typeof setup>,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  return gateway.fetch(new Request(`http://localhost${path}`, init));
}

/** All headers of the only request that reached the provider. */
function sentHeaders({ upstream }: ReturnType<typeof setup>): Headers {
  expect(upstream.requests).toHaveLength(1);
  return upstream.requests[0]?.headers ?? new Headers();
}

function credentials(headers: Headers): Record<string, string> {
  const names = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key', 'x-sluice-key'];
  return Object.fromEntries([...headers].filter(([name]) => names.includes(name)));
}

const FORMS: [string, (key: string) => Record<string, string>][] = [
  ['x-sluice-key', (key) => ({ 'x-sluice-key': key })],
  ['x-api-key', (key) => ({ 'x-api-key': key })],
  ['x-goog-api-key', (key) => ({ 'x-goog-api-key': key })],
  ['authorization: Bearer', (key) => ({ authorization: `Bearer ${key}` })],
];

describe('with server.keys', () => {
  describe.each(FORMS)('%s', (_, present) => {
    test.each([KEY, OTHER_KEY])('%s is let in, and goes no further', async (key) => {
      for (const [path, model, own] of [
        ['/v1/messages', 'claude/m', { 'x-api-key': OWN }],
        ['/v1/messages', 'gpt/m', { authorization: `Bearer ${OWN}` }],
        ['/v1/chat/completions', 'gpt/m', { authorization: `Bearer ${OWN}` }],
        ['/v1/chat/completions', 'claude/m', { 'x-api-key': OWN }],
      ] as const) {
        const lab = setup(withKeys);
        const response = await lab.post(path, { ...ASK, model }, { headers: present(key) });
        expect(response.status).toBe(200);
        expect(credentials(sentHeaders(lab))).toEqual(own);
        expect(JSON.stringify([...sentHeaders(lab)])).not.toContain(key);
      }
    });

    test.each([
      ['a wrong key', 'gateway-key-0003'],
      ['a longer key', `${KEY}1`],
      ['a shorter key', KEY.slice(0, -1)],
      ['another case', KEY.toUpperCase()],
    ])('%s: 401, one row, nobody is asked', async (_name, key) => {
      const lab = setup(withKeys);
      const response = await lab.post('/v1/messages', ASK, { headers: present(key) });
      expect(response.status).toBe(401);
      // Else Claude Code tries the same key for minutes.
      expect(response.headers.get('x-should-retry')).toBe('false');
      expect(await response.json()).toMatchObject({ error: { type: 'authentication_error' } });
      expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'unauthenticated', attempts: [] });
      expect(lab.upstream.requests).toHaveLength(0);
    });
  });

  test.each([{}, { authorization: `Basic ${KEY}` }, { authorization: KEY }, { 'x-api-key': '' }])(
    'no key (%j): 401 that says how to send one',
    async (headers) => {
      const response = await setup(withKeys).post('/v1/chat/completions', ASK, {
        headers: headers as Record<string, string>,
      });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="sluice"');
      expect(await response.text()).toMatch(
        /server\.keys.*x-sluice-key, x-api-key, api-key, x-goog-api-key or a Bearer/,
      );
    },
  );

  test.each(['/gateway/health', '/gateway/providers', '/gateway/metrics', '/gateway/audit', '/nothing'])(
    '%s needs one too',
    async (path) => {
      const { gateway } = setup(withKeys);
      const url = `http://127.0.0.1:8088${path}`;
      const unknown = await gateway.fetch(new Request(url));
      expect([unknown.status, unknown.headers.has('www-authenticate')]).toEqual([401, true]);
      const known = await gateway.fetch(new Request(url, { headers: { 'x-sluice-key': KEY } }));
      expect(known.status).not.toBe(401);
    },
  );

  test('a probe of the root does not', async () => {
    const { gateway } = setup(withKeys);
    expect((await gateway.fetch(new Request('http://127.0.0.1:8088/', { method: 'HEAD' }))).status).toBe(200);
    // HAProxy's question, unless it is told another.
    const options = await gateway.fetch(new Request('http://127.0.0.1:8088/', { method: 'OPTIONS' }));
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD']);
  });

  test.each(FORMS)('the word that stands for no key, chosen as the key: let in by %s', async (_, present) => {
    const lab = setup({ config: { server: { keys: ['sluice'] } } });
    const response = await lab.post('/v1/messages', ASK, { headers: present('sluice') });
    expect(response.status).toBe(200);
    expect(credentials(sentHeaders(lab))).toEqual({ 'x-api-key': OWN });
  });

  test('where another key is asked for, the word that stands for none is a wrong one', async () => {
    const response = await setup(withKeys).post('/v1/messages', ASK, { headers: { 'x-api-key': 'sluice' } });
    expect(response.status).toBe(401);
  });

  test.each([
    ['x-sluice-key', { 'x-sluice-key': KEY, authorization: 'Bearer key-of-the-client' }],
    ['x-api-key', { 'x-api-key': KEY, authorization: 'Bearer key-of-the-client' }],
  ])(
    'a provider key of the client’s beside the gateway’s in %s: it is the one that goes on',
    async (_, headers) => {
      const lab = setup(withKeys);
      expect((await lab.post('/v1/messages', ASK, { headers })).status).toBe(200);
      expect(credentials(sentHeaders(lab))).toEqual({ authorization: 'Bearer key-of-the-client' });
    },
  );
});

describe('with server.project_keys', () => {
  const WEB = 'key-of-web-0001';
  const lab = () =>
    setup({ config: { server: { keys: [KEY], project_keys: { web: [WEB], data: ['key-of-data'] } } } });

  test.each(FORMS)(
    '%s: a key of a project lets in, counts as that project’s, and goes no further',
    async (_, present) => {
      for (const [path, model] of [
        ['/v1/messages', 'claude/m'],
        ['/v1/chat/completions', 'claude/m'],
      ] as const) {
        const it = lab();
        const headers = { ...present(WEB), 'x-sluice-project': 'data', 'x-sluice-agent': 'helper' };
        const response = await it.post(path, { ...ASK, model, project_id: 'data' }, { headers });
        expect(response.status).toBe(200);
        expect(await it.row(0)).toMatchObject({ projectId: 'web', agentType: 'helper', status: 'success' });
        expect(credentials(sentHeaders(it))).toEqual({ 'x-api-key': OWN });
        expect(JSON.stringify([...sentHeaders(it)])).not.toContain(WEB);
        expect(it.upstream.requests[0]?.body).not.toContain('project_id');
      }
    },
  );

  test('a name that is none of the request’s to give is not read', async () => {
    const headers = { 'x-sluice-key': WEB, 'x-sluice-project': 'x'.repeat(300) };
    expect((await lab().post('/v1/messages', { ...ASK, project_id: 5 }, { headers })).status).toBe(200);
  });

  test('with a key of the operator’s beside it, or alone, the request says whose it is', async () => {
    for (const headers of [
      { 'x-sluice-key': KEY, 'x-sluice-project': 'own' },
      { 'x-sluice-key': KEY, 'x-api-key': WEB, 'x-sluice-project': 'own' },
      { 'x-sluice-key': WEB, 'x-api-key': KEY, 'x-sluice-project': 'own' },
    ]) {
      const it = lab();
      expect((await it.post('/v1/messages', ASK, { headers })).status).toBe(200);
      expect(await it.row(0)).toMatchObject({ projectId: 'own' });
    }
  });

  test('it lists models and reads its own figures, and opens no other of the gateway’s own pages', async () => {
    const it = lab();
    const headers = { 'x-sluice-key': WEB };
    expect((await page(it, '/v1/models', { headers })).status).toBe(200);
    for (const path of [
      '/gateway/audit',
      '/gateway/metrics/',
      '//gateway/metrics',
      '/gateway/metrics%2f',
      '/gateway/health',
      '/gateway/providers',
      '/gateway/streams',
      '/gateway/streams/live',
      '/metrics',
      '/gateway/nothing',
    ]) {
      const refused = await page(it, path, { headers });
      expect([path, refused.status]).toEqual([path, 403]);
      expect(await refused.text()).toContain('need one of server.keys');
      expect((await page(it, path, { headers: { 'x-sluice-key': KEY } })).status).not.toBe(403);
    }
    expect((await page(it, '/gateway/metrics', { headers })).status).not.toBe(403);
    // Sums have those names under it that they do not distinguish.
    const other = setup({ config: { server: { keys: [KEY], project_keys: { other: [WEB] } } } });
    const unread = await page(other, '/gateway/metrics', { headers });
    expect([unread.status, await unread.text()]).toEqual([403, expect.stringContaining('cannot be shown')]);
    const ended = await page(it, '/gateway/streams/some', { method: 'DELETE', headers });
    expect(ended.status).toBe(403);
  });
});

describe('without server.keys', () => {
  describe.each([
    ['/v1/messages', 'claude/m', 'gpt/m', 'x-api-key'],
    ['/v1/chat/completions', 'gpt/m', 'claude/m', 'authorization'],
  ] as const)('%s', (path, same, other, usual) => {
    test('the client’s key goes to a provider of the same dialect, as sent', async () => {
      const lab = setup();
      await lab.post(
        path,
        { ...ASK, model: same },
        { headers: { authorization: 'Bearer key-of-the-client' } },
      );
      expect(credentials(sentHeaders(lab))).toEqual({ authorization: 'Bearer key-of-the-client' });
    });

    test('without one, the configured key', async () => {
      const lab = setup();
      await lab.post(path, { ...ASK, model: same });
      expect(credentials(sentHeaders(lab))).toEqual({
        [usual]: usual === 'authorization' ? `Bearer ${OWN}` : OWN,
      });
    });

    test.each(FORMS)('across dialects the configured key, whatever comes in %s', async (_, present) => {
      const lab = setup();
      await lab.post(path, { ...ASK, model: other }, { headers: present('key-of-the-client') });
      const sent = sentHeaders(lab);
      expect(credentials(sent)).toEqual(
        usual === 'authorization' ? { 'x-api-key': OWN } : { authorization: `Bearer ${OWN}` },
      );
      expect(JSON.stringify([...sent])).not.toContain('key-of-the-client');
    });

    test('the key `sluice` stands for none, so the configured one serves', async () => {
      for (const [, present] of FORMS) {
        const lab = setup();
        await lab.post(path, { ...ASK, model: same }, { headers: present('sluice') });
        expect(Object.values(credentials(sentHeaders(lab)))).toEqual([
          usual === 'authorization' ? `Bearer ${OWN}` : OWN,
        ]);
      }
    });

    test('forward_client_key: false keeps it from the provider', async () => {
      const lab = setup({ provider: { forward_client_key: false } });
      const headers = { authorization: 'Bearer key-of-the-client', 'x-api-key': 'key-of-the-client' };
      await lab.post(path, { ...ASK, model: same }, { headers });
      expect(JSON.stringify([...sentHeaders(lab)])).not.toContain('key-of-the-client');
    });

    test('a provider without a key of its own gets none but the client’s', async () => {
      const lab = setup({ provider: { api_key: null } });
      await lab.post(path, { ...ASK, model: other }, { headers: { 'x-api-key': 'key-of-the-client' } });
      expect(credentials(sentHeaders(lab))).toEqual({});
    });
  });

  test('where the provider has a header of its own for keys, the client’s is in it, and the configured one nowhere', async () => {
    const azure = { api_key: OWN, options: { resource: 'ours', api_version: '2026-01-01' } };
    const config = { providers: { azure }, routing: { default_provider: 'azure' } };
    for (const present of [{ 'api-key': 'key-of-the-client' }, { 'x-api-key': 'key-of-the-client' }]) {
      const lab = setup({ config });
      await lab.post('/v1/chat/completions', { ...ASK, model: 'azure/m' }, { headers: present });
      expect(credentials(sentHeaders(lab))).toEqual({ 'api-key': 'key-of-the-client' });
      expect(JSON.stringify([...sentHeaders(lab)])).not.toContain(OWN);
    }
  });

  test('x-api-key goes as x-api-key', async () => {
    const lab = setup();
    await lab.post('/v1/messages', ASK, { headers: { 'x-api-key': 'key-of-the-client' } });
    expect(credentials(sentHeaders(lab))).toEqual({ 'x-api-key': 'key-of-the-client' });
  });

  describe('an OAuth token (sk-ant-oat…) goes as Bearer with its beta', () => {
    const token = 'sk-ant-oat01-abcdefgh';
    test.each([
      ['Bearer, no beta', { authorization: `Bearer ${token}` }, 'oauth-2025-04-20'],
      ['x-api-key, no beta', { 'x-api-key': token }, 'oauth-2025-04-20'],
      [
        'betas of the client',
        { authorization: `Bearer ${token}`, 'anthropic-beta': 'b-2,a-1' },
        'b-2,a-1,oauth-2025-04-20',
      ],
      [
        'the beta is there',
        { authorization: `Bearer ${token}`, 'anthropic-beta': 'b-2, oauth-2025-04-20 ,a-1' },
        'b-2,oauth-2025-04-20,a-1',
      ],
    ])('%s', async (_, headers, beta) => {
      const lab = setup();
      await lab.post('/v1/messages', ASK, { headers: headers as Record<string, string> });
      const sent = sentHeaders(lab);
      expect(credentials(sent)).toEqual({ authorization: `Bearer ${token}` });
      expect(sent.get('anthropic-beta')).toBe(beta);
    });

    test('an ordinary key gets no beta', async () => {
      const lab = setup();
      await lab.post('/v1/messages', ASK, { headers: { 'x-api-key': 'sk-ant-api03-abcdefgh' } });
      expect(sentHeaders(lab).has('anthropic-beta')).toBe(false);
    });
  });
});

describe('headers on their way to the provider', () => {
  const client = {
    'anthropic-version': '2099-01-01',
    'anthropic-beta': 'z-last,a-first, claude-code-20250219',
    'x-stainless-lang': 'js',
    'x-stainless-retry-count': '0',
    'x-claude-code-session-id': 'session-1',
    'user-agent': 'claude-cli/2.0 (external, cli)',
    'x-unknown': 'kept',
  };
  const hidden = {
    'x-sluice-agent': 'reviewer',
    'x-sluice-project': 'p1',
    'x-sluice-anything': 'x',
    connection: 'keep-alive, X-Only-Here',
    'x-only-here': 'x',
    'keep-alive': 'timeout=5',
    te: 'trailers',
    trailer: 'x',
    upgrade: 'h2c',
    'proxy-authorization': 'Basic abc',
    'proxy-connection': 'keep-alive',
    expect: '100-continue',
    'x-forwarded-for': '10.0.0.1',
    'x-http-method-override': 'DELETE',
    'x-http-method': 'DELETE',
    'x-method-override': 'DELETE',
    'x-original-url': '/v1/files',
    'x-rewrite-url': '/v1/files',
    forwarded: 'for=10.0.0.1',
    via: '1.1 proxy',
    cookie: 'a=b',
    referer: 'http://127.0.0.1:8088/',
    'sec-fetch-mode': 'cors',
    'api-key': 'another',
  };

  test('the same dialect: what belongs to the API passes unchanged, what belongs to the connection or to us does not', async () => {
    const lab = setup();
    await lab.post('/v1/messages?beta=true&x=%20y', ASK, { headers: { ...client, ...hidden } });
    const sent = sentHeaders(lab);
    for (const [name, value] of Object.entries(client)) expect([name, sent.get(name)]).toEqual([name, value]);
    for (const name of Object.keys(hidden)) expect([name, sent.get(name)]).toEqual([name, null]);
    expect(sent.get('content-type')).toBe('application/json');
    expect(lab.upstream.requests[0]?.path).toBe('/v1/messages?beta=true&x=%20y');
  });

  test('across: nothing of the client’s, nor its query', async () => {
    const lab = setup();
    await lab.post(
      '/v1/messages?beta=true',
      { ...ASK, model: 'gpt/m' },
      { headers: { ...client, ...hidden } },
    );
    const sent = sentHeaders(lab);
    for (const name of Object.keys({ ...client, ...hidden })) {
      if (name !== 'user-agent') expect([name, sent.get(name)]).toEqual([name, null]);
    }
    expect(sent.get('user-agent')).toMatch(/^sluice\//);
    expect(sent.get('content-type')).toBe('application/json');
    expect(lab.upstream.requests[0]?.path).toBe('/chat/completions');
  });

  test('the provider’s configured headers win', async () => {
    const lab = setup({ provider: { headers: { 'x-unknown': 'configured', 'x-team': 'lab' } } });
    await lab.post('/v1/messages', ASK, { headers: client });
    expect(sentHeaders(lab).get('x-unknown')).toBe('configured');
    expect(sentHeaders(lab).get('x-team')).toBe('lab');
  });

  describe('which of an account’s organisations is charged', () => {
    const chosen = {
      'openai-organization': 'org-other',
      'openai-project': 'proj-other',
      'x-goog-user-project': 'other',
    };
    const namesOf = (headers: Headers) => Object.keys(chosen).filter((name) => headers.has(name));

    test('a client says with its own key only, where the gateway asks for one: ours would be refused for it', async () => {
      const project = { config: { server: { keys: [KEY], project_keys: { web: [OTHER_KEY] } } } };
      for (const [lab, key] of [
        [setup(withKeys), KEY],
        [setup(project), OTHER_KEY],
      ] as const) {
        await lab.post('/v1/messages', ASK, { headers: { ...chosen, 'x-sluice-key': key } });
        expect(namesOf(sentHeaders(lab))).toEqual([]);
      }
      const lab = setup(withKeys);
      await lab.post('/v1/messages', ASK, {
        headers: { ...chosen, 'x-sluice-key': KEY, 'x-api-key': 'clients-own' },
      });
      expect(namesOf(sentHeaders(lab))).toEqual(Object.keys(chosen));
    });

    test('a key of its own that is kept from the provider says nothing either', async () => {
      const lab = setup({ ...withKeys, provider: { forward_client_key: false } });
      await lab.post('/v1/messages', ASK, {
        headers: { ...chosen, 'x-sluice-key': KEY, 'x-api-key': 'clients-own' },
      });
      expect(namesOf(sentHeaders(lab))).toEqual([]);
    });

    test('the configuration says', async () => {
      const lab = setup({ ...withKeys, provider: { headers: { 'openai-organization': 'org-ours' } } });
      await lab.post('/v1/messages', ASK, { headers: { ...chosen, 'x-sluice-key': KEY } });
      expect(sentHeaders(lab).get('openai-organization')).toBe('org-ours');
    });

    test('where no key is required, client and operator are one person', async () => {
      const lab = setup();
      await lab.post('/v1/messages', ASK, { headers: chosen });
      expect(namesOf(sentHeaders(lab))).toEqual(Object.keys(chosen));
    });
  });

  test('no request field names another address', async () => {
    const lab = setup();
    const headers = {
      host: '127.0.0.1:8088',
      'x-forwarded-host': 'elsewhere.test',
      'x-base-url': 'http://elsewhere.test',
    };
    await lab.post(
      '/v1/messages',
      { ...ASK, base_url: 'http://elsewhere.test', api_base: 'http://elsewhere.test' },
      { headers },
    );
    expect(lab.upstream.requests[0]?.path).toBe('/v1/messages');
    expect(lab.upstream.requests[0]?.headers.get('host')).not.toBe('elsewhere.test');
  });
});

describe('the guard against web pages', () => {
  const SELF = '127.0.0.1:8088';
  const from = (site: string, mode: string, dest: string) => ({
    ...{ host: SELF, 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest },
  });
  const cases: [string, Record<string, string>, boolean][] = [
    ['no Origin, as programs send it', { host: SELF }, true],
    ['the same origin', { host: SELF, origin: `http://${SELF}` }, true],
    ['localhost', { host: 'localhost:8088', origin: 'http://localhost:8088' }, true],
    ['its own name in capitals', { host: 'LOCALHOST:8088', origin: 'http://localhost:8088' }, true],
    ['IPv6 loopback', { host: '[::1]:8088', origin: 'http://[::1]:8088' }, true],
    ['another name that resolves to us', { host: 'evil.test:8088' }, false],
    ['another name, with its origin', { host: 'evil.test', origin: 'http://evil.test' }, false],
    ['a name that begins like loopback', { host: '127.0.0.1.evil.test' }, false],
    ['another origin', { host: SELF, origin: 'https://evil.test' }, false],
    ['another port’s origin', { host: SELF, origin: 'http://127.0.0.1:3000' }, false],
    ['another scheme', { host: SELF, origin: `https://${SELF}` }, false],
    ['no origin to tell (null)', { host: SELF, origin: 'null' }, false],
    ['an image of another site', from('cross-site', 'no-cors', 'image'), false],
    ['a script of another port’s page', from('same-site', 'no-cors', 'script'), false],
    ['a fetch of another port’s page', from('same-site', 'cors', 'empty'), false],
    ['a frame in a page of another site', from('cross-site', 'navigate', 'iframe'), false],
    ['a frame in another port’s page', from('same-site', 'navigate', 'frame'), false],
    ['a link on a page of another site', from('cross-site', 'navigate', 'document'), true],
    [
      'what a page of another site has the browser fetch ahead',
      { ...from('cross-site', 'navigate', 'document'), 'sec-purpose': 'prefetch;prerender' },
      false,
    ],
    [
      'what the gateway’s own page has it fetch ahead',
      { ...from('same-origin', 'navigate', 'document'), 'sec-purpose': 'prefetch' },
      true,
    ],
    ['a page’s own fetch', from('same-origin', 'cors', 'empty'), true],
    ['an address that somebody typed', from('none', 'navigate', 'document'), true],
    [
      'a loopback name with an address in it',
      { host: SELF, origin: 'http://127.0.0.1:8088.evil.test' },
      false,
    ],
  ];
  test('a page without an origin gets an error that says what to do', async () => {
    const response = await setup().post('/v1/messages', ASK, { headers: { host: SELF, origin: 'null' } });
    expect(await response.text()).toContain('serve the page from an address');
  });

  test('what comes under another name, as from a reverse proxy, gets an error that says what to do', async () => {
    const response = await setup().post('/v1/messages', ASK, { headers: { host: 'an-upstream' } });
    expect(await response.text()).toContain('a reverse proxy has to send one of these as Host');
  });

  test.each(cases)('%s', async (_, headers, allowed) => {
    const lab = setup();
    const response = await lab.post('/v1/messages', ASK, { headers });
    expect(response.status).toBe(allowed ? 200 : 403);
    if (allowed) return;
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'permission_error' } });
    expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'forbidden', requestBody: null });
    expect(lab.upstream.requests).toHaveLength(0);
    const page = await lab.gateway.fetch(new Request(`http://${SELF}/gateway/health`, { headers }));
    expect(page.status).toBe(403);
  });

  test('served over TLS, its own pages are those of https', async () => {
    const ask = (origin: string) =>
      setup().gateway.fetch(
        new Request(`https://${SELF}/gateway/health`, { headers: { host: SELF, origin } }),
      );
    expect((await ask(`https://${SELF}`)).status).toBe(200);
    expect((await ask(`http://${SELF}`)).status).toBe(403);
  });

  test('a gateway that serves other hosts asks for keys instead', async () => {
    const lab = setup({ config: { server: { host: '0.0.0.0', keys: [KEY] } } });
    const headers = { host: 'gateway.lan:8088', 'x-sluice-key': KEY };
    expect((await lab.post('/v1/messages', ASK, { headers })).status).toBe(200);
  });
});

describe('extras meant for the gateway', () => {
  const cases: [string, string, string][] = [
    ['first', '{"agent_type":"reviewer","model":"m", "messages":[] }', '{"model":"m", "messages":[] }'],
    [
      'in the middle',
      '{"model":"m","agent_type": "reviewer" , "project_id":"p1",\n "messages":[]}',
      '{"model":"m","messages":[]}',
    ],
    [
      'last',
      '{ "model" : "m", "n": 1.0,"messages":[],"agent_type":"reviewer" }',
      '{ "model" : "m", "n": 1.0,"messages":[] }',
    ],
    [
      'deeper down they are not ours',
      '{"model":"m","messages":[{"agent_type":"x"}],"agent_type":"reviewer"}',
      '{"model":"m","messages":[{"agent_type":"x"}]}',
    ],
  ];
  test.each(cases)('%s: taken out, every other byte as it was, and recorded', async (_, body, expected) => {
    const lab = setup();
    await lab.post('/v1/messages', body);
    const sent = new TextDecoder().decode(lab.upstream.requests[0]?.body);
    expect(sent).toBe(expected);
    const { agentType, projectId, requestBody } = await lab.row(0);
    expect([agentType, projectId]).toEqual(['reviewer', body.includes('p1') ? 'p1' : null]);
    expect(requestBody).toBe(body);
  });

  test('headers say the same, and win', async () => {
    const lab = setup();
    const headers = { 'x-sluice-agent': 'from-header', 'x-sluice-project': 'p2' };
    await lab.post('/v1/messages', { ...ASK, agent_type: 'from-body' }, { headers });
    expect(await lab.row(0)).toMatchObject({ agentType: 'from-header', projectId: 'p2' });
    expect(lab.upstream.requests[0]?.json()).toEqual({ ...ASK, model: 'm' });
  });

  test('in headers too, names are UTF-8 where they can be', async () => {
    const lab = setup();
    // A header's bytes, each as one character: what HTTP servers make of them.
    const bytesOf = (text: string, encoding: 'utf8' | 'latin1') =>
      Buffer.from(text, encoding).toString('latin1');
    const headers = {
      'x-sluice-agent': bytesOf('größe 日本', 'utf8'),
      'x-sluice-project': bytesOf('größe', 'latin1'),
      'x-sluice-target': bytesOf('gpt/größe', 'utf8'),
    };
    await lab.post('/v1/messages', ASK, { headers });
    expect(await lab.row(0)).toMatchObject({ agentType: 'größe 日本', projectId: 'größe' });
    expect(lab.upstream.requests[0]?.json()).toMatchObject({ model: 'größe' });
  });

  test('they do not reach a provider of another dialect either', async () => {
    const lab = setup();
    await lab.post('/v1/messages', { ...ASK, model: 'gpt/m', agent_type: 'reviewer', project_id: 'p1' });
    expect(new TextDecoder().decode(lab.upstream.requests[0]?.body)).not.toMatch(
      /agent_type|project_id|reviewer/,
    );
    expect(await lab.row(0)).toMatchObject({ agentType: 'reviewer', projectId: 'p1', lost: [] });
  });

  test('x-sluice-target forces a target, before the model’s own prefix', async () => {
    const lab = setup();
    const response = await lab.post('/v1/messages', ASK, { headers: { 'x-sluice-target': 'gpt/forced' } });
    expect(response.headers.get('x-sluice-provider')).toBe('gpt');
    expect(lab.upstream.requests[0]?.json()).toMatchObject({ model: 'forced' });
  });
});
