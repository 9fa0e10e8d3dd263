// Workers are killed again and again while clients ask: what clients saw still agrees with the ledger.
import { expect, setDefaultTimeout, test } from 'bun:test';
import { connect } from 'node:net';
import { labConfig } from '../support/lab-config.ts';
import { MESSAGE, wholeMessage } from '../support/message-stream.ts';
import { startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply, type Reply, replyWith, type SeenRequest } from '../support/reply.ts';
import { childrenOf, startSluice } from '../support/sluice-process.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const WORKERS = 3;
const CLIENTS = 20;
const DEATHS = 3;

/** What clients ask for, and the status of its row. */
const KINDS = { whole: 'success', picture: 'success', stream: 'success', refused: 'error', cut: 'truncated' };
type Kind = keyof typeof KINDS;

function answer(request: SeenRequest): Reply {
  const begun = MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello');
  const [kind] = markOf(request);
  if (kind === 'refused') return jsonReply({ error: { message: 'no' } }, { status: 400 });
  if (kind === 'cut') return replyWith(begun);
  if (kind === 'stream') return replyWith(begun + MESSAGE.end);
  return jsonReply(wholeMessage(kind === 'picture' ? 'A'.repeat(20_000) : 'whole'));
}

/** What a client asked for, and the label that it gave this one request. */
function markOf(request: SeenRequest): [kind: string, label: string] {
  const { messages } = request.json() as { messages: { content: string }[] };
  const [kind = '', label = ''] = messages[0]?.content.split(' ') ?? [];
  return [kind, label];
}

test.skipIf(process.platform !== 'linux')(
  'each answered request has one row with its outcome, and no request is lost',
  async () => {
    await using upstream = await startReplayUpstream(answer);
    const breaker = { enabled: false };
    const config = labConfig(upstream.url, { breaker });
    await using sluice = await startSluice({ config, workers: WORKERS });
    const answered = new Map<string, string>();
    /** Ids of all whose head reached its client, whatever came behind it. */
    const heads = new Set<string>();
    let isOver = false;
    const client = async (_: unknown, index: number) => {
      const kinds = Object.keys(KINDS) as Kind[];
      for (let turn = index; !isOver; turn++) {
        const kind = kinds[turn % kinds.length] ?? 'whole';
        const id = await ask(sluice.url, kind, `${index}-${turn}`, (id) => heads.add(id));
        if (id === undefined) await Bun.sleep(1);
        else answered.set(id, KINDS[kind]);
      }
    };
    const clients = Array.from({ length: CLIENTS }, client);
    for (let deaths = 1; deaths <= DEATHS; deaths++) {
      const victims = childrenOf(sluice.pid);
      process.kill(victims[deaths % victims.length] ?? 0, 'SIGKILL');
      await sluice.wrote(new RegExp(`(a worker was replaced[^]*){${deaths}}`));
    }
    isOver = true;
    await Promise.all(clients);
    expect(await sluice.stop()).toBe(0);

    await using again = await startSluice({ config, home: sluice.home });
    const rows = new Map<string, string[]>();
    const labels = new Set<string | null>();
    for (let offset = 0, left = true; left; offset += 1_000) {
      const path = `/gateway/audit?limit=1000&offset=${offset}`;
      const { entries } = await again.get<{
        entries: { request_id: string; status: string; project_id: string | null }[];
      }>(path);
      for (const { request_id, status, project_id } of entries) {
        rows.set(request_id, [...(rows.get(request_id) ?? []), status]);
        labels.add(project_id);
      }
      left = entries.length > 0;
    }
    expect(answered.size).toBeGreaterThan(CLIENTS);
    const statuses = [...answered.keys()].map((id) => [id, rows.get(id)]);
    expect(statuses).toEqual([...answered].map(([id, status]) => [id, [status]]));
    expect([...rows.values()].filter((each) => each.length > 1)).toEqual([]);
    // Whatever reached a client or the provider was begun, and has its row under its label.
    expect([...heads].filter((id) => !rows.has(id))).toEqual([]);
    const asked = upstream.requests.map((request) => markOf(request)[1]);
    expect(asked.filter((label) => !labels.has(label))).toEqual([]);
  },
);

