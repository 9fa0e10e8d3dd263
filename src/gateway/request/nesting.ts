// JSON is parsed at any depth, but walked and written by recursion. Where the stack is exhausted by that, the client gets an error.
import { GatewayError, outOfMemory } from '../../model/errors.ts';

export function withinStack<T>(build: () => T): T {
  try {
    return build();
  } catch (thrown) {
    throw tooDeep(thrown) ?? thrown;
  }
}

/** The error for the client where the stack or memory is exhausted; undefined for any other failure. */
export function tooDeep(thrown: unknown): GatewayError | undefined {
  if (!(thrown instanceof RangeError)) return undefined;
  const lack = outOfMemory(thrown);
  if (lack !== undefined) return lack;
  const message = 'the body is nested too deeply; send flatter JSON';
  return new GatewayError('invalid_request', message, { cause: thrown });
}
