// Questions, answers and notices between two processes, over whatever carries values in both directions.
import { messageOf } from '../model/thrown.ts';

/** The methods that a side offers. Arguments and results are values that survive a structured clone. */
export type Methods = { [name: string]: (...args: never[]) => unknown };

export type Answer<Method> = Method extends (...args: never[]) => infer Result ? Awaited<Result> : never;
export type Arguments<Method> = Method extends (...args: infer Args) => unknown ? Args : never;

/** The other side, which has the methods `Far`. */
export interface Channel<Far extends Methods> {
  /** Rejects with what the other side threw, with why the call cannot be sent, or with `ChannelClosed` if the other side is gone. */
  call<Name extends keyof Far & string>(
    name: Name,
    ...args: Arguments<Far[Name]>
  ): Promise<Answer<Far[Name]>>;
  /** Calls without an answer; what the other side throws is handled there. Does nothing if it is gone. */
  notify<Name extends keyof Far & string>(name: Name, ...args: Arguments<Far[Name]>): void;
  /** To be called with each value that arrives. */
  take(message: unknown): void;
  /** The other side is gone, so that its answers will never come. */
  close(): void;
}

/** The process at the other end has ended. */
export class ChannelClosed extends Error {
  override readonly name = 'ChannelClosed';
}

type Message =
  | { kind: 'call'; id: number; name: string; args: unknown[] }
  | { kind: 'notify'; name: string; args: unknown[] }
  | { kind: 'answer'; id: number; result?: unknown; error?: string };

export interface ChannelOptions {
  send(message: unknown): void;
  /** The methods of this side. */
  methods: Methods;
  /** A method called by `notify` threw. */
  onError(error: unknown): void;
}

export function createChannel<Far extends Methods>({ send, methods, onError }: ChannelOptions): Channel<Far> {
  const asked = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let nextId = 1;
  let closed = false;

  async function run(name: string, args: unknown[]): Promise<unknown> {
    const method = methods[name] as ((...args: unknown[]) => unknown) | undefined;
    if (method === undefined) throw new Error(`no such method: ${name}`);
    return method(...args);
  }

  function post(message: Message): void {
    if (!closed) send(message);
  }

  async function answer(id: number, name: string, args: unknown[]): Promise<void> {
    try {
      post({ kind: 'answer', id, result: await run(name, args) });
    } catch (error) {
      post({ kind: 'answer', id, error: messageOf(error) });
    }
  }

  return {
    call(name, ...args) {
      if (closed) return Promise.reject(new ChannelClosed(`${name}: the process is gone`));
      const id = nextId++;
      // The answer has the type of the method that was asked, since both ends are written against the same table.
      const { promise, resolve, reject } = Promise.withResolvers<Answer<Far[typeof name]>>();
      asked.set(id, { resolve: (result) => resolve(result as Answer<Far[typeof name]>), reject });
      try {
        post({ kind: 'call', id, name, args });
      } catch (error) {
        asked.delete(id);
        reject(error);
      }
      return promise;
    },
    notify: (name, ...args) => post({ kind: 'notify', name, args }),
    take(given) {
      const message = given as Message;
      if (message.kind === 'notify') run(message.name, message.args).catch(onError);
      else if (message.kind === 'call') void answer(message.id, message.name, message.args);
      else {
        const waiting = asked.get(message.id);
        asked.delete(message.id);
        if (message.error === undefined) waiting?.resolve(message.result);
        else waiting?.reject(new Error(message.error));
      }
    },
    close() {
      closed = true;
      for (const { reject } of asked.values()) reject(new ChannelClosed('the process is gone'));
      asked.clear();
    },
  };
}
