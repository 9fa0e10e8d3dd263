// Checks of a running gateway that a person would otherwise do by hand.
import { buildCase } from '../conformance/cases.ts';
import { runCases } from '../conformance/run-cases.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { DIALECTS } from '../dialects/registry.ts';
import { DIALECT_IDS } from '../model/dialect-id.ts';
import {
  askGateway,
  type GatewayAddress,
  GatewayUnreachable,
  notSluice,
  reaching,
  readGateway,
} from './gateway-client.ts';
import { missingWorkers, readHealth, whyDegraded } from './gateway-health.ts';
import { counted } from './help.ts';
import type { AuditEntry, Metrics, Provider, Providers } from '../management/shapes.ts';
import { messageOf } from '../model/thrown.ts';

export interface Finding {
  check: string;
  ok: boolean;
  /** What was observed or, if the check failed, what is wrong and what to do. */
  detail: string;
}

/** What the checks share: the gateway, and the requests made so far. */
interface CheckContext {
  gateway: GatewayAddress;
  /** A model that streams for a moment. */
  model: string;
  /** The dialect of the checks that need only one. */
  dialect: Dialect;
  /** Ids of the requests that have generated something. */
  requests: string[];
  /** Requests counted in the metrics before the first check. */
  countedBefore: number;
}

type Check = (patient: CheckContext) => Promise<string>;

/** A check fails by throwing this. Its message says what to do. */
class Ailment extends Error {}

/** In milliseconds, for one request and its whole answer. */
const TIMEOUT_MS = 60_000;
const POLL_MS = 100;
/** In milliseconds, how long it may take until a row is written. */
const ROW_MS = 5_000;
/** In milliseconds, how long a process of the gateway may be busy, or take to be replaced. */
const WORKERS_MS = 5_000;
/** An answer in fewer pieces was not streamed. */
const FEWEST_PIECES = 3;
/** How often a stream in fewer pieces is tried again: on a busy machine several may arrive before this process reads the first. */
const STREAMS = 3;

/** In milliseconds. A model that answers faster sends one piece anyway. */
const TOO_QUICK_MS = 50;

