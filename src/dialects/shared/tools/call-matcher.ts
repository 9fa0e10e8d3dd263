// Matches results to calls: by id where both have one, else by name and order.

export interface CallMatcher {
  /** Notes a call of the model; returns its id, made up where the client gave none. */
  called(name: string, id: string | undefined): string;
  /** The id of the call that a result is for. @param name undefined: the next call that has no result. */
  answered(name: string | undefined, id: string | undefined): string;
  /** Whether the model made this call. */
  knows(id: string): boolean;
  /** The same for tools that the provider runs. */
  serverCalled(): string;
  serverAnswered(): string;
}

interface OpenCall {
  id: string;
  isAnswered: boolean;
}

/** Calls by id or name, to find the first that still waits for its result without searching all. */
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

/** The name without its signs: Semantic Kernel keeps a call of `files__read` as `files-read`, and its result as `files__read`. */
function spelling(name: string): string {
  return `~${name.replace(/[^\p{L}\p{N}]/gu, '')}`;
}

/**
 * One per request.
 * @param makeUp an id of the position in the request, so that it stays the same while the conversation grows.
 */
export function createCallMatcher(makeUp: (position: number) => string): CallMatcher {
  let count = 0;
  const byId = new WaitingCalls();
  const byName = new WaitingCalls();
  /** For calls whose id was made up. */
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
      // A client may have given its own id to a call that came without one. goose gives that id as the name of the function
      // alone (github.com/block/goose, crates/goose/src/providers/formats/google.rs): a name that no call had tells nothing.
      const call = given
        ? (byId.first(given) ?? find(unnumbered))
        : (find(byName) ?? (byName.has(spelling(name)) ? undefined : byName.first(ANY)));
      if (call === undefined) return given || next();
      call.isAnswered = true;
      return call.id;
    },
    knows: (id) => byId.has(id),
    serverCalled() {
      serverCall = next();
      return serverCall;
    },
    serverAnswered: () => serverCall || next(),
  };
}
