// One WebSocket's session without a server around it: what it does when the gateway itself fails.
import { expect, test } from 'bun:test';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import { createSocketSession } from '../../../src/gateway/socket/session.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { eventually } from '../../support/time-limit.ts';

test('a fault of the gateway is told to the client and logged, without secrets, and the connection serves on', async () => {
  const logged: string[] = [];
  const sent: string[] = [];
  const { promise: isTold, resolve: tell } = Promise.withResolvers<void>();
  const nothing = async (): Promise<Response> => new Response();
  const session = createSocketSession({
    handshake: new Request('http://127.0.0.1/v1/responses'),
    dialect: DIALECTS['openai-responses'],
    conversation: {
      close() {},
      read: () => ({
        lane: '',
        begin() {
          throw new Error('a fault near secret-key');
        },
        event: () => [],
        end: () => [],
      }),
      refusal: ({ status, body }) => `${status} ${body}`,
    },
    host: {
      now: () => 0,
      monotonic: () => 0,
      setTimer: () => () => {},
      randomId: () => 'id',
      log: (level, message, fields) => void logged.push(JSON.stringify([level, message, fields])),
    },
    pingIntervalMs: 15_000,
    redact: (text) => text.replaceAll('secret-key', '[redacted]'),
    ask: nothing,
    turnAway: nothing,
  });
  session.opened({
    send(text) {
      sent.push(String(text));
      tell();
      return true;
    },
    ping() {},
    close() {},
  });
  session.received('{}');
  await isTold;
  expect(sent[0]).toContain('500');
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain('a fault near [redacted]');
  expect(logged.join('')).not.toContain('secret-key');
  await eventually(() => session.pending() === 0);
});

test('a connection that is open between answers gets a ping after each interval of silence, until it is closed', async () => {
  const timers = createManualTimers();
  const nothing = async (): Promise<Response> => new Response();
  const session = createSocketSession({
    handshake: new Request('http://127.0.0.1/v1/responses'),
    dialect: DIALECTS['openai-responses'],
    conversation: {
      close() {},
      read: () => ({ lane: '', begin: () => ({ events: ['event'] }), event: () => [], end: () => [] }),
      refusal: () => '',
    },
    host: { ...timers, randomId: () => 'id', log() {} },
    pingIntervalMs: 15_000,
    redact: (text) => text,
    ask: nothing,
    turnAway: nothing,
  });
  let pings = 0;
  session.opened({ send: () => true, ping: () => pings++, close() {} });
  await timers.advance(10_000);
  session.received('{}');
  await timers.advance(14_000);
  expect(pings).toBe(0);
  await timers.advance(31_000);
  expect(pings).toBe(3);
  session.closed(1000, '');
  await timers.advance(60_000);
  expect(pings).toBe(3);
  expect(timers.pending()).toBe(0);
});

test('what a conversation remembers is given up with its connection', () => {
  let closed = 0;
  const nothing = async (): Promise<Response> => new Response();
  const session = createSocketSession({
    handshake: new Request('http://127.0.0.1/v1/responses'),
    dialect: DIALECTS['openai-responses'],
    conversation: {
      close: () => void closed++,
      read: () => ({ lane: '', begin: () => ({ events: [] }), event: () => [], end: () => [] }),
      refusal: () => '',
    },
    host: { ...createManualTimers(), randomId: () => 'id', log() {} },
    pingIntervalMs: 15_000,
    redact: (text) => text,
    ask: nothing,
    turnAway: nothing,
  });
  expect(closed).toBe(0);
  session.closed(1000, '');
  expect(closed).toBe(1);
});
