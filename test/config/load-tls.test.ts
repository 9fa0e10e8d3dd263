// `server.tls`, and `tls` of providers: which files are read, and what is reported about files that cannot be used.
import { afterAll, describe, expect, test } from 'bun:test';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatProblem, loadConfig } from '../../src/config/load.ts';
import { createGateway } from '../../src/index.ts';
import { createAuthority, selfSigned } from '../support/certificates.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TEMPORARY = temporaryFolder('tls');
afterAll(() => rmSync(TEMPORARY, { recursive: true }));

const OWN = selfSigned(['localhost', '10.0.0.5', '0:0:0:0:0:0:0:1']);
const AUTHORITY = createAuthority('Lab');
const ISSUED = AUTHORITY.issue({ names: ['*.lab.example'] });
const OTHER = selfSigned(['localhost']);
/** Of a kind that TLS cannot use. */
const ON_ODD_CURVE = selfSigned(['localhost'], 'P-224');
const LOCKED = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey;
const DAMAGED = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

interface Given {
  cert?: string;
  key?: string;
  mode?: number;
  /** In place of `cert.pem` and `key.pem`. */
  tls?: unknown;
}

/** A configuration beside both files, and what becomes of it. */
function load({ cert, key, mode = 0o600, tls = { cert: 'cert.pem', key: 'key.pem' } }: Given) {
  const directory = mkdtempSync(join(TEMPORARY, 'd-'));
  const [certPath, keyPath] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  if (cert !== undefined) writeFileSync(certPath, cert);
  if (key !== undefined) writeFileSync(keyPath, key);
  if (key !== undefined) chmodSync(keyPath, mode);
  writeFileSync(join(directory, 'sluice.json'), JSON.stringify({ server: { tls } }));
  // A relative path starts at the file, not at the working directory.
  const { config, problems } = loadConfig({
    environment: {},
    directory: TEMPORARY,
    path: join(directory, 'sluice.json'),
  });
  const said = problems.map((problem) => formatProblem({ ...problem, line: 1 }, null));
  return { tls: config?.server.tls, isUsable: config !== null, said, certPath, keyPath };
}

test('without it, HTTP is served', () => {
  expect(load({ tls: null }).tls).toBeNull();
});

test('a certificate that signs itself is known as private, with its names as URLs write them', () => {
  const { tls, said, certPath, keyPath } = load({ cert: OWN.certificate, key: OWN.key });
  expect(said).toEqual([]);
  expect(tls).toMatchObject({
    cert: OWN.certificate,
    key: OWN.key,
    files: { cert: certPath, key: keyPath },
    names: ['localhost', '10.0.0.5', '[::1]'],
    isPrivate: true,
  });
});

test('one of an authority is private where the authority is in the file', () => {
  expect(load({ cert: ISSUED.certificate, key: ISSUED.key }).tls).toMatchObject({
    names: ['*.lab.example'],
    isPrivate: false,
  });
  const chain = ISSUED.certificate + AUTHORITY.certificate;
  expect(load({ cert: chain, key: ISSUED.key }).tls?.isPrivate).toBe(true);
});

test('a path may be written as for a secret', () => {
  const tls = { cert: 'file:cert.pem', key: 'file:key.pem' };
  expect(load({ cert: OWN.certificate, key: OWN.key, tls }).tls?.cert).toBe(OWN.certificate);
});

describe('refused, with the key, the file and what to do', () => {
  const cases: [name: string, given: Given, said: string][] = [
    ['no certificate file', { key: OWN.key }, 'server.tls.cert: CERT does not exist; a relative path starts'],
    ['no key file', { cert: OWN.certificate }, 'server.tls.key: KEY does not exist; a relative path starts'],
    [
      'the key in place of the certificate',
      { cert: OWN.key, key: OWN.key },
      'server.tls.cert: CERT has no certi',
    ],
    [
      'the certificate in place of the key',
      { cert: OWN.certificate, key: OWN.certificate },
      'server.tls.key: KEY has no private key',
    ],
    [
      'a damaged certificate',
      { cert: DAMAGED, key: OWN.key },
      'server.tls.cert: CERT has a damaged certificate',
    ],
    [
      'a damaged one after it',
      { cert: OWN.certificate + DAMAGED, key: OWN.key },
      'server.tls.cert: CERT has a damaged certificate',
    ],
    [
      'a damaged key',
      { cert: OWN.certificate, key: OWN.key.replace(/M/g, 'A') },
      'server.tls.key: KEY has a damaged private key',
    ],
    [
      'an encrypted key',
      { cert: OWN.certificate, key: LOCKED },
      'server.tls.key: KEY is encrypted: decrypt it with "openssl pkey -in KEY -out FILE"',
    ],
    [
      'the key of another certificate',
      { cert: OWN.certificate, key: OTHER.key },
      'server.tls.key: KEY is not the key of the first certificate in CERT: name the key',
    ],
    [
      'a key of a kind that TLS does not have',
      { cert: ON_ODD_CURVE.certificate, key: ON_ODD_CURVE.key },
      'server.tls.cert: CERT cannot be used with KEY (',
    ],
    [
      'the authority before the certificate',
      { cert: AUTHORITY.certificate + ISSUED.certificate, key: ISSUED.key },
      'put the server’s own certificate first',
    ],
    [
      'a variable',
      { tls: { cert: 'env:CERT', key: 'key.pem' } },
      'server.tls.cert: expected the path of a PEM file',
    ],
    [
      'a text',
      { tls: { cert: 'cert.pem', key: OTHER.key } },
      'server.tls.key: expected the path of a PEM file',
    ],
  ];
  for (const [name, given, expected] of cases) {
    test(name, () => {
      const { isUsable, said, certPath, keyPath } = load(given);
      expect(isUsable).toBe(false);
      expect(said).toHaveLength(1);
      expect(said[0]).toContain(
        expected
          .replaceAll('CERT', certPath)
          .replaceAll('KEY', keyPath)
          .replace(`env:${certPath}`, 'env:CERT'),
      );
      expect(said[0]).not.toContain('PRIVATE KEY-----\nM');
    });
  }
});

