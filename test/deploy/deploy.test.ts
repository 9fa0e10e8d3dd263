// What the Dockerfile and the systemd unit rely on is there, and agrees with the program's own defaults.
import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LARGE_PAGES_ENVIRONMENT } from '../../bench/contenders.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { createHttpHost } from '../../src/server/host.ts';
import { reservePort } from '../../src/server/listen.ts';
import { selfSigned } from '../support/certificates.ts';

const ROOT = join(import.meta.dir, '..', '..');
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const DOCKERFILE = read('Dockerfile');

test('all that the image copies is there and sent to the builder', () => {
  const sources = [...DOCKERFILE.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, names = '']) => names.split(' '));
  const sent = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  expect(sources.filter((name) => existsSync(join(ROOT, name)))).toEqual(sources);
  expect(sources.toSorted()).toEqual(sent.toSorted());
});

test('the image listens where its health check asks', () => {
  const [, exposed] = /^EXPOSE (\d+)$/m.exec(DOCKERFILE) ?? [];
  expect(/"--port", "(\d+)"/.exec(DOCKERFILE)?.[1]).toBe(exposed);
  const asked = [...DOCKERFILE.matchAll(/https?:\/\/127\.0\.0\.1:(\d+)\//g)].map(([, port]) => port);
  expect(asked).toEqual([exposed, exposed]);
});

test('Kubernetes can tell that the image does not run as root, and OpenShift that its user may write', () => {
  expect(/^USER (.*)$/m.exec(DOCKERFILE)?.[1]).toMatch(/^[1-9]\d*$/);
  expect(DOCKERFILE).toMatch(/chown \w+:root "\$SLUICE_HOME" && chmod 770 "\$SLUICE_HOME"/);
});

test('the health check passes over HTTP and over TLS, and fails where nothing answers', async () => {
  const [, check = ''] = /HEALTHCHECK .*\n\s+CMD (.*)/.exec(DOCKERFILE) ?? [];
  const { certificate: cert, key } = selfSigned(['gateway.example']);
  const hosts = [{}, { tls: { cert, key } }].map((more) =>
    createHttpHost({
      hostname: '127.0.0.1',
      port: 0,
      fetch: async () => new Response('here'),
      onError: () => {},
      ...more,
    }),
  );
  const nowhere = await reservePort('127.0.0.1', 0);
  const ports = [...hosts.map(({ port }) => port), nowhere];
  const codes = ports.map((port) => {
    const command = check.replaceAll(':8088/', `:${port}/`);
    return Bun.spawn(['sh', '-c', command], { stdout: 'inherit', stderr: 'inherit' }).exited;
  });
  expect(await Promise.all(codes)).toEqual([0, 0, 1]);
  await Promise.all(hosts.map((host) => host.drain(0)));
});

test('the image and the unit run with large pages as they are measured', () => {
  const set = Object.entries(LARGE_PAGES_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
  expect(/^ENV (MIMALLOC_.*)$/m.exec(DOCKERFILE)?.[1]?.split(' ')).toEqual(set);
  expect(/^Environment=(MIMALLOC_.*)$/m.exec(read('deploy/sluice.service'))?.[1]?.split(' ')).toEqual(set);
  for (const setting of set) expect(read('docs/deployment.md')).toContain(setting);
});

test('systemctl reload asks for what SIGHUP does', () => {
  expect(read('deploy/sluice.service')).toMatch(/^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
});

test('systemd waits until the gateway says that it serves, which a child of what it starts does', () => {
  expect(read('deploy/sluice.service')).toMatch(/^Type=notify\nNotifyAccess=all$/m);
});

test('systemd waits longer than running streams may take', () => {
  const { file } = parseConfig(null);
  const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(read('deploy/sluice.service'))?.[1]);
  expect(seconds * 1_000).toBeGreaterThan(file?.server.drain_timeout ?? Number.POSITIVE_INFINITY);
});
