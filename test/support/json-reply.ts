// A reply of one JSON body, as providers answer questions that are not streamed.
import { type Reply, replyWith } from './reply.ts';

export function jsonReply(status: number, body: unknown): Reply {
  return replyWith(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}
