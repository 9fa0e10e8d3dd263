// Origins of web pages and browser extensions, as configurations name them and browsers send them.

/** Stands for every origin. */
export const ANY_ORIGIN = '*';

const PARTS = /^([a-z][a-z0-9+.-]*):\/\/([^/?#\\\s@,]+)([/?#].*)?$/is;

/**
 * Returns it in the form that browsers send: lower case, no default port, no trailing slash. Throws an Error that says what is wrong,
 * quoting nothing of `text` but the origin.
 */
export function parseOrigin(text: string): string {
  if (text === ANY_ORIGIN) return text;
  if (text === 'null')
    throw new Error(
      'null is sent by every page in a file or a sandbox: serve the page from an address, or allow * with server.keys',
    );
  const [, scheme = '', authority = '', rest = ''] = PARTS.exec(text) ?? [];
  if (scheme === '' || (authority.includes('*') && rest === ''))
    throw new Error(
      'expected an origin as browsers send it: http://localhost:5173, chrome-extension://ID, or * for all',
    );
  const origin = readOrigin(scheme.toLowerCase(), authority);
  if (rest !== '') throw new Error(`an origin has no path and no trailing slash: write ${origin}`);
  return origin;
}

/** Only web origins have a canonical form; those of other schemes are just put in lower case. */
function readOrigin(scheme: string, authority: string): string {
  if (scheme !== 'http' && scheme !== 'https') return `${scheme}://${authority.toLowerCase()}`;
  const url = URL.parse(`${scheme}://${authority}`);
  if (url === null) throw new Error('is not an address: check its host and port');
  return url.origin;
}
