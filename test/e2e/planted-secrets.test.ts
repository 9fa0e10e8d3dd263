// Each way by which a secret gets into a running gateway, and everything that it, its commands and its home then show.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigInput } from '../../src/index.ts';
import { leaksOf } from '../support/planted.ts';
import { startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const SECRETS = {
  environment: 'qzEnvironment-Hx7Lw2mKp9',
  file: 'qzFromFile_Vb3Nn8Rt5Yy1',
  stored: 'qzStored.Mm1Nn3Bb5Vv7Qw',
  literal: 'qzLiteral-Dd4Ff6Gg8Jj0',
  header: 'qzHeader:Zz2Xx4Cc6Pp8',
  away: 'qzAway-Ll5Kk3Jj1Hh9',
  server: 'qzServer-Ss8Tt6Uu4Ww2',
  project: 'qzProject-Pp1Rr2Oo3Jj5',
  database: 'qzDatabase-Aa1Ss2Dd3Ff4',
  redis: 'qzRedis-Hh7Bb2Nn5Vv1',
  collector: 'qzCollector-Gg5Hh6Jj7Kk8',
  client: 'qzClient-Oo9Ii8Uu7Yy6',
};
/** Where they were put by hand. */
const PLANTED = ['sluice.json', 'secret.txt'];
const LAUNCHER = ['node', join(import.meta.dir, '..', '..', 'bin', 'sluice')];

const home = temporaryFolder('planted');
let upstream: ReturnType<typeof Bun.serve>;

/** Fails, and tells all that it was sent; a stream fails after its first words. */
beforeAll(() => {
  upstream = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const message = `cannot serve ${request.url} ${JSON.stringify([...request.headers])}`;
      const body = (await request.json().catch(() => ({}))) as { stream?: boolean; model?: string };
      const error = { error: { message, type: 'invalid_request_error', code: 'invalid_api_key' } };
      if (body.model === 'breaks' && body.stream) {
        const start = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };
        const words = { ...start, choices: [{ index: 0, delta: { content: 'begun' }, finish_reason: null }] };
        return new Response(`data: ${JSON.stringify(words)}\n\ndata: ${JSON.stringify(error)}\n\n`, {
          headers: { 'content-type': 'text/event-stream' },
        });
      }
      return Response.json(error, { status: body.model === 'down' ? 500 : 401 });
    },
  });
});
afterAll(async () => {
  await upstream.stop(true);
  rmSync(home, { recursive: true });
});

const ENVIRONMENT = {
  PLANTED_KEY: SECRETS.environment,
  LAB_SERVER_KEY: SECRETS.server,
  LAB_PROJECT_KEY: SECRETS.project,
  SLUICE_KEYCHAIN: 'off',
  SLUICE_LOG: 'debug',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
  OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${SECRETS.collector}`,
};

async function command(...args: string[]): Promise<string> {
  const child = Bun.spawn([...LAUNCHER, ...args], {
    cwd: home,
    env: { PATH: process.env.PATH ?? '', HOME: home, SLUICE_HOME: home, ...ENVIRONMENT },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  return (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
}

function configOf(store: string): ConfigInput {
  const base_url = `http://127.0.0.1:${upstream.port}/v1`;
  const provider = { dialect: 'openai-chat' as const, base_url, max_retries: 0, breaker: { enabled: false } };
  return {
    server: { keys: ['env:LAB_SERVER_KEY'], project_keys: { web: ['env:LAB_PROJECT_KEY'] } },
    providers: {
      environment: { ...provider, api_key: 'env:PLANTED_KEY' },
      file: { ...provider, api_key: `file:${join(home, 'secret.txt')}` },
      stored: { ...provider, api_key: 'credential:planted' },
      literal: { ...provider, api_key: SECRETS.literal, headers: { 'x-team-secret': SECRETS.header } },
      away: { ...provider, api_key: SECRETS.away, base_url: 'http://127.0.0.1:1/v1' },
    },
    audit: { store },
    rate_limits: [{ requests: 1_000, per: 'day' }],
    redis: { url: `redis://sluice:${SECRETS.redis}@127.0.0.1:1/0` },
  };
}

function filesIn(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? filesIn(path) : [path];
  });
}