test.skipIf(process.platform !== 'linux')(
  'a request whose worker dies before its body is there has its row under the labels of its headers',
  async () => {
    await using sluice = await startSluice({ config: labConfig('http://127.0.0.1:1'), workers: 2 });
    const client = connect(sluice.port, '127.0.0.1');
    const cut = new Promise<void>((resolve) => client.on('close', () => resolve()).on('error', () => {}));
    client.write(
      'POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n' +
        'x-sluice-agent: reviewer\r\nx-sluice-project: half\r\n\r\n{"model":',
    );
    const running = async () => (await sluice.get<{ streams: unknown[] }>('/gateway/streams')).streams.length;
    await eventually(async () => (await running()) > 0);
    for (const worker of childrenOf(sluice.pid)) process.kill(worker, 'SIGKILL');
    await cut;
    expect(await sluice.stop()).toBe(0);
    await using again = await startSluice({ config: {}, home: sluice.home });
    expect(await again.get('/gateway/audit')).toMatchObject({
      entries: [{ status: 'error', agent_type: 'reviewer', project_id: 'half' }],
    });
  },
);

test.skipIf(process.platform !== 'linux')(
  'the row of a request whose worker dies has its route, its trace, the target that was being asked and the attempts before',
  async () => {
    await using upstream = await startReplayUpstream(({ path }) =>
      path.includes('messages')
        ? jsonReply({ error: { message: 'broken' } }, { status: 500 })
        : jsonReply({}, { fault: { kind: 'hang-before-headers' } }),
    );
    const routing = { default_provider: 'claude', fallback_chain: ['gpt/other'] };
    const config = labConfig(upstream.url, {}, { routing });
    await using sluice = await startSluice({ config, workers: 2 });
    const trace_id = '0af7651916cd43dd8448eb211c80319c';
    const asked = fetch(`${sluice.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${trace_id}-b7ad6b7169203331-01` },
      body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }),
    }).catch(() => undefined);
    await eventually(() => upstream.requests.length >= 2);
    for (const worker of childrenOf(sluice.pid)) process.kill(worker, 'SIGKILL');
    await asked;
    expect(await sluice.stop()).toBe(0);
    await using again = await startSluice({ config, home: sluice.home });
    expect(await again.get('/gateway/audit')).toMatchObject({
      entries: [
        {
          status: 'error',
          provider: 'gpt',
          model: 'other',
          trace_id,
          route: { kind: 'default' },
          attempts: [{ provider: 'claude', model: 'm', status: 500, error: 'upstream_failed' }],
        },
      ],
    });
  },
);

test.skipIf(process.platform !== 'linux')(
  'a worker that dies while its requests finish at a shutdown is in the log, and they have their rows',
  async () => {
    await using upstream = await startReplayUpstream(
      jsonReply({}, { fault: { kind: 'hang-before-headers' } }),
    );
    const config = labConfig(upstream.url);
    await using sluice = await startSluice({ config, workers: 2 });
    const asked = ask(sluice.url, 'whole', 'unfinished', () => {});
    await eventually(() => upstream.requests.length > 0);
    sluice.signal('SIGTERM');
    await sluice.wrote(/shutting down/);
    for (const worker of childrenOf(sluice.pid)) {
      try {
        process.kill(worker, 'SIGKILL');
      } catch {
        // The one without a request has ended by itself.
      }
    }
    expect(await asked).toBeUndefined();
    await sluice.exited;
    await sluice.wrote(/a worker died while its requests were finishing[^\n]*SIGKILL/);
    expect(sluice.output().match(/a worker died/g)).toHaveLength(1);
    await using again = await startSluice({ config, home: sluice.home });
    expect(await again.get('/gateway/audit')).toMatchObject({
      entries: [{ status: 'error', project_id: 'unfinished' }],
    });
  },
);

/** On a connection of its own. Undefined: the worker died, or none was there. @param headed told the id as it comes. */
async function ask(
  url: string,
  kind: Kind,
  label: string,
  headed: (requestId: string) => void,
): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({
        model: 'm',
        max_tokens: 9,
        stream: kind === 'stream' || kind === 'cut',
        // Half of a character, too.
        agent_type: `${kind}\ud83e`,
        project_id: label,
        messages: [{ role: 'user', content: `${kind} ${label}` }],
      }),
    });
    const id = response.headers.get('x-sluice-request-id') ?? undefined;
    if (id !== undefined) headed(id);
    const text = await response.text();
    // Its head is there, and then its worker dies.
    if (kind === 'stream' && !text.includes('message_stop')) return undefined;
    if (kind === 'cut' && !text.includes('before the answer was complete')) return undefined;
    return id;
  } catch {
    return undefined;
  }
}
