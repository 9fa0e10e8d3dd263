// Why a provider could not be asked, in words: what happened, where, and what to do.
import { type ErrorCode, GatewayError } from '../model/errors.ts';
import { asObject, isObject } from '../model/json/json.ts';
import { codeOf, messageOf } from '../model/thrown.ts';
import { type NamedProxy, ProxyFailure } from './proxy-failure.ts';

/** What happened, and what to do. */
type Words = readonly [happened: string, remedy: string];

const NAME_UNKNOWN: Words = ['its host name cannot be resolved', 'check base_url and the name server'];
const NAME_SERVER: Words = ['the name server did not answer', 'check the network, and base_url'];
const NO_WAY: Words = ['there is no route to it', 'check the network, and base_url'];
const NO_TLS: Words = ['it does not speak TLS', 'base_url may have to begin with http://'];
/** By the system's code: failures of this process or machine. */
const NO_DESCRIPTOR: Readonly<Record<string, Words>> = {
  EMFILE: [
    'this process has reached its limit of open files and connections',
    'raise it (ulimit -n, LimitNOFILE=), or let fewer clients connect',
  ],
  ENFILE: [
    'this machine has reached its limit of open files and connections, for all programs together',
    'raise it (sysctl fs.file-max; on macOS kern.maxfiles), or end programs that have many',
  ],
};
/** By the code of the network's error. */
const WORDS: Readonly<Record<string, Words>> = {
  ECONNREFUSED: ['no connection could be made', 'check that it runs, and that base_url is right'],
  ECONNRESET: ['it closed the connection without an answer', 'check its log, and that base_url is right'],
  EPIPE: [
    'it closed the connection before the request was sent',
    'check its log, and that base_url is right',
  ],
  ETIMEDOUT: ['it does not answer', 'check the network, and base_url'],
  UNDELIVERED: [
    'the network does not carry to it what is sent',
    'check the network (behind a VPN also its MTU, if only long requests fail)',
  ],
  EHOSTUNREACH: NO_WAY,
  ENETUNREACH: NO_WAY,
  ENOTFOUND: NAME_UNKNOWN,
  ENODATA: NAME_UNKNOWN,
  EAI_AGAIN: NAME_SERVER,
  ESERVFAIL: NAME_SERVER,
  ETIMEOUT: NAME_SERVER,
  EPROTO: NO_TLS,
  ...NO_DESCRIPTOR,
};

const STRANGER: Words = [
  'its certificate is signed by an authority that is not trusted here',
  'name the file with the certificate of that authority as tls.ca of the provider, or in NODE_EXTRA_CA_CERTS; in a network with a login page, log in instead',
];
const FAULTY: Words = ['its certificate is not accepted', 'have it replaced, or check base_url'];

/** The same for a refused certificate. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const REFUSED_CERTIFICATE: Readonly<Record<string, Words>> = {
  CERT_HAS_EXPIRED: ['its certificate has expired', 'have it renewed, or correct the clock of this machine'],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', 'correct the clock of this machine'],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'its certificate is for another name',
    'set base_url to a name that the certificate covers, or, in a network with a login page, log in',
  ],
  DEPTH_ZERO_SELF_SIGNED_CERT: STRANGER,
  SELF_SIGNED_CERT_IN_CHAIN: STRANGER,
  UNABLE_TO_GET_ISSUER_CERT: STRANGER,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: STRANGER,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: STRANGER,
  CERT_UNTRUSTED: STRANGER,
  CERT_CHAIN_TOO_LONG: FAULTY,
  CERT_REJECTED: FAULTY,
  CERT_REVOKED: FAULTY,
  CERT_SIGNATURE_FAILURE: FAULTY,
  ERROR_IN_CERT_NOT_AFTER_FIELD: FAULTY,
  ERROR_IN_CERT_NOT_BEFORE_FIELD: FAULTY,
  HOSTNAME_MISMATCH: FAULTY,
  INVALID_CA: FAULTY,
  INVALID_PURPOSE: FAULTY,
  PATH_LENGTH_EXCEEDED: FAULTY,
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: FAULTY,
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: FAULTY,
};

/** The server speaks TLS, and says why it does not accept the connection. https://www.rfc-editor.org/rfc/rfc8446#section-6.2 */
const TLS_ALERT = /_ALERT_([A-Z_]+)/;
const REFUSED_TLS =
  'check base_url; it may not serve that host name, or require another version of TLS, or a client certificate (tls of the provider)';

