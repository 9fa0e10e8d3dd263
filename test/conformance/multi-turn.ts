// What the tests of two turns share: a provider that answers the recording first and a text then.
import type { JsonObject } from '../../src/model/json/json.ts';
import { withoutBreakpoints } from '../support/prompt.ts';
import { ownRecordings, type Recording } from '../support/recordings.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { replyOf } from '../support/reply.ts';
import { type GatewayFor, gatewayTo } from './gateway-for.ts';

export type Json = Record<string, unknown>;

export const ASK = 'Use a tool.';
export const SYSTEM = 'Be brief.';

/** Answers the first request with the recording, the others with a text of the same wire. */
export function twoTurns(recording: Recording): GatewayFor {
  const [text] = ownRecordings(recording.wire, { streamed: recording.streamed, status: 'ok' });
  if (text === undefined) throw new Error('no second answer to give');
  let turn = 0;
  return gatewayTo(
    recording.wire,
    createReplayFetch(() => replyOf(turn++ === 0 ? recording : text)),
  );
}

/** Without its cache breakpoints. */
export function secondRequest(gateway: GatewayFor): { messages: Json[]; [field: string]: unknown } {
  return withoutBreakpoints(gateway.upstream.requests[1]?.json() as JsonObject) as { messages: Json[] };
}

export const resultFor = (id: string) => `The result of ${id}.`;