describe('served, with a warning', () => {
  const warnings: [name: string, given: Given, said: string][] = [
    [
      'expired',
      { cert: 'past' },
      'server.tls.cert: the certificate in CERT expired on 2020-02-01T00:00:00.000Z: clients refuse it',
    ],
    [
      'not valid yet',
      { cert: 'future' },
      'server.tls.cert: the certificate in CERT is valid only from 2110-01-01T00:00:00.000Z',
    ],
    [
      'a key that all may read',
      { cert: 'now', mode: 0o644 },
      'server.tls.key: every user of this machine may read KEY: restrict it with "chmod 600 KEY"',
    ],
  ];
  for (const [name, { cert: valid, mode }, expected] of warnings) {
    test(name, () => {
      const { certificate, key } = AUTHORITY.issue({ names: ['localhost'], valid: valid as 'now' });
      const { tls, said, certPath, keyPath } = load({
        cert: certificate,
        key,
        ...(mode !== undefined && { mode }),
      });
      expect(tls).not.toBeNull();
      expect(said).toHaveLength(1);
      expect(said[0]).toContain(expected.replaceAll('CERT', certPath).replaceAll('KEY', keyPath));
    });
  }
});

test('an embedded gateway, which does not listen, refuses it', () => {
  const tls = { cert: 'cert.pem', key: 'key.pem' };
  expect(() => createGateway({ server: { tls } })).toThrow('server.tls: an embedded gateway does not listen');
});

describe('of a provider', () => {
  const CERT = { cert: ISSUED.certificate, key: ISSUED.key };

  function loadProvider(
    tls: object,
    files: { cert?: string; key?: string; ca?: string } = {},
    base_url = 'https://lab',
  ) {
    const directory = mkdtempSync(join(TEMPORARY, 'p-'));
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(directory, `${name}.pem`), text, { mode: 0o600 });
    const lab = { dialect: 'openai-chat', base_url, api_key: 'k', tls };
    writeFileSync(join(directory, 'sluice.json'), JSON.stringify({ providers: { lab } }));
    const path = join(directory, 'sluice.json');
    const { config, problems } = loadConfig({ environment: {}, directory: TEMPORARY, path });
    const said = problems.map((problem) =>
      formatProblem({ ...problem, line: 1 }, null).replaceAll(`${directory}/`, ''),
    );
    return { tls: config?.providers[0]?.tls, said };
  }

  test('its certificate, key and authorities are read, or some of them', () => {
    const all = { cert: 'cert.pem', key: 'file:key.pem', ca: 'ca.pem' };
    const { tls, said } = loadProvider(all, { ...CERT, ca: AUTHORITY.certificate });
    expect(said).toEqual([]);
    expect(tls).toMatchObject({ ...CERT, ca: AUTHORITY.certificate });
    expect(loadProvider({ ca: 'ca.pem' }, { ca: AUTHORITY.certificate }).tls).toMatchObject({
      cert: null,
      key: null,
      ca: AUTHORITY.certificate,
    });
  });

  test.each<[string, object, object, string]>([
    ['no key', { cert: 'cert.pem' }, CERT, 'lab.tls.cert: is set without key'],
    ['no certificate', { key: 'key.pem' }, CERT, 'lab.tls.key: is set without cert'],
    [
      'the key of another',
      { cert: 'cert.pem', key: 'key.pem' },
      { ...CERT, key: OTHER.key },
      'lab.tls.key: key.pem is not the key of the first certificate in cert.pem',
    ],
    ['no such file', { ca: 'ca.pem' }, {}, 'lab.tls.ca: ca.pem'],
    [
      'a damaged authority',
      { ca: 'ca.pem' },
      { ca: DAMAGED },
      'lab.tls.ca: ca.pem has a damaged certificate',
    ],
    ['no authority', { ca: 'ca.pem' }, { ca: OTHER.key }, 'lab.tls.ca: ca.pem has no certificate'],
  ])('refused: %s', (_, tls, files, expected) => {
    const { tls: read, said } = loadProvider(tls, files);
    expect(read).toBeUndefined();
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(expected);
  });

  test('used, with a warning: one that has expired', () => {
    const { certificate: cert, key } = AUTHORITY.issue({ names: ['localhost'], valid: 'past' });
    const { tls, said } = loadProvider({ cert: 'cert.pem', key: 'key.pem' }, { cert, key });
    expect(tls).toMatchObject({ cert, key });
    expect(said).toEqual([
      'providers.lab.tls.cert: the certificate in cert.pem expired on 2020-02-01T00:00:00.000Z: the server refuses it; renew it',
    ]);
  });

  test('where no TLS is spoken, a warning says that it has no effect', () => {
    const { tls, said } = loadProvider({ ca: 'ca.pem' }, { ca: AUTHORITY.certificate }, 'http://lab');
    expect(tls).toBeDefined();
    expect(said).toEqual([expect.stringContaining('no TLS is spoken with http://lab')]);
  });

  test('an embedded gateway reads no files', () => {
    const lab = { dialect: 'openai-chat', base_url: 'https://lab', tls: { ca: 'ca.pem' } } as const;
    expect(() => createGateway({ providers: { lab } })).toThrow('an embedded gateway reads no files');
  });
});
