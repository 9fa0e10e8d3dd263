// Matches results to calls: by id where both have one, else by name and order.

export interface CallMatcher {
  /** Notes a call of the model and returns its id, which is made up if the client gave none. */
  called(name: string, id: string | undefined): string;
  /** The id of the call that a result belongs to. @param name undefined: the next call without a result. */
  answered(name: string | undefined, id: string | undefined): string;
  /** Whether the model made this call. */
  knows(id: string): boolean;
  /** Whether a call of the model has no result yet. */
  isWaiting(): boolean;
  /** The same, for tools that the provider runs. */
  serverCalled(): string;
  serverAnswered(): string;
}

interface OpenCall {
  id: string;
  isAnswered: boolean;
}

/** Calls by id or name, so that the first without a result is found without searching all. */
class WaitingCalls {
  private readonly byWord = new Map<string, { calls: OpenCall[]; past: number }>();

  add(word: string, call: OpenCall): void {
    const known = this.byWord.get(word);
    if (known === undefined) this.byWord.set(word, { calls: [call], past: 0 });
    else known.calls.push(call);
  }

  has(word: string): boolean {
    return this.byWord.has(word);
  }

  first(word: string): OpenCall | undefined {
    const known = this.byWord.get(word);
    if (known === undefined) return undefined;
    while (known.calls[known.past]?.isAnswered === true) known.past++;
    return known.calls[known.past];
  }
}

/** Stands for any name. */
const ANY = '';

/** The name without punctuation: Semantic Kernel keeps a call of `files__read` as `files-read`, and its result as `files__read`. */
function spelling(name: string): string {
  return `~${name.replace(/[^\p{L}\p{N}]/gu, '')}`;
}

/**
 * One per request.
 * @param makeUp makes an id from a position in the request, so that it stays the same while the conversation grows.
 */
export function createCallMatcher(makeUp: (position: number) => string): CallMatcher {
  let count = 0;
  const byId = new WaitingCalls();
  const byName = new WaitingCalls();
  /** Calls whose id was made up. */
  const unnumbered = new WaitingCalls();
  let serverCall = '';
  const next = () => makeUp(count++);

  return {
    called(name, given) {
      const id = given || next();
      const call: OpenCall = { id, isAnswered: false };
      byId.add(id, call);
      for (const word of [name, spelling(name), ANY]) {
        byName.add(word, call);
        if (!given) unnumbered.add(word, call);
      }
      return id;
    },
    answered(name = ANY, given) {
      const find = (calls: WaitingCalls) =>
        calls.first(name) ?? (name === ANY ? undefined : calls.first(spelling(name)));
      // A client may have given an id of its own to a call that came without one. goose uses the name of the function as that id
      // (github.com/block/goose, crates/goose/src/providers/formats/google.rs), so a name that no call had says nothing.
      const call = given
        ? (byId.first(given) ?? find(unnumbered))
        : (find(byName) ?? (byName.has(spelling(name)) ? undefined : byName.first(ANY)));
      if (call === undefined) return given || next();
      call.isAnswered = true;
      return call.id;
    },
    knows: (id) => byId.has(id),
    isWaiting: () => byName.first(ANY) !== undefined,
    serverCalled() {
      serverCall = next();
      return serverCall;
    },
    serverAnswered: () => serverCall || next(),
  };
}
