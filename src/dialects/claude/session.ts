// Claude Code's session, which its user id contains. Other providers want it as the key by which they find a cached prompt.
import { asString, parseObject } from '../../model/json/json.ts';

/** Until 2.1.77: `user_<hash>_account_<id>_session_<uuid>`. */
const OLDER = /_session_([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/;

/**
 * The session in `metadata.user_id`, which is JSON from 2.1.78 on (https://github.com/ding113/claude-code-hub/pull/939). Undefined in the
 * ids of other clients.
 */
export function sessionIn(userId: string): string | undefined {
  const [, older] = OLDER.exec(userId) ?? [];
  if (older !== undefined) return older;
  const session = userId.startsWith('{') ? asString(parseObject(userId)?.session_id) : undefined;
  return session === '' ? undefined : session;
}
