// How commands talk to a running gateway: its address, its key, and its answers.
import { join } from 'node:path';
import { findHome, type LoadOptions, loadConfig } from '../config/load.ts';
import type { ServerConfig } from '../config/resolved.ts';
import { asObject, asString, parseObject } from '../model/json/json.ts';
import { type RunningServer, readPidFile } from '../server/pid-file.ts';
import { stringFlag, urlFlag } from './arguments.ts';
import { type CliContext, CommandFailure, type Flag, type ParsedArguments } from './command.ts';
import { CONFIG_FLAG } from './config-flag.ts';
import { describeProblems, loadOptions } from './config-flags.ts';
import { readDotEnv } from './dot-env.ts';
import { directWithin } from './own-machine.ts';
import { reachableUrl } from './serve/start-message.ts';
import { codeOf } from '../model/thrown.ts';

export interface GatewayAddress {
  /** `http://HOST:PORT` or `https://HOST:PORT`, without a trailing slash. */
  url: string;
  /** One of `server.keys`; null where none is required. */
  key: string | null;
  /** Whether the address is that of this user's own gateway or configuration, and thus on this machine. */
  isOwn: boolean;
  /** As configured: the host it listens on, its keys and its certificate, null where that is unknown too. */
  server: Pick<ServerConfig, 'host' | 'keys' | 'tls'>;
  /** Why the configuration, and with it the key, is unknown. */
  problem?: string;
}

/** What answers does not behave like a gateway, or nothing does. The message says what to do. */
export class GatewayUnreachable extends CommandFailure {
  override readonly name = 'GatewayUnreachable';
}

export const GATEWAY_FLAGS: Readonly<Record<string, Flag>> = {
  url: {
    value: 'URL',
    summary:
      'Address of the gateway; default: the daemon’s, else that of the one in the foreground, else the configuration’s.',
  },
  key: { value: 'KEY', summary: 'Key to send; default: the first of server.keys.' },
  config: CONFIG_FLAG,
};

export function pidFilePath(environment: CliContext['environment']): string {
  return join(findHome(environment), 'sluice.pid');
}

/** Where the first gateway in the foreground notes its address, as the one in the background does in its pid file. */
export function foregroundFilePath(environment: CliContext['environment']): string {
  return join(findHome(environment), 'sluice.foreground');
}

/** The file and the `.env` that a running gateway was started with, wherever the command is run. */
export function gatewayOptions(input: ParsedArguments, context: CliContext): LoadOptions {
  return ownOptions(runningGateways(context)[0], input, context);
}

/** Those of this home: the daemon, then the first one in the foreground. */
function runningGateways({ environment }: Pick<CliContext, 'environment'>): RunningServer[] {
  return [pidFilePath(environment), foregroundFilePath(environment)].flatMap(
    (path) => readPidFile(path).server ?? [],
  );
}

function ownOptions(
  running: RunningServer | undefined,
  input: ParsedArguments,
  context: CliContext,
): LoadOptions {
  const options = loadOptions(input, context);
  const path = options.path ?? running?.config ?? undefined;
  const origin = running?.directory;
  const environment =
    origin === undefined || origin === context.directory
      ? options.environment
      : { ...options.environment, ...readDotEnv(origin, context.inherited), ...context.inherited };
  return { ...options, environment, ...(path !== undefined && { path }) };
}

/** Where the gateway should be. Whether it answers is not checked. Throws UsageError. */
export function findGateway(input: ParsedArguments, context: CliContext): GatewayAddress {
  const asked = urlFlag(input, 'url');
  const running = runningGateways(context);
  const found = asked === undefined ? running[0] : running.find(({ url }) => url === asked);
  const loaded = loadConfig(ownOptions(found, input, context));
  const known = asked ?? found?.url;
  // The configured address is unknown, and the default one may belong to another gateway.
  if (loaded.config === null && known === undefined)
    for (const { line } of describeProblems(loaded)) context.err(line);
  const { host, port, keys, tls } = loaded.config?.server ?? UNCONFIGURED;
  const isOwn = asked === undefined || found !== undefined;
  const problem = loaded.config === null && isOwn ? describeProblems(loaded)[0]?.message : undefined;
  return {
    url: known ?? reachableUrl({ host, tls }, port),
    key: stringFlag(input, 'key') ?? keys[0] ?? null,
    isOwn,
    server: { host: found?.host ?? host, keys, tls },
    ...(problem !== undefined && { problem }),
  };
}

const UNCONFIGURED = { host: '127.0.0.1', port: 8088, keys: [], tls: null };

/** Options of fetch for requests to the gateway. */
export function reaching({ url, isOwn }: Pick<GatewayAddress, 'url' | 'isOwn'>): {
  proxy?: false;
  tls?: Bun.TLSOptions;
} {
  // What is sent stays on this machine, as over HTTP. The certificate need not be valid for the address that commands use, nor be the one
  // that is still in the file.
  return { ...directWithin(url), ...(isOwn && { tls: { rejectUnauthorized: false } }) };
}

