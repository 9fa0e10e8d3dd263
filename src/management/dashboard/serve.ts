// Serves the dashboard's files: read from disk for each request, so that none stays in memory.
import { readFile } from 'node:fs/promises';
import { codeOf } from '../../model/thrown.ts';

const FOLDER = new URL('./page/', import.meta.url);

/** Only plain names, so that no path leads out of the folder. */
const NAME = /^[a-z-]+\.(html|css|js|svg)$/;

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Only the gateway's own files and answers; text never becomes markup or script (`require-trusted-types-for`). */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Returns undefined where there is no such file. */
export async function servePage(name: string): Promise<Response | undefined> {
  const [, extension = ''] = NAME.exec(name) ?? [];
  const type = TYPES[extension];
  if (type === undefined) return undefined;
  const bytes = await read(name);
  if (bytes === undefined) return undefined;
  return new Response(bytes, {
    headers: {
      'content-type': type,
      'content-security-policy': CONTENT_SECURITY_POLICY,
      // Browsers must get the running version's page, even right after an update.
      'cache-control': 'no-cache',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      vary: 'accept',
      'x-content-type-options': 'nosniff',
    },
  });
}

async function read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await readFile(new URL(name, FOLDER)));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
