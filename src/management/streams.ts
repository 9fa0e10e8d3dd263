// GET /gateway/streams, DELETE /gateway/streams/{id}, GET /gateway/streams/live: the running requests.
import { ManagementError } from './answer.ts';
import type { RunningStream } from './shapes.ts';

/** A request whose answer has not ended. */
export interface RunningRequest {
  requestId: string;
  /** Unix milliseconds. */
  startedAt: number;
  /** `waiting` means that no provider has begun to answer. */
  state: 'waiting' | 'answering';
  streamed: boolean;
  dialect: string;
  requestedModel: string | null;
  provider: string | null;
  model: string | null;
  agentType: string | null;
  projectId: string | null;
  attempts: number;
  /** Milliseconds since the request arrived. */
  durationMs: number;
  /** Milliseconds until the first content; null until it arrives. */
  ttftMs: number | null;
}

/** What the pages need from the gateway; contains no secret. */
export interface RunningRequests {
  list(): RunningRequest[] | Promise<RunningRequest[]>;
  /** Returns false where no such request runs. */
  cancel(requestId: string): boolean | Promise<boolean>;
  watch(): ReadableStream<Uint8Array>;
}

export async function readStreams(running: RunningRequests): Promise<{ streams: RunningStream[] }> {
  const requests = await running.list();
  return {
    streams: requests.map((request) => ({
      request_id: request.requestId,
      started_at: new Date(request.startedAt).toISOString(),
      state: request.state,
      streamed: request.streamed,
      client_dialect: request.dialect,
      requested_model: request.requestedModel,
      provider: request.provider,
      model: request.model,
      agent_type: request.agentType,
      project_id: request.projectId,
      attempts: request.attempts,
      duration_ms: request.durationMs,
      ttft_ms: request.ttftMs,
    })),
  };
}

export async function cancelStream(running: RunningRequests, requestId: string): Promise<object> {
  if (await running.cancel(requestId)) return { request_id: requestId, cancelled: true };
  throw new ManagementError(
    404,
    'not_found',
    `no request ${requestId} is running; it may have ended, see /gateway/audit, or /gateway/streams for those that run`,
  );
}

export function watchStreams(running: Pick<RunningRequests, 'watch'>): Response {
  return new Response(running.watch(), {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
      'x-accel-buffering': 'no',
    },
  });
}
