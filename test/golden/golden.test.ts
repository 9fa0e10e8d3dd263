// Golden files: what clients of each dialect get, and what providers are asked, for the project's own
// recordings, to the byte. `SLUICE_UPDATE_GOLDEN=1 bun test test/golden` writes them anew; read the diff.
import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ownRecordings, type Recording } from '../support/recordings.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { type Reply, replyOf } from '../support/reply.ts';
import { AT_EACH_EVENT } from '../support/splits.ts';
import { createTestGateway, LAB_PROVIDERS } from '../support/test-gateway.ts';

/** The dialects that this table covers. */
const DIALECT_IDS = ['anthropic-messages', 'openai-chat'] as const;
type DialectId = (typeof DIALECT_IDS)[number];
const CLIENT_PATHS: Record<DialectId, string> = {
  'anthropic-messages': '/v1/messages',
  'openai-chat': '/v1/chat/completions',
};

const UPDATE = process.env.SLUICE_UPDATE_GOLDEN === '1';
const FOLDERS = ['answers', 'requests'].map((name) => join(import.meta.dir, name));
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

const PROVIDERS: Record<DialectId, keyof typeof LAB_PROVIDERS> = {
  'anthropic-messages': 'claude',
  'openai-chat': 'gpt',
};

/** Models that the translations of requests know something of. */
const MODELS: Record<DialectId, string> = {
  'anthropic-messages': 'claude-sonnet-4-5',
  'openai-chat': 'gpt-4.1',
};

async function exchange(client: DialectId, provider: DialectId, body: object, reply: Reply) {
  const upstream = createReplayFetch(reply);
  const { post, row } = createTestGateway({
    config: {
      providers: { lab: LAB_PROVIDERS[PROVIDERS[provider]] },
      routing: { default_provider: 'lab' },
    },
    fetch: upstream.fetch,
    host: { randomId: () => 'golden', now: () => NOW },
  });
  const headers = { 'x-sluice-target': `lab/${MODELS[provider]}` };
  const response = await post(CLIENT_PATHS[client], body, { headers });
  const text = await response.text();
  return { response, text, request: upstream.requests[0]?.json(), row: await row(0) };
}

/** A question in the client's dialect, as small as may be. */
function question(client: DialectId, stream: boolean): object {
  const messages = [{ role: 'user', content: 'What is asked here does not matter.' }];
  const ask = { model: 'asked-model', messages, stream };
  if (client === 'anthropic-messages') return { ...ask, max_tokens: 1024 };
  return stream ? { ...ask, stream_options: { include_usage: true } } : ask;
}

const written = new Set<string>();

function compare(path: string, text: string): void {
  const file = join(import.meta.dir, path);
  written.add(file);
  if (UPDATE) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return;
  }
  if (!existsSync(file)) throw new Error(`${path} is missing: run with SLUICE_UPDATE_GOLDEN=1`);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** One golden answer: the stream as it is, a whole body with its status. */
async function golden(recording: Recording, client: DialectId, reply: Reply, name: string): Promise<void> {
  const provider = recording.wire as DialectId;
  const asked = question(client, recording.streamRequested || recording.streamed);
  const { response, text } = await exchange(client, provider, asked, reply);
  const path = `answers/${provider}/${name}.${client}`;
  if (response.headers.get('content-type') === 'text/event-stream') compare(`${path}.sse`, text);
  else compare(`${path}.json`, pretty({ status: response.status, body: JSON.parse(text) }));
}

for (const provider of DIALECT_IDS) {
  for (const recording of ownRecordings(provider)) {
    for (const client of DIALECT_IDS) {
      const reply = () => replyOf(recording, { split: AT_EACH_EVENT });
      test(`${recording.id} for a client of ${client}`, () =>
        golden(recording, client, reply(), recording.name));

      if (!recording.streamed) continue;
      test(`${recording.id}, cut in the middle, for a client of ${client}`, () => {
        const fault = { kind: 'cut', after: Math.floor(recording.body.length / 2) } as const;
        return golden(recording, client, { ...reply(), fault }, `${recording.name}.cut`);
      });
    }
  }
}

for (const client of DIALECT_IDS) {
  for (const provider of DIALECT_IDS) {
    if (client === provider) continue;
    for (const { id, name, request } of ownRecordings(client)) {
      if (request === undefined) continue;
      test(`the request of ${id} at a provider of ${provider}`, async () => {
        const stream = request.stream === true;
        const [answer] = ownRecordings(provider, { streamed: stream, status: 'ok' });
        if (answer === undefined) throw new Error(`no answer of ${provider} to give`);
        const { request: body, row } = await exchange(client, provider, request, replyOf(answer));
        compare(`requests/${client}/${name}.${provider}.json`, pretty({ lost: row.lost, body }));
      });
    }
  }
}

/** Files that no test writes any more prove nothing. */
function stale(): string[] {
  const files = FOLDERS.filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return files.filter((file) => !written.has(file));
}

test('no golden file is left without its test', () => {
  // Only a run of the whole file knows all.
  if (UPDATE) return;
  expect(stale().map((file) => relative(import.meta.dir, file))).toEqual([]);
});

afterAll(() => {
  if (UPDATE) for (const file of stale()) rmSync(file);
});