const UNKNOWN: Words = ['the network failed', 'check base_url and the network'];

/** The server was reached, but did not speak valid HTTP; the error's own words follow `happened`. */
const NOT_HTTP: Readonly<Record<string, { code: ErrorCode; happened: string; remedy: string }>> = {
  MALFORMED_HTTP: {
    code: 'upstream_malformed',
    happened: 'its answer is not HTTP/1.1',
    remedy: 'check base_url and any proxy in between',
  },
  INVALID_REQUEST: {
    code: 'invalid_request',
    happened: 'the request cannot be sent',
    remedy: 'correct the name of the model, or what sets that header',
  },
};

function isOffline(cause: unknown): boolean {
  return cause instanceof Error && 'offline' in cause && cause.offline === true;
}

/** What an error says about a lack of descriptors, and what to do; undefined if it has another reason. */
export function lackOfDescriptors(error: unknown): { happened: string; remedy: string } | undefined {
  const code = nameOf(error);
  const words = NO_DESCRIPTOR[code];
  return words && { happened: `${words[0]} (${code})`, remedy: words[1] };
}

/** The GatewayError of a request that got no answer. */
export function networkFailure(provider: string, url: string, cause: unknown): GatewayError {
  const origin = originOf(url);
  const lack = lackOfDescriptors(cause instanceof ProxyFailure ? cause.problem : cause);
  if (lack !== undefined) {
    const message = `${provider} was not asked at ${origin}: ${lack.happened}; ${lack.remedy}`;
    return new GatewayError('overloaded', message, { cause });
  }
  if (cause instanceof ProxyFailure) return proxyFailure(`${provider} at ${origin}`, cause);
  const code = nameOf(cause);
  const strange = NOT_HTTP[code];
  if (strange !== undefined && cause instanceof Error) {
    const message = `${provider} at ${origin}: ${strange.happened}: ${cause.message}; ${strange.remedy}`;
    return new GatewayError(strange.code, message, { cause });
  }
  const refused = REFUSED_CERTIFICATE[code];
  if (refused !== undefined) {
    const message = `${provider} is not trusted at ${origin}: ${refused[0]} (${code}); ${refused[1]}`;
    return new GatewayError('upstream_untrusted', message, { cause });
  }
  const [happened, remedy] = wordsOf(cause);
  const message = `${provider} cannot be reached at ${origin}: ${happened} (${code}); ${remedy}`;
  return new GatewayError('upstream_unreachable', message, { cause, offline: isOffline(cause) });
}

function wordsOf(cause: unknown): Words {
  const alert = cause instanceof Error ? TLS_ALERT.exec(cause.message)?.[1] : undefined;
  if (alert === undefined) return WORDS[nameOf(cause)] ?? UNKNOWN;
  return [`it refused the TLS handshake: ${alert.toLowerCase().replaceAll('_', ' ')}`, REFUSED_TLS];
}

/**
 * The GatewayError if the server that issues credentials could not be reached; undefined if the network is not the reason.
 * @param cause from a vendor's library.
 */
export function credentialsFailure(provider: string, cause: unknown): GatewayError | undefined {
  const where = `${provider} was not asked: the server that issues its credentials`;
  const failed = (code: ErrorCode, what: string) => new GatewayError(code, `${where} ${what}`, { cause });
  const code = nameOf(cause);
  const words = WORDS[code];
  if (words !== undefined) {
    const kind = code === 'ETIMEDOUT' ? 'upstream_timeout' : 'upstream_unreachable';
    return failed(kind, `cannot be reached: ${words[0]} (${code}); check the network`);
  }
  const refused = REFUSED_CERTIFICATE[code];
  if (refused !== undefined)
    return failed('upstream_untrusted', `is not trusted: ${refused[0]} (${code}); ${EVERY_SERVERS_REMEDY}`);
  const status = statusOf(cause);
  if (status !== undefined && (status >= 500 || PASSING.has(status)))
    return failed('upstream_failed', `answered ${status}`);
  if (cause instanceof TypeError || cause instanceof SyntaxError)
    return failed('upstream_malformed', `sent what cannot be read: ${cause.message}; ${NO_PAGE}`);
  return undefined;
}

