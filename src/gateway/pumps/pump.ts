// What the two pumps have in common: bytes of an upstream's stream go in, and what the client gets comes out.
import { MalformedEvent } from '../../dialects/dialect.ts';
import { GatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import type { SseEvent } from '../../sse/event.ts';
import { EventTooLarge } from '../../sse/frame-splitter.ts';
import type { Observation } from '../record/observer.ts';
import { codeOf, messageOf } from '../../model/thrown.ts';

export interface Pump<Out> {
  /** The next chunk of the upstream; undefined when it completes nothing for the client. */
  push(chunk: Uint8Array): Out | undefined;
  /** The rest of what the last chunk completed, where that was long; undefined when nothing is left. */
  more?(): Out | undefined;
  /** The upstream's EOF. */
  end(): Out | undefined;
  /** The last thing the client gets when the stream cannot go on; a complete answer ends as one. */
  fail(error: GatewayError): Out | undefined;
  /** The dialect's terminal event, or an error in its place, has passed. */
  ended(): boolean;
  /** An event other than a keep-alive came since the last call. */
  tookEvent(): boolean;
  /** Whether a keep-alive has come in this answer. */
  hasKeepAlives(): boolean;
  /** The client may leave now: reports the usage known so far to the observer, and the ending if it has been read. */
  settle(): void;
  /** Whether it ended the stream itself, for instance over a limit: nothing more is wanted from the provider. */
  gaveUp(): boolean;
  /** Whether it broke off without telling the client, since another target may continue. The client gets nothing more of it. */
  broke?(): boolean;
}

/** Follows a passthrough whose answer another target may have to continue. */
export interface Follower {
  /** Takes each decoded event of the provider. */
  see(event: StreamEvent): void;
  /** The client gets this event unchanged. */
  passed(event: SseEvent): void;
  /** Returns whether this error is kept from the client. */
  keeps(error: GatewayError): boolean;
}

/**
 * Errors within a stream have no status, and Anthropic's error types do not tell a client there that a retry may help: opencode and others
 * look for the words of network failures.
 * @param unread number of events that could not be read or are of another dialect, not counting the half event at which the stream was cut.
 */
export function truncated(provider: string, seen: Observation, unread: number): GatewayError {
  if (unread > 0 && seen.firstContentAt === null && seen.model === null) {
    const message = `${provider} sent a stream in which nothing can be read; check its dialect, its base_url and any proxy in between`;
    return new GatewayError('upstream_malformed', message);
  }
  const when = seen.firstContentAt === null ? 'began' : 'was complete; what came so far is only a part of it';
  return new GatewayError(
    'upstream_truncated',
    `connection lost: ${provider} closed the stream before the answer ${when}`,
  );
}

/** The error of an answer whose body broke off. */
export function brokeOff(provider: string, cause: unknown): GatewayError {
  if (codeOf(cause) === 'BROKEN_CONTENT_ENCODING') {
    const message = `${provider} sent an answer that cannot be unpacked: ${messageOf(cause)}; check any proxy in between`;
    return new GatewayError('upstream_malformed', message, { cause });
  }
  const message = `connection lost: ${provider} broke off in the middle of the answer`;
  return new GatewayError('upstream_truncated', message, { cause });
}

/** @param limit in bytes. */
export function tooLong(provider: string, limit: number, cause?: unknown): GatewayError {
  return new GatewayError(
    'upstream_malformed',
    `${provider} sent an answer over the limit: an answer is longer than ${limit} bytes; raise server.max_event if this is legitimate`,
    { cause },
  );
}

/** The error of a stream of which the codecs keep more than is allowed; undefined where they do not. @param limit in bytes. */
export function keptTooMuch(provider: string, limit: number, seen: Observation): GatewayError | undefined {
  if (seen.keptUnits <= limit) return undefined;
  return new GatewayError(
    'upstream_malformed',
    `${provider} sent an answer over the limit: more than ${limit} bytes of it have to be kept until its end; raise server.max_event if this is legitimate`,
  );
}

/** @param limit in bytes. */
export function noContent(provider: string, limit: number): GatewayError {
  return new GatewayError(
    'upstream_malformed',
    `${provider} sent more than ${limit} bytes before the first content; raise server.max_event if this is legitimate`,
  );
}

/** The error of a chunk that could not be framed. */
export function framingError(provider: string, thrown: unknown): GatewayError {
  if (thrown instanceof EventTooLarge) {
    return new GatewayError(
      'upstream_malformed',
      `${provider} sent an event over the limit: ${thrown.message}; raise server.max_event if this is legitimate`,
      { cause: thrown },
    );
  }
  if (thrown instanceof MalformedEvent) {
    return new GatewayError(
      'upstream_malformed',
      `${provider} sent a stream that cannot be split into events: ${thrown.message}`,
      { cause: thrown },
    );
  }
  throw thrown;
}
