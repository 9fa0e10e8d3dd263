// Whether this machine has any network, by its own addresses, and how a failed connection is judged by that.
import { expect, setDefaultTimeout, test } from 'bun:test';
import { hasRoute, isOffline } from '../../src/server/networks.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const LOOPBACK = { address: '127.0.0.1', internal: true };
const OWN = { lo0: [LOOPBACK, { address: '::1', internal: true }, { address: 'fe80::1', internal: true }] };
const other = (address: string) => [{ address, internal: false }];

test.each<[string, Parameters<typeof isOffline>[0], boolean]>([
  ['nothing', {}, true],
  ['itself', OWN, true],
  [
    'what it gives itself',
    { ...OWN, en0: other('169.254.7.1'), awdl0: other('fe80::f8ff'), utun0: other('FE80::1') },
    true,
  ],
  ['a network', { ...OWN, en0: other('192.168.1.7') }, false],
  [
    'a network of the other family alone',
    { ...OWN, en0: [...other('fe80::2'), ...other('2001:db8::7')] },
    false,
  ],
])('a machine with addresses of %s', (_, interfaces, expected) => {
  expect(isOffline(interfaces)).toBe(expected);
});

/** A namespace of the kernel's without a network; not everyone may have one. */
const ALONE = ['unshare', '--map-root-user', '--net'];
const mayBeAlone =
  process.platform === 'linux' &&
  Bun.which('unshare') !== null &&
  Bun.spawnSync([...ALONE, 'true']).exitCode === 0;

test.skipIf(!mayBeAlone)(
  'without a network, connections to other machines fail for that, and those to itself do not',
  async () => {
    const script = `${import.meta.dir}/dial-offline.ts`;
    const hosts = ['192.0.2.1', 'provider.invalid', '127.0.0.1', 'localhost'];
    const child = Bun.spawn([...ALONE, process.execPath, script, ...hosts], {
      stdout: 'pipe',
      stderr: 'inherit',
    });
    expect((await new Response(child.stdout).text()).trim().split('\n')).toEqual([
      '192.0.2.1 true ENETUNREACH',
      expect.stringMatching(/^provider\.invalid true /),
      '127.0.0.1 false ECONNREFUSED',
      'localhost false ECONNREFUSED',
    ]);
  },
);

test.skipIf(!mayBeAlone)(
  'where no route leads to another machine, it is for want of a network too, whatever addresses this one has',
  async () => {
    const script = `${import.meta.dir}/dial-offline.ts`;
    // That it has none is not told.
    const hosts = ['--no-netlink', '192.0.2.1', '127.0.0.1'];
    const child = Bun.spawn([...ALONE, process.execPath, script, ...hosts], {
      stdout: 'pipe',
      stderr: 'inherit',
    });
    expect((await new Response(child.stdout).text()).trim().split('\n')).toEqual([
      '192.0.2.1 true ENETUNREACH',
      '127.0.0.1 false ECONNREFUSED',
    ]);
  },
);

test.skipIf(process.platform !== 'linux')(
  'in a sandbox that does not tell the machine’s addresses, connections fail as anywhere',
  async () => {
    const script = `${import.meta.dir}/dial-offline.ts`;
    const child = Bun.spawn([process.execPath, script, '--no-netlink', '127.0.0.1', 'provider.invalid'], {
      stdout: 'pipe',
      stderr: 'inherit',
    });
    // The machine that runs this may itself be in no network.
    const isAlone = isOffline() || !(await hasRoute('192.0.2.1'));
    expect((await new Response(child.stdout).text()).trim().split('\n')).toEqual([
      '127.0.0.1 false ECONNREFUSED',
      expect.stringContaining(`provider.invalid ${isAlone} `),
    ]);
  },
);