/** What is wrong, in the words of Google's and AWS's libraries. */
const REFUSED_CREDENTIALS: readonly (readonly [RegExp, string])[] = [
  // https://github.com/googleapis/google-auth-library-nodejs/issues/129
  [/iat and exp|Signature expired|Signature not yet current/, 'correct the clock of this machine'],
  [/invalid_grant/, 'log in again (gcloud auth application-default login), or renew oauth.refresh_token'],
  [
    /Could not load credentials from any/,
    'log in, name a profile in options.profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  ],
];

/** Why no credentials were issued, and what to do. */
export function refusedCredentials(cause: unknown): string {
  const reason = messageOf(cause);
  const remedy = REFUSED_CREDENTIALS.find(([words]) => words.test(reason))?.[1];
  return remedy === undefined ? reason : `${reason}; ${remedy}`;
}

const EVERY_SERVERS_REMEDY = 'check the clock of this machine, any proxy in between, and NODE_EXTRA_CA_CERTS';
const NO_PAGE = 'check the network, and any proxy in between: one may have answered with a page of its own';

/** The status, where Google's and AWS's libraries put it. */
function statusOf(thrown: unknown): number | undefined {
  if (!isObject(thrown)) return undefined;
  const status = thrown.status ?? asObject(thrown.$metadata)?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

/** Failures after the server was reached: the next request may succeed. */
const REACHED = ['ECONNRESET', 'EPIPE', 'UNDELIVERED'];

/** Whether no connection was made, so that the next request would fail as well. */
export function isUnreachable(cause: unknown): boolean {
  const code = nameOf(cause);
  return (Object.hasOwn(WORDS, code) && !REACHED.includes(code)) || Object.hasOwn(REFUSED_CERTIFICATE, code);
}

/** @param server the one behind the proxy. */
function proxyFailure(server: string, cause: ProxyFailure): GatewayError {
  const { proxy, problem } = cause;
  const where = `the proxy ${proxy.name} in front of ${server}`;
  const message =
    typeof problem === 'number'
      ? `${where} ${refusalOf(problem, proxy)}`
      : `${where} cannot be used: ${problemWith(problem, proxy)}`;
  return new GatewayError('upstream_unreachable', message, {
    cause,
    lasting: isLasting(problem),
    offline: isOffline(problem),
  });
}

/** Whether the proxy would refuse the same request again, since it is not merely busy. */
function isLasting(problem: number | Error): boolean {
  return typeof problem === 'number' && problem >= 400 && problem < 500 && !PASSING.has(problem);
}

/** Statuses that ask for patience. */
const PASSING = new Set([408, 425, 429]);

function refusalOf(status: number, { variable, hasCredentials }: NamedProxy): string {
  if (status !== 407)
    return `refused the connection (${status}); see its log, and whether it may connect there (${variable}, NO_PROXY)`;
  if (hasCredentials) return `does not accept the user and password in ${variable} (407); correct them`;
  return `asks for credentials (407); write user:password@ before its name in ${variable}`;
}

function problemWith(problem: Error, { variable }: NamedProxy): string {
  const code = nameOf(problem);
  if (NOT_HTTP[code] !== undefined)
    return `its answer is not HTTP/1.1: ${problem.message}; check ${variable}`;
  const [happened, remedy] = wordsOf(problem);
  return `${happened} (${code}); ${remedy.replace('base_url', variable)}`;
}

/** Scheme, host and port: never user info, path or query, which may hold secrets. */
function originOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

function nameOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown reason';
  // Node's fetch throws a TypeError around the network's own error.
  return codeOf(thrown) ?? (thrown.cause instanceof Error ? nameOf(thrown.cause) : thrown.name);
}