const CHECKS: Readonly<Record<string, Check>> = {
  async health({ gateway }) {
    const from = performance.now();
    let health = await readHealth(gateway);
    const ms = performance.now() - from;
    if (health.status !== 'healthy' && health.status !== 'degraded') throw notSluice(gateway);
    while (missingWorkers(health) > 0 && performance.now() - from < WORKERS_MS) {
      await Bun.sleep(POLL_MS);
      health = await readHealth(gateway);
    }
    if (health.status === 'degraded') {
      const why = whyDegraded(health);
      throw new Ailment(`degraded${why === null ? '' : `: ${why}`}; see /gateway/providers and the log`);
    }
    const redis = health.redis === undefined ? '' : ', redis answers';
    return `healthy, version ${health.version}, ${ms.toFixed(0)} ms${redis}`;
  },

  async providers({ gateway }) {
    const { providers, disabled } = await readGateway<Providers>(gateway, '/gateway/providers');
    const failing = providers.filter(({ healthy }) => !healthy);
    if (failing.length > 0) throw new Ailment(failing.map(failureOf).join('; '));
    const unused = disabled.map(({ name, reason }) => `${name} (${reason})`);
    const used = providers.length === 0 ? 'none' : providers.map(({ name }) => name).join(', ');
    return `${used}: none of them fails${unused.length === 0 ? '' : `; not in use: ${unused.join('; ')}`}`;
  },

  async 'plain request'(patient) {
    const response = await ask(patient, 'whole');
    const text = await response.text();
    if (!response.ok) throw refused(response, text);
    const answer = patient.dialect.provider.parseResponse(JSON.parse(text));
    const model = response.headers.get('x-sluice-model');
    return `${response.headers.get('x-sluice-provider')}/${model}, ${answer.usage?.outputTokens ?? 'unknown'} tokens`;
  },

  async 'stream headers'(patient) {
    const response = await ask(patient, 'text');
    if (!response.ok) throw refused(response, await response.text());
    await response.body?.cancel();
    patient.requests.pop();
    // nginx obeys this header and does not pass it on; the next check shows whether anything buffers.
    const expected = Object.entries(STREAM_HEADERS).filter(
      ([name]) => name !== 'x-accel-buffering' || response.headers.has(name),
    );
    const wrong = expected.filter(([name, value]) => response.headers.get(name)?.split(';')[0] !== value);
    if (wrong.length === 0) return `${expected.map(([name]) => name).join(', ')} as expected`;
    const problems = wrong.map(([name]) => `${name}: ${response.headers.get(name) ?? 'missing'}`);
    throw new Ailment(
      `${problems.join(', ')}; something between this client and the gateway may have changed them`,
    );
  },

  async 'incremental delivery'(patient) {
    const tries = [await arrivalsOf(patient)];
    // A proxy that buffers does so every time, hence several tries.
    while (!tries.some(isInPieces) && tries.length < STREAMS) tries.push(await arrivalsOf(patient));
    return judgeDelivery(tries);
  },

  async 'event order'({ gateway, model }) {
    const runs = DIALECT_IDS.map((id) =>
      Array.fromAsync(
        runCases({
          url: gateway.url,
          dialects: [DIALECTS[id]],
          model,
          key: gateway.key,
          isDemanded: true,
          send: (url, init) =>
            fetch(url, {
              ...init,
              ...reaching(gateway),
              headers: { ...init.headers, ...OWN_NAME },
              signal: AbortSignal.timeout(TIMEOUT_MS),
            }),
        }),
      ),
    );
    const results = (await Promise.all(runs)).flat();
    const wrong = results.filter(({ outcome }) => outcome !== 'ok');
    if (wrong.length === 0)
      return `${results.length} cases in ${DIALECT_IDS.length} dialects follow their grammar`;
    const [worst] = wrong;
    throw new Ailment(
      `${wrong.length} of ${results.length} cases fail, the first: ${worst?.dialect} ${worst?.case}: ` +
        `${worst?.violations.join('; ')} ("sluice conform" shows all)`,
    );
  },

  async 'error shapes'({ gateway }) {
    const seen: string[] = [];
    for (const id of DIALECT_IDS) {
      const { path } = buildCase(DIALECTS[id], 'whole', 'no-such-provider-of-mine/model');
      const broken = await askGateway(gateway, path, {
        method: 'POST',
        headers: JSON_TYPE,
        body: '{"not json',
      });
      const body = (await broken.json().catch(() => undefined)) as ErrorBody | undefined;
      const reason = typeof body?.error === 'string' ? body.error : body?.error?.message;
      if (broken.status !== 400 || typeof reason !== 'string')
        throw new Ailment(`${id}: a body that is not JSON gets ${broken.status}, not a 400 in the dialect`);
      seen.push(id);
    }
    const nowhere = await askGateway(gateway, '/gateway/no-such-page');
    await nowhere.body?.cancel();
    if (nowhere.status !== 404) throw new Ailment(`an unknown path gets ${nowhere.status}, not 404`);
    return `400 in ${seen.length} dialects, 404 for an unknown path`;
  },

  async keys({ gateway }) {
    if (gateway.key === null) return 'none is required';
    const statusWith = async (key: string | null) => {
      const response = await askGateway({ ...gateway, key }, '/gateway/health');
      await response.body?.cancel();
      return response.status;
    };
    const stranger = await statusWith(`not-${crypto.randomUUID()}`);
    if (stranger === 401) return 'a wrong key gets 401';
    // For an address that was given, the configuration found here may be another gateway's, and a key that was given is not in it.
    const requiresOne = gateway.isOwn && gateway.server.keys.length > 0;
    if (!requiresOne && stranger === 200 && (await statusWith(null)) === 200)
      return 'none is required; the one that was sent is not checked';
    throw new Ailment(`a wrong key gets ${stranger}, not 401; check server.keys`);
  },

  async 'audit rows'({ gateway, requests }) {
    await audited(gateway);
    for (const id of requests) await rowOf(gateway, id, (row) => row.status === 'success');
    return `one row for each of ${requests.length} requests, with tokens and latency`;
  },

  async 'a client that leaves'(patient) {
    await audited(patient.gateway);
    const leaving = new AbortController();
    const response = await ask(patient, 'text', leaving.signal);
    if (!response.ok) throw refused(response, await response.text());
    const id = patient.requests.pop() ?? '';
    const reader = response.body?.getReader();
    await reader?.read();
    leaving.abort();
    // The abort comes back as a rejection.
    await reader?.cancel().catch(() => {});
    const row = await rowOf(
      patient.gateway,
      id,
      ({ status }) => status === 'aborted' || status === 'success',
    );
    return row.status === 'aborted'
      ? 'its row says aborted'
      : 'the answer was complete before it could leave';
  },

  async metrics({ gateway, requests, countedBefore }) {
    const { summary } = await readGateway<Metrics>(gateway, '/gateway/metrics');
    const counted = summary.total_requests - countedBefore;
    if (counted >= requests.length) return `${counted} more requests than before`;
    throw new Ailment(`${requests.length} requests were made and ${counted} counted; is audit.enabled on?`);
  },
};

function failureOf({ name, last_error }: Provider): string {
  return last_error === undefined ? `${name} fails` : `${name} fails (${last_error})`;
}

interface ErrorBody {
  error?: string | { message?: unknown };
}

/** Some of these requests are meant to fail: the audit and the dashboard show that nobody else sent them. */
const OWN_NAME = { 'x-sluice-agent': 'sluice-doctor' };
const JSON_TYPE = { 'content-type': 'application/json', ...OWN_NAME };

const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
};

