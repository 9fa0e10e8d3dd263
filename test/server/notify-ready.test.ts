// A service manager that waits for the gateway's word that it serves, as systemd does with Type=notify.
import { afterAll, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openCLibrary } from '../../src/server/c-library.ts';
import { notifyReady } from '../../src/server/notify-ready.ts';
import { startSluice } from '../support/sluice-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOLDER = temporaryFolder('notify');
afterAll(() => rmSync(FOLDER, { recursive: true }));

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

/** @param name as in `$NOTIFY_SOCKET`. */
function listenAt(name: string) {
  const system = openCLibrary({
    socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
    bind: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
    recv: { args: ['i32', 'ptr', 'usize', 'i32'], returns: 'i64' },
    close: { args: ['i32'], returns: 'i32' },
  });
  const descriptor = system.socket(AF_UNIX, SOCK_DGRAM, 0);
  const address = Buffer.from(`\x01\x00${name.replace(/^@/, '\0')}`);
  expect(system.bind(descriptor, address, address.length)).toBe(0);
  return {
    heard(): string {
      const buffer = Buffer.alloc(256);
      const length = Number(system.recv(descriptor, buffer, buffer.length, MSG_DONTWAIT));
      return buffer.toString('utf8', 0, Math.max(0, length));
    },
    [Symbol.dispose]: () => void system.close(descriptor),
  };
}

const isLinux = process.platform === 'linux';

test.if(isLinux).each([join(FOLDER, 'socket'), `@sluice-test-${process.pid}`])('%s is told', (name) => {
  using manager = listenAt(name);
  expect(notifyReady(name)).toBeUndefined();
  expect(manager.heard()).toBe('READY=1');
});

test('where nobody listens, or the address is none, that is said', () => {
  for (const name of [join(FOLDER, 'nobody'), 'here', `/${'x'.repeat(120)}`])
    expect(notifyReady(name)).toContain(name);
});

test.if(isLinux)('a gateway that serves has told, and one that cannot start has not', async () => {
  const name = join(FOLDER, 'gateway');
  using manager = listenAt(name);
  const environment = { NOTIFY_SOCKET: name };
  await expect(startSluice({ config: '{ "server": { "prot": 1 } }', environment })).rejects.toThrow();
  expect(manager.heard()).toBe('');
  await using _ = await startSluice({ environment });
  expect(manager.heard()).toBe('READY=1');
});
