// The WebSockets of OpenAI's API that are forwarded, and where Azure's SDKs open them.
// https://developers.openai.com/api/docs/guides/realtime
import type { ForwardedSocket } from '../forwarded-socket.ts';
import { LIVE, LIVE_NAMING, readLive } from './live.ts';
import { belowBase, ownPath } from './own-path.ts';
import { createRealtimeReader } from './realtime.ts';

const REALTIME = /^\/v1\/realtime(\/translations)?$/;

const KEY_PROTOCOL = 'openai-insecure-api-key.';

const SHARED = {
  spokenBy: ['openai-chat', 'openai-responses'],
  // Azure's browser clients have no other place for a key.
  keyInQuery: { parameter: 'api-key', header: 'api-key' },
  ownParameters: ['api-version', 'api-key', 'Authorization'],
  keyIn: (protocol) => (protocol.startsWith(KEY_PROTOCOL) ? protocol.slice(KEY_PROTOCOL.length) : undefined),
} satisfies Partial<ForwardedSocket>;

export function openaiSocket(asked: string): ForwardedSocket | undefined {
  const path = ownPath(asked);
  if (path === LIVE) return { ...SHARED, path: belowBase(path), naming: LIVE_NAMING, read: readLive };
  if (!REALTIME.test(path)) return undefined;
  const socket = {
    ...SHARED,
    path: belowBase(path),
    modelParameter: 'model',
    joins: 'call_id',
    read: createRealtimeReader(),
  };
  // Azure's SDK for Python still opens the path of dated API versions.
  return asked.startsWith('/openai/realtime') ? { ...socket, clientsModelParameter: 'deployment' } : socket;
}
