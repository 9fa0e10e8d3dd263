// The ways in which the simulator fails when it is asked to: `429`, `cut:5`, `hang-headers`…
import { type ErrorCode, GatewayError } from '../model/errors.ts';

export type Fault =
  | { kind: 'status'; status: number; retryAfterSeconds: number | undefined }
  /** An HTML page, as proxies and captive portals send it. */
  | { kind: 'html'; status: number }
  | { kind: 'hang-headers' | 'hang-first-event' | 'error-first' | 'garbage' | 'duplicate-terminal' }
  /** Strikes when `after` tokens are out, at the latest before the ending. */
  | { kind: 'cut' | 'stall' | 'malformed' | 'reset' | 'error'; after: number };

/** Statuses to which providers add `retry-after`, and the seconds we hint where the fault names none. */
const HINTING_STATUSES = new Set([429, 503, 529]);
const DEFAULT_RETRY_AFTER_SECONDS = 1;

/** Throws `invalid_request` where `text` is no fault. */
export function parseFault(text: string): Fault {
  const [name = '', argument] = text.split(':', 2);
  const number = argument === undefined || argument === '' ? undefined : Number(argument);
  const isWhole = number === undefined || (Number.isInteger(number) && number >= 0);
  const fault = isWhole ? findFault(name, number) : undefined;
  if (fault !== undefined) return fault;
  throw new GatewayError(
    'invalid_request',
    `simulator: \`fault=${text}\` is no fault; there are an HTTP status (400 to 599), hang-headers, ` +
      'hang-first-event, error-first, html, garbage, duplicate-terminal, cut:N, stall:N, reset:N, error:N ' +
      'and malformed:N',
  );
}

function findFault(name: string, number: number | undefined): Fault | undefined {
  switch (name) {
    case 'cut':
    case 'stall':
    case 'malformed':
    case 'reset':
    case 'error':
      return { kind: name, after: number ?? 0 };
    case 'html':
      return number === undefined || isStatus(number) ? { kind: 'html', status: number ?? 200 } : undefined;
    case 'hang-headers':
    case 'hang-first-event':
    case 'error-first':
    case 'garbage':
    case 'duplicate-terminal':
      return number === undefined ? { kind: name } : undefined;
    default:
      return findStatus(Number(name), number);
  }
}

function findStatus(status: number, seconds: number | undefined): Fault | undefined {
  if (!isStatus(status) || status < 400) return undefined;
  const hint = HINTING_STATUSES.has(status) ? DEFAULT_RETRY_AFTER_SECONDS : undefined;
  return { kind: 'status', status, retryAfterSeconds: seconds ?? hint };
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
  const { status, retryAfterSeconds } = fault;
  const code = CODE_OF_STATUS[status] ?? (status < 500 ? 'invalid_request' : 'upstream_failed');
  return new GatewayError(code, `simulated failure: HTTP ${status}`, {
    status,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterMs: retryAfterSeconds * 1_000 }),
  });
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
