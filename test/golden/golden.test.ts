// Golden files: what clients of each dialect get, and what providers are asked, for the project's own
// recordings, to the byte. `SLUICE_UPDATE_GOLDEN=1 bun test test/golden` writes them anew; read the diff.
import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import { clientRequest, LAB_PROVIDER_OF, RECORDED_AS } from '../support/client-requests.ts';
import { ownRecordings, type Recording } from '../support/recordings.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { type Reply, replyOf } from '../support/reply.ts';
import { AT_EACH_EVENT } from '../support/splits.ts';
import { createTestGateway, LAB_PROVIDERS } from '../support/test-gateway.ts';

const UPDATE = process.env.SLUICE_UPDATE_GOLDEN === '1';
const FOLDERS = ['answers', 'requests'].map((name) => join(import.meta.dir, name));
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Models that the translations of requests know something of. */
const MODELS: Record<DialectId, string> = {
  'anthropic-messages': 'claude-sonnet-4-5',
  'openai-chat': 'gpt-4.1',
  'openai-responses': 'gpt-5',
  gemini: 'gemini-2.5-pro',
  'ollama-chat': 'qwen3',
};

interface Asked {
  path: string;
  body: object;
}

async function exchange({ path, body }: Asked, provider: DialectId, reply: Reply) {
  const upstream = createReplayFetch(reply);
  const { post, row } = createTestGateway({
    config: {
      providers: { lab: LAB_PROVIDERS[LAB_PROVIDER_OF[provider]] },
      routing: { default_provider: 'lab' },
    },
    fetch: upstream.fetch,
    host: { randomId: () => 'golden', now: () => NOW, monotonic: () => NOW },
  });
  const headers = { 'x-sluice-target': `lab/${MODELS[provider]}` };
  const response = await post(path, body, { headers });
  const text = await response.text();
  return { response, text, request: upstream.requests[0]?.json(), row: await row(0) };
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

/** Clients of Gemini have to ask to be shown thinking. */
const SHOWN = { generationConfig: { thinkingConfig: { includeThoughts: true } } };

/** One golden answer: the stream as it is, a whole body with its status. */
async function golden(
  recording: Recording,
  provider: DialectId,
  client: DialectId,
  reply: Reply,
  name: string,
): Promise<void> {
  const stream = recording.streamRequested || recording.streamed;
  const asked = clientRequest(client, { stream, ...(client === 'gemini' && { more: SHOWN }) });
  const { response, text } = await exchange(asked, provider, reply);
  const path = `answers/${provider}/${name}.${client}`;
  const type = response.headers.get('content-type');
  if (type === 'text/event-stream') compare(`${path}.sse`, text);
  else if (type === 'application/x-ndjson') compare(`${path}.ndjson`, text);
  else compare(`${path}.json`, pretty({ status: response.status, body: JSON.parse(text) }));
}

for (const provider of DIALECT_IDS) {
  for (const recording of ownRecordings(RECORDED_AS[provider])) {
    for (const client of DIALECT_IDS) {
      const reply = () => replyOf(recording, { split: AT_EACH_EVENT });
      test(`${recording.id} for a client of ${client}`, () =>
        golden(recording, provider, client, reply(), recording.name));

      if (!recording.streamed) continue;
      test(`${recording.id}, cut in the middle, for a client of ${client}`, () => {
        const fault = { kind: 'cut', after: Math.floor(recording.body.length / 2) } as const;
        return golden(recording, provider, client, { ...reply(), fault }, `${recording.name}.cut`);
      });
    }
  }
}

for (const client of DIALECT_IDS) {
  for (const provider of DIALECT_IDS) {
    if (client === provider) continue;
    for (const { id, name, request, streamed, streamRequested } of ownRecordings(RECORDED_AS[client])) {
      if (request === undefined) continue;
      test(`the request of ${id} at a provider of ${provider}`, async () => {
        const stream = streamed || streamRequested;
        const [answer] = ownRecordings(RECORDED_AS[provider], { streamed: stream, status: 'ok' });
        const { path } = clientRequest(client, { stream });
        if (answer === undefined) throw new Error(`no answer of ${provider} to give`);
        const { request: sent, row } = await exchange({ path, body: request }, provider, replyOf(answer));
        compare(`requests/${client}/${name}.${provider}.json`, pretty({ lost: row.lost, body: sent }));
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
