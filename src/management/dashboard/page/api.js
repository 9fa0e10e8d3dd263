// Sends requests to the gateway: adds the key, and turns every failure into an error that says what to do.

/** @import { Audit, Health, Metrics, Providers, RunningStream, SeriesPoint } from '../../shapes.ts' */

const KEY = 'sluice-key';

/** `unreachable`: no answer. `key`: the gateway requires one. `refused`: it refused the request. */
export class AskError extends Error {
  /**
   * @param {'unreachable' | 'key' | 'refused'} kind
   * @param {string} message
   * @param {number} [status]
   */
  constructor(kind, message, status = 0) {
    super(message);
    this.kind = kind;
    this.status = status;
  }
}

export const key = {
  /** @returns {string | null} */
  read: () => sessionStorage.getItem(KEY),
  /** @param {string} value */
  keep: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
  /** Whether a header can carry it. @param {string} value */
  isSendable: (value) => /^[!-~]+$/.test(value),
};

/**
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<Response>} a successful one
 */
async function ask(path, init = {}) {
  const known = key.read();
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, {
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      ...init,
      headers: known === null ? {} : { 'x-sluice-key': known },
    });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new AskError('unreachable', `the gateway at ${location.origin} does not answer`);
  }
  note(response.headers.get('date'));
  if (response.ok) return response;
  const message = await messageOf(response);
  throw new AskError(
    response.status === 401 || response.status === 403 ? 'key' : 'refused',
    message,
    response.status,
  );
}

/** How far this browser's clock is ahead of the gateway's, in milliseconds; null: not known yet. @type {number | null} */
let ahead = null;

/** @param {string | null} date to the second, as it was when the answer left */
function note(date) {
  const time = Date.parse(date ?? '');
  if (Number.isFinite(time)) ahead = Date.now() - time;
}

/** The gateway's time, to a second or two: the browser's clock may be days off. @returns {Promise<Date>} */
export async function gatewayTime() {
  if (ahead === null) await api.health();
  return new Date(Date.now() - (ahead ?? 0));
}

/** @param {Response} response */
async function messageOf(response) {
  try {
    const { error } = await response.json();
    if (typeof error?.message === 'string') return /** @type {string} */ (error.message);
  } catch {
    // Not an answer of the gateway itself, but of something in between.
  }
  return `the answer was HTTP ${response.status}`;
}

/**
 * @param {string} path
 * @param {Record<string, string | number | boolean | null>} [query] null and empty values are left out
 */
async function json(path, query = {}) {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === null || value === '' ? [] : [[name, String(value)]],
  );
  const response = await ask(given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`);
  return response.json();
}

export const api = {
  /** @returns {Promise<Health>} */
  health: () => json('/gateway/health'),
  /** @returns {Promise<Providers>} */
  providers: () => json('/gateway/providers'),
  /** @param {string | null} since @returns {Promise<Metrics>} */
  metrics: (since) =>
    json('/gateway/metrics', { since, recent_limit: 0, include_agent: true, include_project: true }),
  /** @param {string | null} since @param {'hour' | 'day'} step @returns {Promise<{ series: SeriesPoint[] }>} */
  series: (since, step) =>
    json('/gateway/metrics', {
      ...{ since, step, recent_limit: 0 },
      ...{ include_provider: false, include_model: false },
    }),
  /** @param {Record<string, string | number | boolean | null>} filter @returns {Promise<Audit>} */
  audit: (filter) => json('/gateway/audit', filter),
  /** @returns {Promise<{ streams: RunningStream[] }>} */
  streams: () => json('/gateway/streams'),
  /** @param {string} requestId */
  cancel: (requestId) => ask(`/gateway/streams/${encodeURIComponent(requestId)}`, { method: 'DELETE' }),
  /** @param {AbortSignal} signal */
  watch: (signal) => ask('/gateway/streams/live', { signal }),
};
