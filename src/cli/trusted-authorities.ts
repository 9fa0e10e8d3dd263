// Makes a program that uses this machine's gateway over TLS trust a certificate that no authority of the system has signed.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { findHome } from '../config/load.ts';
import type { TlsConfig } from '../config/resolved.ts';
import type { CliContext } from './command.ts';
import { usingHome } from './home.ts';

/**
 * Each names a file of trusted certificates. Node and Bun add those to their own; OpenSSL, Python's httpx and requests, and programs
 * in Go and Rust use them instead of the system's.
 */
const VARIABLES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE'];

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The variables to set. The file they name contains the gateway's certificate, all well-known authorities, and what the
 * variables named before, since the program reaches other servers as well. Throws CommandFailure.
 */
export function trusting(tls: TlsConfig | null, { environment }: CliContext): Record<string, string> {
  if (tls === null || !tls.isPrivate) return {};
  const folder = join(findHome(environment), 'clients');
  const path = join(folder, 'authorities.pem');
  const named = new Set(VARIABLES.flatMap((variable) => environment[variable] || []));
  const { rootCertificates } = process.getBuiltinModule('node:tls');
  const texts = [tls.cert, ...[...named].map(readIfPresent), ...rootCertificates];
  // Without repeats: a program that was started in this way may start another, whose variables name this very file.
  const certificates = new Set(texts.flatMap((text) => text.match(CERTIFICATE) ?? []));
  usingHome(path, () => {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Written atomically, since a program that was started before may be reading it.
    const draft = `${path}.${process.pid}`;
    fs.writeFileSync(draft, `${[...certificates].join('\n')}\n`, { mode: 0o600 });
    fs.renameSync(draft, path);
  });
  return Object.fromEntries(VARIABLES.map((variable) => [variable, path]));
}

function readIfPresent(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    // The program would ignore such a file as well.
    return '';
  }
}
