// What the log says about an unexpected failure.
import { expect, test } from 'bun:test';
import { stackOf } from '../../../src/gateway/response/error-response.ts';
import { withinStack } from '../../../src/gateway/request/nesting.ts';
import { GatewayError, toGatewayError } from '../../../src/model/errors.ts';

function breaks(): never {
  throw new TypeError('no such thing');
}

test('an error’s stack says where it was thrown, also where it has become one of the gateway’s on its way', () => {
  expect.assertions(4);
  try {
    breaks();
  } catch (thrown) {
    for (const logged of [thrown, toGatewayError(thrown)]) {
      expect(stackOf(logged)).toStartWith('TypeError: no such thing\n');
      expect(stackOf(logged)).toContain('at breaks (');
    }
  }
});

test('what has no cause, or is no error, is told as it is', () => {
  expect(stackOf(new GatewayError('internal', 'broken'))).toStartWith('GatewayError: broken\n');
  expect(stackOf('just words')).toBe('just words');
  expect(stackOf(toGatewayError('just words'))).toStartWith('GatewayError: internal error: just words');
});

test('a lack of memory is the gateway’s own, wherever it shows, and nothing that the client could fix', () => {
  expect.assertions(2);
  const tooMuch = () => 'x'.repeat(2 ** 31);
  let found: unknown;
  try {
    withinStack(tooMuch);
  } catch (thrown) {
    found = thrown;
  }
  expect(found).toMatchObject({ code: 'overloaded', message: expect.stringContaining('no memory left') });
  try {
    tooMuch();
  } catch (thrown) {
    expect(toGatewayError(thrown)).toMatchObject({
      code: 'overloaded',
      rule: { blame: 'gateway', status: 503 },
    });
  }
});
