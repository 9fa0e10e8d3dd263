// The ways in which the simulator fails on request: `429`, `cut:5`, `hang-headers`…
import { type ErrorCode, GatewayError } from '../model/errors.ts';
import { parseRetryHint, type RetryHint } from './retry-hint.ts';

export type Fault =
  | { kind: 'status'; status: number; hint: RetryHint | undefined }
  /** An HTML page, as proxies and captive portals send it. */
  | { kind: 'html'; status: number }
  | { kind: PlainKind }
  /** The body trickles: one piece of this many bytes in the time of a token. */
  | { kind: 'drip'; bytes: number }
  /** Strikes after `after` tokens, or before the ending if the answer has fewer. */
  | { kind: 'cut' | 'stall' | 'malformed' | 'reset' | 'error'; after: number };

type PlainKind =
  | 'refuse'
  | 'hang-headers'
  | 'hang-first-event'
  | 'error-first'
  | 'garbage'
  | 'duplicate-terminal';

/** Statuses with which providers send `retry-after`. The simulator does so too unless the fault names another hint. */
const HINTING_STATUSES = new Set([429, 503, 529]);
const DEFAULT_HINT: RetryHint = { form: 'seconds', ms: 1_000 };

/** Throws `invalid_request` where `text` is not a fault. */
export function parseFault(text: string): Fault {
  const [name = '', argument = ''] = text.split(':', 2);
  const fault = findStatus(name, argument) ?? findFault(name, argument);
  if (fault !== undefined) return fault;
  throw new GatewayError(
    'invalid_request',
    `\`fault=${text}\` is not a fault; there are an HTTP status (400 to 599, and when to ask again: ` +
      '429:30, 429:1500ms, 429:30date, 429:30info), refuse, hang-headers, hang-first-event, error-first, html, ' +
      'garbage, duplicate-terminal, drip:N, cut:N, stall:N, reset:N, error:N and malformed:N',
  );
}

function findFault(name: string, argument: string): Fault | undefined {
  if (argument !== '' && !/^\d+$/.test(argument)) return undefined;
  const number = argument === '' ? undefined : Number(argument);
  switch (name) {
    case 'cut':
    case 'stall':
    case 'malformed':
    case 'reset':
    case 'error':
      return { kind: name, after: number ?? 0 };
    case 'drip':
      return number === 0 ? undefined : { kind: name, bytes: number ?? 1 };
    case 'html':
      return number === undefined || isStatus(number) ? { kind: 'html', status: number ?? 200 } : undefined;
    case 'refuse':
    case 'hang-headers':
    case 'hang-first-event':
    case 'error-first':
    case 'garbage':
    case 'duplicate-terminal':
      return number === undefined ? { kind: name } : undefined;
    default:
      return undefined;
  }
}

function findStatus(name: string, argument: string): Fault | undefined {
  const status = Number(name);
  if (!isStatus(status) || status < 400) return undefined;
  const hint = parseRetryHint(argument);
  if (argument !== '' && hint === undefined) return undefined;
  return { kind: 'status', status, hint: hint ?? (HINTING_STATUSES.has(status) ? DEFAULT_HINT : undefined) };
}

function isStatus(value: number): boolean {
  return Number.isInteger(value) && value >= 200 && value < 600;
}

const CODE_OF_STATUS: Record<number, ErrorCode> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'unknown_model',
  413: 'too_large',
  429: 'rate_limited',
  500: 'internal',
  503: 'upstream_overloaded',
  504: 'upstream_timeout',
  529: 'upstream_overloaded',
};

export function statusError(fault: Extract<Fault, { kind: 'status' }>): GatewayError {
  const { status, hint } = fault;
  const code = CODE_OF_STATUS[status] ?? (status < 500 ? 'invalid_request' : 'upstream_failed');
  return new GatewayError(code, `simulated failure: HTTP ${status}`, {
    status,
    ...(hint === undefined ? {} : { retryAfterMs: hint.ms }),
  });
}

/** What fetch would reject with; a server of the simulator closes the connection instead (served.ts). */
export class ConnectionRefused extends Error {
  override readonly name = 'ConnectionRefused';
  readonly code = 'ConnectionRefused';

  constructor() {
    super('simulated failure: the connection was refused');
  }
}

/** What `error-first` and `error:N` put inside an answer of HTTP 200. */
export function inStreamError(): GatewayError {
  return new GatewayError('upstream_overloaded', 'simulated failure: overloaded');
}

export const HTML_PAGE =
  '<!doctype html>\n<html><head><title>Bad Gateway</title></head>' +
  '<body><h1>Bad Gateway</h1><p>A page by the simulator where an API answer should be.</p></body></html>\n';

/** Bytes that are neither text nor events: every value, with line ends in it. */
export function garbageBytes(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 1_024 }, (_, index) => (index * 167 + 13) % 256);
}

/** The wire text of an event with the end of its JSON torn off. */
export function tear(wireText: string): string {
  return `${wireText.trimEnd().slice(0, -2)}\n\n`;
}
