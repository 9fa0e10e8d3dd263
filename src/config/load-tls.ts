// Reads and checks what `server.tls` and a provider's `tls` name: certificates, their private keys, and authorities.
import type { KeyObject, X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { readText } from './load-text.ts';
import type { ProviderTls, TlsConfig } from './resolved.ts';
import type { ProviderTlsReading, TlsProblem, TlsReading } from './resolve-server.ts';
import { unreadable } from './secrets.ts';
import { stampOfAll } from './watch.ts';
import { messageOf } from '../model/thrown.ts';

const CERTIFICATE =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/;
/** The mode bit that lets everybody read a file. */
const READ_BY_OTHERS = 0o004;

/** Never throws: what is wrong is in `problems`. */
export function loadTls(files: TlsConfig['files']): TlsReading {
  // Taken before the files are read, so that no change is missed.
  const stamp = stampOfAll(Object.values(files));
  const pair = readPair(files, 'the server’s own certificate');
  if ('problem' in pair) return { tls: null, problems: [pair.problem] };
  const { cert, key, chain } = pair;
  const [own] = chain;
  const last = chain.at(-1) ?? own;
  const tls: TlsConfig = {
    cert,
    key,
    files,
    names: namesOf(own.subjectAltName ?? ''),
    isPrivate: last.checkIssued(last),
    validUntil: own.validToDate.getTime(),
    stamp,
  };
  return { tls, problems: doubtsOf(pair, files, 'clients refuse it') };
}

/** The same for a provider's `tls`. @param files `cert` and `key` are both given, or neither. */
export function loadProviderTls(files: ProviderTls['files']): ProviderTlsReading {
  const stamp = stampOfAll(Object.values(files));
  const tls: ProviderTls = {
    cert: null,
    key: null,
    ca: null,
    files,
    stamp,
    id: JSON.stringify([files, stamp]),
  };
  const problems: TlsProblem[] = [];
  const { cert, key, ca } = files;
  if (cert !== undefined && key !== undefined) {
    const pair = readPair({ cert, key }, 'the certificate to show');
    if ('problem' in pair) return { tls: null, problems: [pair.problem] };
    Object.assign(tls, { cert: pair.cert, key: pair.key });
    problems.push(...doubtsOf(pair, { cert, key }, 'the server refuses it'));
  }
  if (ca !== undefined) {
    const authorities = readCertificates('ca', ca, 'the certificates of the authorities to trust');
    if ('problem' in authorities) return { tls: null, problems: [authorities.problem] };
    tls.ca = authorities.text;
  }
  return { tls, problems };
}

type Chain = [own: X509Certificate, ...signers: X509Certificate[]];

interface Unusable {
  problem: TlsProblem;
}

const unusable = (key: TlsProblem['key'], message: string): Unusable => ({
  problem: { severity: 'fatal', key, message },
});

/** @param wanted what the file should contain. */
function readCertificates(
  name: 'cert' | 'ca',
  path: string,
  wanted: string,
): Unusable | { text: string; chain: Chain } {
  let text: string;
  try {
    text = readText(path);
  } catch (thrown) {
    return unusable(name, `${path} ${unreadable(thrown)}`);
  }
  const { X509Certificate } = process.getBuiltinModule('node:crypto');
  try {
    const [own, ...signers] = (text.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
    if (own !== undefined) return { text, chain: [own, ...signers] };
  } catch (thrown) {
    return unusable(name, `${path} has a damaged certificate (${messageOf(thrown)}); copy it again`);
  }
  return unusable(
    name,
    `${path} has no certificate (-----BEGIN CERTIFICATE-----): name the file with ${wanted}`,
  );
}

interface Pair {
  cert: string;
  key: string;
  chain: Chain;
}

/** A certificate, those that sign it, and the matching key. @param whose for messages. */
function readPair(files: { cert: string; key: string }, whose: string): Unusable | Pair {
  const certificates = readCertificates('cert', files.cert, `${whose}, followed by those that sign it`);
  if ('problem' in certificates) return certificates;
  const { text: cert, chain } = certificates;
  let text: string;
  try {
    text = readText(files.key);
  } catch (thrown) {
    return unusable('key', `${files.key} ${unreadable(thrown)}`);
  }
  if (!PRIVATE_KEY.test(text))
    return unusable('key', `${files.key} has no private key (-----BEGIN PRIVATE KEY-----)`);
  let key: KeyObject;
  try {
    key = process.getBuiltinModule('node:crypto').createPrivateKey(text);
  } catch (thrown) {
    const isEncrypted = /\bENCRYPTED\b/.test(text);
    const why = isEncrypted
      ? `is encrypted: decrypt it with "openssl pkey -in ${files.key} -out FILE"`
      : `has a damaged private key (${messageOf(thrown)}); copy it again`;
    return unusable('key', `${files.key} ${why}`);
  }
  if (!chain[0].checkPrivateKey(key)) {
    const remedy = `name the key that it was issued for, and put ${whose} first`;
    return unusable(
      'key',
      `${files.key} is not the key of the first certificate in ${files.cert}: ${remedy}`,
    );
  }
  try {
    process.getBuiltinModule('node:tls').createSecureContext({ cert, key: text });
  } catch (thrown) {
    return unusable('cert', `${files.cert} cannot be used with ${files.key} (${messageOf(thrown)})`);
  }
  return { cert, key: text, chain };
}

/** Warnings about a usable pair. @param consequence what follows from a certificate that is not valid now. */
function doubtsOf(
  { chain: [own] }: Pair,
  files: { cert: string; key: string },
  consequence: string,
): TlsProblem[] {
  const now = Date.now();
  const problems: TlsProblem[] = [];
  const doubt = (key: TlsProblem['key'], message: string) => {
    problems.push({ severity: 'warning', key, message });
  };
  const [from, until] = [own.validFromDate, own.validToDate];
  if (until.getTime() < now)
    doubt(
      'cert',
      `the certificate in ${files.cert} expired on ${until.toISOString()}: ${consequence}; renew it`,
    );
  if (from.getTime() > now) {
    const since = `is valid only from ${from.toISOString()}`;
    doubt('cert', `the certificate in ${files.cert} ${since}: ${consequence}; check the clock`);
  }
  if (isReadByOthers(files.key)) {
    const remedy = `restrict it with "chmod 600 ${files.key}"`;
    doubt('key', `every user of this machine may read ${files.key}: ${remedy}`);
  }
  return problems;
}

/** The names in `DNS:gateway.lan, IP Address:10.0.0.5`, with addresses as URLs write them. */
function namesOf(subjectAltName: string): string[] {
  return [...subjectAltName.matchAll(/\b(DNS|IP Address):([^\s,]+)/g)].map(([, kind, name = '']) =>
    kind === 'DNS' ? name.toLowerCase() : (URL.parse(`http://[${name}]`)?.hostname ?? name),
  );
}

function isReadByOthers(path: string): boolean {
  // Windows has no such bits, and what is reported there means nothing.
  return process.platform !== 'win32' && (statSync(path).mode & READ_BY_OTHERS) !== 0;
}