/** Within this time the gateway's own pages have answered, whatever they wait for, including PostgreSQL. */
export const PAGE_MS = 30_000;

/** Sends a request to the gateway with its key. Throws GatewayUnreachable where nothing answers. */
export async function askGateway(
  gateway: GatewayAddress,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const { url, key } = gateway;
  const headers = new Headers(init.headers);
  if (key !== null) headers.set('x-sluice-key', key);
  // The system accepts connections even for a process that hangs or is stopped. A model may think for longer.
  const silence = new AbortController();
  const timer = path.startsWith('/gateway/') ? setTimeout(() => silence.abort(), PAGE_MS) : undefined;
  const signal = AbortSignal.any([silence.signal, ...(init.signal ? [init.signal] : [])]);
  try {
    return await fetch(url + path, { ...init, ...reaching(gateway), headers, signal });
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    if (silence.signal.aborted) {
      const remedy = gateway.isOwn ? '"sluice daemon restart" starts it anew' : 'look after it where it runs';
      throw new GatewayUnreachable(
        `what listens at ${url} has not answered within ${PAGE_MS / 1_000} s: it hangs, is stopped, or its machine has too much to do; ${remedy}`,
        { cause },
      );
    }
    const remedy = remedyFor(codeOf(cause) ?? '', url);
    throw new GatewayUnreachable(`no gateway answers at ${url}; ${remedy}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

function remedyFor(code: string, url: string): string {
  if (code === 'EPROTO') return 'what listens there speaks no TLS: try http:// in place of https://';
  if (code === 'ECONNRESET' && url.startsWith('http:'))
    return 'what listens there closed the connection: if it speaks TLS (server.tls), try https:// in place of http://';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'its certificate is for another name: give that name with --url';
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired: renew it';
  if (/SELF_SIGNED|ISSUER|LEAF_SIGNATURE|UNTRUSTED/.test(code))
    return 'its certificate is not trusted here: name the file with it, or with its authority’s, in NODE_EXTRA_CA_CERTS';
  return 'start one with "sluice daemon start" or "sluice serve", or give its address with --url';
}

/** The JSON of a page below /gateway/. Throws GatewayUnreachable for any status but 200. */
export async function readGateway<T>(gateway: GatewayAddress, path: string): Promise<T> {
  return readAnswer<T>(gateway, path, await askGateway(gateway, path));
}

async function readAnswer<T>(gateway: GatewayAddress, path: string, response: Response): Promise<T> {
  if (response.ok) {
    const answer: unknown = await response.json().catch(() => undefined);
    if (typeof answer !== 'object' || answer === null) throw notSluice(gateway);
    return answer as T;
  }
  throw await refusal(gateway, path, response);
}

/** Makes sure that models can be asked with the key, even a project's, which opens no page of the gateway. Throws GatewayUnreachable. */
export async function requireModels(gateway: GatewayAddress): Promise<void> {
  const page = '/gateway/health';
  const response = await askGateway(gateway, page);
  if (response.status === 403 && (await askGateway(gateway, '/v1/models')).ok) return;
  await readAnswer(gateway, page, response);
}

/** The error for an answer of something that is not a gateway. */
export function notSluice({ url }: GatewayAddress): GatewayUnreachable {
  const [ending] = /\/v1(?:beta)?$/.exec(url) ?? [];
  const remedy = ending === undefined ? '' : `, of which ${ending} is no part`;
  return new GatewayUnreachable(`${url} answers, but it is not Sluice; check the address${remedy}`);
}

/** The error for an answer other than the expected one. */
export async function refusal(
  gateway: GatewayAddress,
  path: string,
  response: Response,
): Promise<GatewayUnreachable> {
  const { url, problem } = gateway;
  const text = await response.text();
  const { code, message } = errorIn(text);
  // A gateway has all pages that commands request, except those of the ledger if it has none.
  if (response.status === 404 && code !== 'audit_disabled') return notSluice(gateway);
  const reason = (message ?? text).replaceAll(/\s+/g, ' ').trim().slice(0, 500);
  const unknown = problem === undefined ? '' : `, which are not known here: ${problem}`;
  const remedy =
    response.status === 401
      ? `; give one of its server.keys with --key${unknown}`
      : NEWER_PARAMETER.test(reason)
        ? '; this gateway is older than this program: restart it with this version (sluice daemon restart)'
        : '';
  const [page = path] = path.split('?');
  return new GatewayUnreachable(`${url}${page} answered ${response.status}: ${reason}${remedy}`);
}

/** A gateway of the command's own version knows every parameter that the command sends. */
const NEWER_PARAMETER = /: no such parameter/;

/** The code and message in a gateway's error; nothing where the answer is something else. */
function errorIn(text: string): { code?: string; message?: string } {
  const error = asObject(parseObject(text)?.error);
  const code = asString(error?.code);
  const message = asString(error?.message);
  return { ...(code !== undefined && { code }), ...(message !== undefined && { message }) };
}
