// Which result answers which call: by id where both say it, else by name and order, as Gemini does it.
import { madeUpCallId } from './call-id.ts';

export interface CallMatcher {
  /** The model calls a function; the call's id, made up where the client gave none. */
  called(name: string, id: string | undefined): string;
  /** The id of the call that a result is for. */
  answered(name: string, id: string | undefined): string;
  /** The same for tools that the provider runs. */
  serverCalled(): string;
  serverAnswered(): string;
}

/** One for a whole request: made-up ids follow from the place in it, and so stay the same while it grows. */
export function createCallMatcher(): CallMatcher {
  let count = 0;
  const open: { id: string; name: string; isGiven: boolean }[] = [];
  let serverCall = '';
  const next = () => madeUpCallId('h', count++);

  return {
    called(name, given) {
      const id = given || next();
      open.push({ id, name, isGiven: Boolean(given) });
      return id;
    },
    answered(name, given) {
      // A client may have given its own id to a call that came without.
      let at = given ? open.findIndex((call) => call.id === given) : -1;
      if (at === -1) at = open.findIndex((call) => call.name === name && (!given || !call.isGiven));
      const [call] = at === -1 ? [] : open.splice(at, 1);
      return call?.id ?? (given || next());
    },
    serverCalled() {
      serverCall = next();
      return serverCall;
    },
    serverAnswered: () => serverCall || next(),
  };
}
