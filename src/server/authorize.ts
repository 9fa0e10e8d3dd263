// Authorizes requests to providers that take no key, with the credentials of this machine.
import type { AuthorizationScheme } from '../config/resolved.ts';
import type { GatewayHost, UnauthorizedRequest } from '../gateway/host.ts';
import { setTimeLimit } from '../upstream/time-limit.ts';
import { createAwsSigner } from './aws-signer.ts';
import { createGoogleSource, createGoogleUserSource } from './google-source.ts';

/** Makes the headers for one request. */
export type TokenSource = (request: UnauthorizedRequest) => Promise<Record<string, string>>;

/** The same. @param now Unix milliseconds by the provider's clock, as far as that is known. */
export type Source = (request: UnauthorizedRequest, now: number) => Promise<Record<string, string>>;

const SOURCES: Record<AuthorizationScheme, () => Promise<Source>> = {
  'google-default-credentials': createGoogleSource,
  'google-user': () => createGoogleUserSource(),
  'aws-signature': createAwsSigner,
};

/** Longer than fetching a token takes in any way, including programs that are run for it. */
const LATE_MS = 60_000;

/** Amazon accepts signatures that are up to five minutes off. Its SDKs correct their clock from four on. */
const WRONG_CLOCK_MS = 240_000;

/** What authorized a request. */
interface Use {
  /** As `placeOf` says. */
  place: string;
  source: Promise<Source>;
  /** Whether it was created for this request. */
  isNew: boolean;
}

type Authorizer = Required<Pick<GatewayHost, 'authorize' | 'authorizationRefused'>>;

/**
 * Each source is created on first use, and keeps its tokens until they expire; if they are refused, or cannot be fetched, the next request
 * gets a new source. The libraries keep for good what they have read from a file that does not say when it expires, even after its user has
 * logged in again, or a program has renewed it.
 * https://github.com/anomalyco/opencode/issues/30940
 */
export function createAuthorizer(
  host: Pick<GatewayHost, 'setTimer' | 'monotonic' | 'now' | 'log'>,
  sources = SOURCES,
): Authorizer {
  const { now, log } = host;
  /** Each profile and user has a source of its own, so that a refusal of one makes no other fetch its credentials again. */
  const made = new Map<string, Promise<Source>>();
  const uses = new WeakMap<UnauthorizedRequest, Use>();
  /** How far the providers' clock is ahead of this machine's. */
  let aheadMs = 0;

  function forget({ place, source }: Use): void {
    if (made.get(place) === source) made.delete(place);
  }

  /** Returns whether the clock differs from what was known of it. */
  function learnClock(theirs: number): boolean {
    const ahead = theirs - now();
    if (Math.abs(ahead - aheadMs) < WRONG_CLOCK_MS) return false;
    aheadMs = Math.abs(ahead) < WRONG_CLOCK_MS ? 0 : ahead;
    if (aheadMs !== 0)
      log('warn', 'the clock of this machine is wrong: what is signed has the time of the provider; set it', {
        seconds_behind: Math.round(aheadMs / 1_000),
      });
    return true;
  }

  return {
    async authorize(scheme, request) {
      const place = placeOf(scheme, request);
      const known = made.get(place);
      const source = known ?? sources[scheme]();
      made.set(place, source);
      const use: Use = { place, source, isNew: known === undefined };
      uses.set(request, use);
      const forgotten = () => forget(use);
      source.catch(forgotten);
      const headers = (await source)(request, now() + aheadMs);
      headers.catch(forgotten);
      return inTime(headers, host, forgotten);
    },
    authorizationRefused(_, request, answeredAt) {
      const use = uses.get(request);
      if (use === undefined) return false;
      forget(use);
      const isCorrected = answeredAt !== undefined && learnClock(answeredAt);
      return isCorrected || !use.isNew;
    },
  };
}

/** Identifies whose credentials they are. */
function placeOf(scheme: AuthorizationScheme, { options, oauth }: UnauthorizedRequest): string {
  const user = oauth && [oauth.clientId, oauth.clientSecret, oauth.refreshToken];
  return JSON.stringify([scheme, options.profile, user]);
}

/** The libraries wait for minutes, or for ever, if the network is gone. @param late called if nothing came in time. */
function inTime<T>(
  fetched: Promise<T>,
  host: Pick<GatewayHost, 'setTimer' | 'monotonic'>,
  late: () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const expired = () => {
      late();
      reject(new CredentialsLate(`no credentials came within ${LATE_MS} ms`));
    };
    const stop = setTimeLimit(host, expired, LATE_MS);
    fetched.finally(stop).then(resolve, reject);
  });
}

class CredentialsLate extends Error {
  override readonly name = 'CredentialsLate';
  readonly code = 'ETIMEDOUT';
}