test.each([
  ['SQLite', 'sqlite'],
  ['a PostgreSQL that is away', `postgres://sluice:${SECRETS.database}@127.0.0.1:1/ledger`],
])('%s: in no answer, page, log, command or file', async (_, store) => {
  writeFileSync(join(home, 'secret.txt'), `${SECRETS.file}\n`);
  const outputs: Record<string, string> = {
    'credentials store': await command('credentials', 'store', 'planted', SECRETS.stored),
    'credentials list': await command('credentials', 'list'),
  };
  const config = configOf(store);
  const sluice = await startSluice({ config, home, workers: 2, environment: ENVIRONMENT });
  try {
    const ask = async (path: string, init: RequestInit = {}) => {
      const headers = { 'x-sluice-key': SECRETS.server, ...(init.headers as Record<string, string>) };
      const response = await fetch(sluice.url + path, { ...init, headers });
      return `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`;
    };
    const live = await fetch(`${sluice.url}/gateway/streams/live`, {
      headers: { 'x-sluice-key': SECRETS.server },
    });
    for (const provider of Object.keys(config.providers ?? {})) {
      for (const model of ['m', 'down', 'breaks']) {
        for (const path of ['/v1/chat/completions', '/v1/messages']) {
          const body = { model: `${provider}/${model}`, max_tokens: 5, stream: model === 'breaks' };
          const messages = [{ role: 'user', content: `my key is ${SECRETS.client}` }];
          const headers = {
            'content-type': 'application/json',
            authorization: `Bearer ${SECRETS.client}`,
            'x-sluice-agent': SECRETS.client,
          };
          const init = { method: 'POST', headers, body: JSON.stringify({ ...body, messages }) };
          outputs[`${path} ${provider}/${model}`] = await ask(path, init);
        }
      }
    }
    expect(outputs['/v1/chat/completions environment/breaks']).toContain('begun');
    expect(outputs['/v1/messages stored/m']).toStartWith('401');
    outputs.refused = await ask('/v1/messages', {
      method: 'POST',
      headers: { 'x-sluice-key': SECRETS.client },
    });
    outputs['a page, by a key of a project'] = await ask('/gateway/audit', {
      headers: { 'x-sluice-key': SECRETS.project },
    });
    outputs['a question, by a key of a project'] = await ask('/v1/messages', {
      method: 'POST',
      headers: { 'x-sluice-key': SECRETS.project, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'literal/m',
        max_tokens: 5,
        messages: [{ role: 'user', content: `my key is ${SECRETS.project}` }],
      }),
    });
    expect(outputs['a page, by a key of a project']).toStartWith('403');
    expect(outputs['a question, by a key of a project']).toStartWith('401');
    for (const page of [
      '/gateway/health',
      '/gateway/providers',
      '/gateway/metrics?include_agent=true',
      '/gateway/audit?include_bodies=true',
      '/gateway/streams',
      '/metrics',
      '/v1/models',
    ])
      outputs[page] = await ask(page);
    for (const args of [
      ['check'],
      ['route', '--model', 'literal/m'],
      ['daemon', 'status'],
      ['daemon', 'logs'],
      ['doctor', '--url', sluice.url, '--model', 'simulator/tokens=10,rate=100,ttft=0'],
      ['replay', '--url', sluice.url, 'no-such-request'],
    ])
      outputs[args.join(' ')] = await command(...args);
    await sluice.stop();
    outputs.live = await live.text();
    expect(outputs.live).toContain('"type":"error"');
    outputs.output = sluice.output();
    for (const path of filesIn(home))
      if (!PLANTED.some((name) => path.endsWith(name))) outputs[path] = readFileSync(path, 'latin1');
    for (const [place, text] of Object.entries(outputs))
      expect({ place, leaks: leaksOf(SECRETS, text) }).toEqual({ place, leaks: [] });
    // What was looked through is what there is.
    expect(outputs['/gateway/health']).toContain('Redis at 127.0.0.1:1: ');
    const kept = Object.entries(outputs).filter(([path]) => path.startsWith(home));
    expect(kept.some(([, text]) => text.includes('environment/breaks'))).toBe(true);
  } finally {
    await sluice[Symbol.asyncDispose]();
  }
});
