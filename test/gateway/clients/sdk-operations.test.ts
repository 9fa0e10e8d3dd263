// Every method of the official SDKs reaches a provider, or is known to be refused: a method that an update brings is noticed here.
import { expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { findForward, findModels, findRoute } from '../../../src/dialects/find-route.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const ORIGIN = 'http://127.0.0.1:8088';

/** Answered by the gateway itself, or by asking a provider in another way. */
const SERVED =
  /^(POST \/v1\/(chat\/completions|completions|embeddings|messages|messages\/count_tokens|responses|responses\/(compact|input_tokens))|GET \/v1\/models(\/[^/]+)?)$/;
/** What administers an account (docs/adr/0021). */
const OF_THE_ACCOUNT = /^[A-Z]+ \/v1\/(compliance|organizations?|projects)\//;
const PAST =
  /^[A-Z]+ \/v1\/(chatkit\/sessions|live\/sessions|realtime\/(calls|client_secrets|sessions|transcription_sessions|translations\/client_secrets))(\/(?!.*content$)|$)/;
/** They ask in a loop, or in their own time. */
const HELPERS =
  /^(constructor|stream|runTools|toolRunner|parse|poll.*|.*(AndPoll|AndRunPoll|Stream).*|worker|_.*)$/;

/** Stands for an id, a body, options and all of their fields at once. */
const ANYTHING: unknown = new Proxy(
  { model: 'm' },
  {
    get(_, key) {
      if (key === Symbol.toPrimitive || key === 'toString') return () => 'x1';
      if (key === 'model') return 'm';
      if (key === 'betas') return ['b'];
      return /(_id|ID|Id|^version|^target|^name|fine_tuned_model_checkpoint)$/.test(String(key))
        ? 'x2'
        : undefined;
    },
  },
);

type Resource = Record<string, unknown>;
type Method = (...given: unknown[]) => Promise<unknown>;

function resourcesOf(resource: Resource): Resource[] {
  return Object.entries(resource)
    .filter(([name]) => !name.startsWith('_'))
    .map(([, value]) => value)
    .filter((value): value is Resource => typeof value === 'object' && value !== null && '_client' in value)
    .flatMap((value) => [value, ...resourcesOf(value)]);
}

/** What becomes of the first request of each method: `GET /v1/files → 200 GET /v1/files`, the latter as the provider got it. */
async function askAll(makeClient: (fetch: typeof globalThis.fetch) => object): Promise<string[]> {
  let reached = '';
  const upstream = createReplayFetch((request) => {
    reached = `${request.method} ${new URL(request.path, ORIGIN).pathname}`;
    return jsonReply({});
  });
  const lab = createTestGateway({ config: { providers: LAB_PROVIDERS }, fetch: upstream.fetch });
  let asked: string | undefined;
  const fetchOnce = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (asked !== undefined) throw new Error('one request is enough');
    const request = new Request(input, init);
    asked = `${request.method} ${new URL(request.url).pathname}`;
    reached = '';
    const response = await lab.gateway.fetch(request);
    asked += ` → ${response.status} ${reached}`;
    return response;
  };
  const found: string[] = [];
  for (const resource of resourcesOf(makeClient(fetchOnce as typeof globalThis.fetch) as Resource)) {
    for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(resource))) {
      if (HELPERS.test(name) || typeof resource[name] !== 'function') continue;
      asked = undefined;
      try {
        await (resource[name] as Method)(ANYTHING, ANYTHING);
      } catch {
        // What the answer says is not what is asked here.
      }
      if (asked !== undefined) found.push(asked);
    }
  }
  return found;
}

function expectAllToArrive(found: readonly string[]): void {
  for (const line of found) {
    const [asked = '', answered = ''] = line.split(' → ');
    if (SERVED.test(asked) || !asked.includes(' /v1/')) continue;
    if (OF_THE_ACCOUNT.test(asked)) expect(line).toContain('→ 404');
    else if (PAST.test(asked)) expect(line).toContain('→ 403');
    else expect([asked, answered]).toEqual([asked, `200 ${asked}`]);
  }
}

test('each operation of OpenAI’s SDK arrives', async () => {
  const found = await askAll(
    (fetch) =>
      new OpenAI({ apiKey: 'sluice', adminAPIKey: 'sluice', baseURL: `${ORIGIN}/v1`, maxRetries: 0, fetch }),
  );
  expectAllToArrive(found);
  expect(found.length).toBeGreaterThan(250);
});

test('each operation of Anthropic’s SDK arrives', async () => {
  const found = await askAll(
    (fetch) => new Anthropic({ apiKey: 'sluice', baseURL: ORIGIN, maxRetries: 0, fetch }),
  );
  expectAllToArrive(found);
  expect(found.length).toBeGreaterThan(200);
});

test('of Google’s, by the paths that are written in it', async () => {
  /** Google Cloud’s alone. */
  const cloud =
    /batchPredictionJobs|tuningJobs|computeTokens|fetchPredictOperation|\{(models_url|operationName|name|parent|resourceName)\}$/;
  const code = await readFile('node_modules/@google/genai/dist/node/index.mjs', 'utf8');
  const written = [...code.matchAll(/(?:formatMap\('|pathToFunc\(")([^'"?]+)/g)].map(([, path = '']) => path);
  const paths = new Set(written.filter((path) => !cloud.test(path)));
  expect(paths.size).toBeGreaterThan(40);
  const headers = new Headers({ 'x-goog-api-key': 'k' });
  for (const template of paths) {
    for (const version of ['v1beta', 'v1alpha', 'v1']) {
      const named = template
        .replace('{model}', 'models/m')
        .replace(/\{file_search_store_name\}|\{parent\}/, 'fileSearchStores/f')
        .replace(/^\{name\}/, 'batches/b');
      const versioned = named.includes('{api_version}')
        ? named.replace('{api_version}', version)
        : `${version}/${named}`;
      const path = `/${versioned.replace(/^\//, '').replaceAll(/\{\w+\}/g, 'x')}`;
      const found =
        findForward(path, headers, 'POST') ??
        findRoute(path, new URLSearchParams()) ??
        findModels(path, headers);
      expect([path, found?.dialect.id]).toEqual([path, 'gemini']);
    }
  }
});
