// A host name that does not exist, also on machines without a name server.
import { dns } from 'bun';

/** No name server has names below it. https://www.rfc-editor.org/rfc/rfc6761#section-6.4 */
const RESERVED = 'nothing.invalid';
/** A label has at most 63 characters, so that nobody is asked. */
const IMPOSSIBLE = `${'n'.repeat(64)}.invalid`;

/** The reserved name, as it is told by a name server; where none answers, one that the resolver refuses by itself. */
export const UNKNOWN_HOST = (await isUnanswered(RESERVED)) ? IMPOSSIBLE : RESERVED;

async function isUnanswered(name: string): Promise<boolean> {
  try {
    await dns.lookup(name, { backend: 'system' });
    return false;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && String(thrown.code).endsWith('EAI_AGAIN');
  }
}
