// A gateway with TLS and the programs that `sluice run` starts: an address that the certificate names, and whom to trust.
import { afterAll, expect, test } from 'bun:test';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trusting } from '../../src/cli/trusted-authorities.ts';
import { certifiedUrl, reachableUrl } from '../../src/cli/serve/start-message.ts';
import type { TlsConfig } from '../../src/config/resolved.ts';
import { selfSigned } from '../support/certificates.ts';
import { terminalOf } from '../support/cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TEMPORARY = temporaryFolder('trust');
afterAll(() => rmSync(TEMPORARY, { recursive: true }));

function tlsOf(names: string[], more: Partial<TlsConfig> = {}): TlsConfig {
  const files = { cert: '/etc/cert.pem', key: '/etc/key.pem' };
  return { cert: '', key: '', files, names, isPrivate: true, validUntil: 0, stamp: '', ...more };
}

const ADDRESSES: [host: string, names: string[], certified: string][] = [
  ['127.0.0.1', ['127.0.0.1'], 'https://127.0.0.1:8088'],
  ['127.0.0.1', ['localhost'], 'https://localhost:8088'],
  // Asked by another name, a gateway on loopback would refuse.
  ['127.0.0.1', ['gateway.lan'], 'https://127.0.0.1:8088'],
  ['0.0.0.0', ['gateway.lan', 'localhost'], 'https://localhost:8088'],
  ['0.0.0.0', ['gateway.lan'], 'https://gateway.lan:8088'],
  ['0.0.0.0', ['*.lan', '192.168.1.5'], 'https://192.168.1.5:8088'],
  ['0.0.0.0', ['*.lan'], 'https://127.0.0.1:8088'],
  ['::', ['[::1]'], 'https://[::1]:8088'],
  ['192.168.1.5', ['localhost', '192.168.1.5'], 'https://192.168.1.5:8088'],
  ['gateway.lan', ['gateway.lan'], 'https://gateway.lan:8088'],
];
for (const [host, names, certified] of ADDRESSES) {
  test(`${host} with a certificate for ${names.join(', ')} is asked at ${certified}`, () => {
    expect(certifiedUrl({ host, tls: tlsOf(names) }, 8088)).toBe(certified);
  });
}

test('without TLS the address is the one that commands use', () => {
  const server = { host: '0.0.0.0', tls: null };
  expect(certifiedUrl(server, 8088)).toBe('http://127.0.0.1:8088');
  expect(reachableUrl(server, 8088)).toBe('http://127.0.0.1:8088');
});

function trustedIn(environment: Record<string, string>, tls: TlsConfig | null) {
  const context = {
    environment: { SLUICE_HOME: TEMPORARY, ...environment },
    directory: TEMPORARY,
    inherited: {},
    terminal: terminalOf(''),
    out() {},
    write() {},
    err() {},
    onSignal() {},
    onUncaught() {},
    exit() {},
  };
  return trusting(tls, context);
}

test('a program is told to trust a private certificate besides all that it trusts already', () => {
  const cert = selfSigned(['localhost']).certificate;
  const [theirs, others] = [selfSigned(['a']).certificate, selfSigned(['b']).certificate];
  writeFileSync(join(TEMPORARY, 'theirs.pem'), theirs);
  writeFileSync(join(TEMPORARY, 'others.pem'), others);
  const environment = {
    NODE_EXTRA_CA_CERTS: join(TEMPORARY, 'theirs.pem'),
    SSL_CERT_FILE: join(TEMPORARY, 'others.pem'),
    REQUESTS_CA_BUNDLE: join(TEMPORARY, 'missing.pem'),
  };
  const set = trustedIn(environment, tlsOf(['localhost'], { cert }));
  expect(Object.keys(set)).toEqual(Object.keys(environment));
  const [path = '', ...more] = new Set(Object.values(set));
  expect(more).toEqual([]);
  const text = readFileSync(path, 'utf8');
  for (const each of [cert, theirs, others]) expect(text).toContain(each);
  // Those that everybody knows come along: some variables replace them.
  expect(text.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(100);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  // A program that was started this way starts another.
  expect(trustedIn(set, tlsOf(['localhost'], { cert }))).toEqual(set);
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('nothing is set for a certificate of a known authority, nor without TLS', () => {
  expect(trustedIn({}, tlsOf(['gateway.example'], { isPrivate: false }))).toEqual({});
  expect(trustedIn({}, null)).toEqual({});
});
