// One request through the gateway to a target that fails as it is told to, and perhaps to one that works.
import type { ConfigInput } from '../../src/index.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import { createSimulator } from '../../src/simulator/index.ts';
import { clientRequest } from '../support/client-requests.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { createTestGateway } from '../support/test-gateway.ts';
import { createVirtualTime } from '../simulator/virtual-time.ts';
import { MAX_RETRIES, TEXT } from './fault-table.ts';
import { QUESTION_OF } from './question.ts';
import { type ReadAnswer, readStream, readWhole } from './read-answer.ts';
import type { FaultySocket } from './faulty-socket.ts';

/** What there is besides the faulty target: nothing, one that is asked when that fails, beside it, or to go on. */
export type Help = 'none' | 'fallback' | 'hedged' | 'continuing';

export interface FaultCase {
  fault: string;
  client: DialectId;
  /** What the faulty target speaks; the other target speaks the client's dialect where this is not it. */
  provider: DialectId;
  help: Help;
  stream: boolean;
  socket: FaultySocket | undefined;
}

export interface Outcome {
  response: Response;
  answer: ReadAnswer;
  row: LedgerRow;
  /** How often each target was asked. */
  calls: { faulty: number; healthy: number };
  /** Between one try at the faulty target and the next, in ms; on a socket the clock stands still. */
  waits: number[];
  /** Requests that providers are still thought to work on, streams that are still open. */
  unsettled: number;
}

const FOREIGN: Record<DialectId, DialectId> = {
  'anthropic-messages': 'openai-chat',
  'openai-chat': 'anthropic-messages',
  'openai-responses': 'gemini',
  gemini: 'openai-responses',
  'ollama-chat': 'openai-chat',
};

/** The dialect of a target that is not the client's: answers are translated. */
export function foreignTo(client: DialectId): DialectId {
  return FOREIGN[client];
}

const TIMEOUT_MS = 20_000;
const HEDGE_AFTER_MS = 10_000;
/** The wait before the second try, where the first did not hint at another. */
export const BACK_OFF_MS = 125;
/** By then everything that waits for time has had its turn. */
const LONG_AFTER_MS = 100_000;

export async function runFault(fault: FaultCase): Promise<Outcome> {
  const { client, stream, socket } = fault;
  const timers = createManualTimers(Date.UTC(2026, 0, 1));
  const calls = { faulty: 0, healthy: 0 };
  const simulator = createSimulator(createVirtualTime());
  const inMemory = (url: string, init: RequestInit) => simulator.fetch(new Request(url, init));
  const askedAt: number[] = [];
  const lab = createTestGateway({
    config: configFor(fault),
    fetch(url, init) {
      const isFaulty = new URL(url).pathname.startsWith('/faulty/');
      calls[isFaulty ? 'faulty' : 'healthy']++;
      if (isFaulty) askedAt.push(timers.now());
      return isFaulty && socket !== undefined
        ? fetch(new URL(new URL(url).pathname + new URL(url).search, socket.url), init)
        : inMemory(url, init);
    },
    host: {
      now: timers.now,
      monotonic: timers.now,
      random: () => 0,
      setTimer(callback, ms) {
        // Bytes on a socket take their own time, so nobody could tell when to turn the clock.
        if (socket === undefined || ms !== BACK_OFF_MS) return timers.setTimer(callback, ms);
        const soon = setImmediate(callback);
        return () => clearImmediate(soon);
      },
    },
  });
  const { path, body } = clientRequest(client, {
    model: `faulty/echo,fast,fault=${fault.fault}`,
    stream,
    more: QUESTION_OF[client](TEXT),
  });
  const asked = (async () => {
    const response = await lab.post(path, body);
    return { response, bytes: await readAll(response, socket) };
  })();
  if (socket === undefined) await timers.advance(LONG_AFTER_MS);
  const { response, bytes } = await asked;
  const isStream = /event-stream|ndjson/.test(response.headers.get('content-type') ?? '');
  const answer = isStream
    ? readStream(client, bytes)
    : readWhole(client, response.status, response.headers, new TextDecoder().decode(bytes));
  const row = await lab.row(0);
  return {
    response,
    answer,
    row,
    calls,
    waits: askedAt.slice(1).map((at, index) => at - (askedAt[index] ?? 0)),
    unsettled: lab.gateway.activeStreams() + (await inFlight(lab.gateway)),
  };
}

function configFor({ provider, client, help }: FaultCase): ConfigInput {
  const timeouts = { connect: '60s', first_byte: `${TIMEOUT_MS}ms`, idle: `${TIMEOUT_MS}ms` };
  const at = (name: string, dialect: DialectId) => ({
    dialect,
    base_url: `http://simulator.test/${name}${dialect.startsWith('openai') ? '/v1' : ''}`,
    api_key: `key-of-${name}`,
    max_retries: MAX_RETRIES,
    timeouts,
  });
  return {
    server: { ping_interval: '600s' },
    providers: {
      faulty: at('faulty', provider),
      healthy: at('healthy', provider === client ? foreignTo(client) : client),
    },
    routing: {
      default_provider: 'faulty',
      fallback_chain: help === 'none' ? [] : ['healthy/echo,fast'],
      continue_streams: help === 'continuing',
      hedge_after: help === 'hedged' ? `${HEDGE_AFTER_MS}ms` : null,
    },
  };
}

async function readAll(response: Response, socket: FaultySocket | undefined): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let text = '';
  for await (const piece of response.body ?? []) {
    pieces.push(piece);
    text += new TextDecoder().decode(piece);
    socket?.clientRead(text);
  }
  return Buffer.concat(pieces);
}

async function inFlight(gateway: ReturnType<typeof createTestGateway>['gateway']): Promise<number> {
  const response = await gateway.fetch(new Request('http://127.0.0.1:8088/gateway/providers'));
  const { providers } = (await response.json()) as { providers: { in_flight: number }[] };
  return providers.reduce((sum, { in_flight }) => sum + in_flight, 0);
}
