// Reads and checks what `server.tls` names: the certificate that the server shows, and its private key.
import { statSync } from 'node:fs';
import { readText } from './load-text.ts';
import type { TlsConfig } from './resolved.ts';
import type { TlsProblem, TlsReading } from './resolve-server.ts';
import { unreadable } from './secrets.ts';
import { stampOfTls } from './watch.ts';

const CERTIFICATE =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/;
/** The mode's bit by which everybody may read a file. */
const READ_BY_OTHERS = 0o004;

/** Never throws: what is wrong is in `problems`. */
export function loadTls(files: TlsConfig['files'], now = Date.now()): TlsReading {
  const problems: TlsProblem[] = [];
  const refuse = (key: keyof TlsConfig['files'], message: string): TlsReading => ({
    tls: null,
    problems: [...problems, { severity: 'fatal', key, message }],
  });
  // Before they are read, so that no change is missed.
  const stamp = stampOfTls(files);
  const text = { cert: '', key: '' };
  for (const name of ['cert', 'key'] as const) {
    try {
      text[name] = readText(files[name]);
    } catch (thrown) {
      return refuse(name, `${files[name]} ${unreadable(thrown)}`);
    }
  }
  const blocks = text.cert.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    const wanted = 'name the file with the server’s certificate, followed by those that sign it';
    return refuse('cert', `${files.cert} has no certificate (-----BEGIN CERTIFICATE-----): ${wanted}`);
  }
  if (!PRIVATE_KEY.test(text.key)) {
    return refuse('key', `${files.key} has no private key (-----BEGIN PRIVATE KEY-----)`);
  }
  const { X509Certificate, createPrivateKey } = process.getBuiltinModule('node:crypto');
  let chain: InstanceType<typeof X509Certificate>[];
  try {
    chain = blocks.map((block) => new X509Certificate(block));
  } catch (thrown) {
    return refuse('cert', `${files.cert} has a damaged certificate (${reasonOf(thrown)}); copy it again`);
  }
  const [own, last] = [chain[0], chain.at(-1)];
  if (own === undefined || last === undefined) return refuse('cert', `${files.cert} has no certificate`);
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(text.key);
  } catch (thrown) {
    const isEncrypted = /\bENCRYPTED\b/.test(text.key);
    const why = isEncrypted
      ? `is encrypted: decrypt it with "openssl pkey -in ${files.key} -out FILE"`
      : `has a damaged private key (${reasonOf(thrown)}); copy it again`;
    return refuse('key', `${files.key} ${why}`);
  }
  if (!own.checkPrivateKey(key)) {
    const remedy = 'name the key that it was issued for, and put the server’s own certificate first';
    return refuse('key', `${files.key} is not the key of the first certificate in ${files.cert}: ${remedy}`);
  }
  try {
    process.getBuiltinModule('node:tls').createSecureContext({ cert: text.cert, key: text.key });
  } catch (thrown) {
    return refuse('cert', `${files.cert} cannot be used with ${files.key} (${reasonOf(thrown)})`);
  }
  const [from, until] = [own.validFromDate, own.validToDate];
  if (until.getTime() < now) {
    const message = `the certificate in ${files.cert} expired on ${until.toISOString()}: clients refuse it; renew it`;
    problems.push({ severity: 'warning', key: 'cert', message });
  }
  if (from.getTime() > now) {
    const message = `the certificate in ${files.cert} is valid only from ${from.toISOString()}: clients refuse it; check the clock`;
    problems.push({ severity: 'warning', key: 'cert', message });
  }
  if (isReadByOthers(files.key)) {
    const message = `every user of this machine may read ${files.key}: restrict it with "chmod 600 ${files.key}"`;
    problems.push({ severity: 'warning', key: 'key', message });
  }
  const tls: TlsConfig = {
    ...text,
    files,
    names: namesOf(own.subjectAltName ?? ''),
    isPrivate: last.checkIssued(last),
    validUntil: until.getTime(),
    stamp,
  };
  return { tls, problems };
}

/** From `DNS:gateway.lan, IP Address:10.0.0.5`. Addresses as URLs write them. */
function namesOf(subjectAltName: string): string[] {
  return [...subjectAltName.matchAll(/\b(DNS|IP Address):([^\s,]+)/g)].map(([, kind, name = '']) =>
    kind === 'DNS' ? name.toLowerCase() : (URL.parse(`http://[${name}]`)?.hostname ?? name),
  );
}

function isReadByOthers(path: string): boolean {
  // Windows has no such bits; what is reported there means nothing.
  return process.platform !== 'win32' && (statSync(path).mode & READ_BY_OTHERS) !== 0;
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
