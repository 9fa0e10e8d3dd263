// One WebSocket's session, without a server around it: what it does where the gateway itself is at fault.
import { expect, test } from 'bun:test';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { createSocketSession } from '../../src/gateway/socket/session.ts';

test('a fault of the gateway is told to the client and logged, without secrets, and the connection serves on', async () => {
  const logged: string[] = [];
  const sent: string[] = [];
  const { promise: isTold, resolve: tell } = Promise.withResolvers<void>();
  const nothing = async (): Promise<Response> => new Response();
  const session = createSocketSession({
    handshake: new Request('http://127.0.0.1/v1/responses'),
    dialect: DIALECTS['openai-responses'],
    conversation: {
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
      randomId: () => 'id',
      log: (level, message, fields) => void logged.push(JSON.stringify([level, message, fields])),
    },
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
  while (session.pending() > 0) await Bun.sleep(1);
});