/** Runs all checks in order, and calls `report` with each when it is done. If the gateway does not answer, the checks end. */
export async function examine(
  gateway: GatewayAddress,
  model: string,
  report: (finding: Finding) => void,
): Promise<Finding[]> {
  const patient: CheckContext = {
    gateway,
    model,
    dialect: DIALECTS[DIALECT_IDS[0]],
    requests: [],
    countedBefore: 0,
  };
  const findings: Finding[] = [];
  for (const [check, run] of Object.entries(CHECKS)) {
    const { finding, isOver } = await attempt(check, () => run(patient));
    findings.push(finding);
    report(finding);
    if (check === 'health') {
      if (isOver) break;
      const before = await readGateway<Metrics>(gateway, '/gateway/metrics').catch(() => undefined);
      patient.countedBefore = before?.summary.total_requests ?? 0;
    }
  }
  return findings;
}

async function attempt(
  check: string,
  run: () => Promise<string>,
): Promise<{ finding: Finding; isOver: boolean }> {
  try {
    return { finding: { check, ok: true, detail: await run() }, isOver: false };
  } catch (error) {
    const detail = messageOf(error);
    // There is nothing left to check.
    const isOver = error instanceof GatewayUnreachable;
    return { finding: { check, ok: false, detail }, isOver };
  }
}

/** Sends a request in the check's dialect and notes its id. */
async function ask(patient: CheckContext, what: 'text' | 'whole', left?: AbortSignal): Promise<Response> {
  const { gateway, dialect, model, requests } = patient;
  const { path, body } = buildCase(dialect, what, model);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const response = await askGateway(gateway, path, {
    method: 'POST',
    headers: JSON_TYPE,
    body: JSON.stringify(body),
    signal: left === undefined ? timeout : AbortSignal.any([timeout, left]),
  });
  // A request that was refused is reported by its own check.
  if (response.ok) requests.push(response.headers.get('x-sluice-request-id') ?? '');
  return response;
}

/** When each piece of a streamed answer arrived, in milliseconds since the request. */
async function arrivalsOf(patient: CheckContext): Promise<number[]> {
  const from = performance.now();
  const response = await ask(patient, 'text');
  if (!response.ok) throw refused(response, await response.text());
  const arrivals: number[] = [];
  for await (const _ of response.body ?? []) arrivals.push(performance.now() - from);
  return arrivals;
}

const isInPieces = (arrivals: readonly number[]) => arrivals.length >= FEWEST_PIECES;

/**
 * @param tries when the pieces of each answer arrived, in milliseconds since the request.
 * Throws Ailment where something holds answers back until they are whole.
 */
export function judgeDelivery(tries: readonly (readonly number[])[]): string {
  const streamed = tries.find(isInPieces);
  if (streamed !== undefined)
    return `${streamed.length} pieces, the first after ${inMs(streamed[0])}, the last after ${inMs(streamed.at(-1))}`;
  const quickest = Math.min(...tries.map((arrivals) => arrivals.at(-1) ?? 0));
  if (quickest < TOO_QUICK_MS)
    return `not seen: the whole answer came within ${inMs(quickest)}; a slower --model shows it`;
  const pieces = tries.at(-1) ?? [];
  throw new Ailment(
    `the answer came in ${counted(pieces.length, 'piece')} after ${inMs(pieces.at(-1))}, in each of ${tries.length} tries: something between this client and the gateway buffers it`,
  );
}

function inMs(ms = 0): string {
  return `${ms.toFixed(0)} ms`;
}

/** Matches errors of the gateway's own limits, which another model would meet too. */
const OWN_LIMIT = /\((rate_limits|costs\.budgets)\)|\b(server\.max_body|server\.max_event)\b/;

function refused(response: Response, text: string): Ailment {
  const limit = OWN_LIMIT.exec(text);
  const remedy =
    limit === null
      ? 'try another --model'
      : `the gateway is configured so: ${limit[1] ?? limit[2]} is too small for these requests`;
  return new Ailment(`HTTP ${response.status} ${text.slice(0, 300)}; ${remedy}`);
}

async function audited(gateway: GatewayAddress): Promise<void> {
  const { audit } = await readHealth(gateway);
  if (!audit.enabled) throw new Ailment('audit.enabled is off: nothing is recorded');
}

async function rowOf(
  gateway: GatewayAddress,
  id: string,
  wanted: (row: AuditEntry) => boolean,
): Promise<AuditEntry> {
  const deadline = performance.now() + ROW_MS;
  for (;;) {
    const { entries } = await readGateway<{ entries: AuditEntry[] }>(
      gateway,
      `/gateway/audit?request_id=${id}`,
    );
    const row = entries.find((entry) => entry.request_id === id);
    if (row !== undefined && wanted(row)) return row;
    if (row !== undefined) throw new Ailment(`the row of ${id} says ${row.status}`);
    if (performance.now() > deadline)
      throw new Ailment(`request ${id} has no row; see "ledger" in /gateway/health`);
    await Bun.sleep(POLL_MS);
  }
}
