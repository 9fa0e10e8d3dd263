// X.509 certificates made when a test asks for them, so that no private key lies in the repository.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export interface Certificate {
  /** PEM. */
  certificate: string;
  /** PEM, PKCS #8. */
  key: string;
}

export interface Authority extends Certificate {
  /** Signs a certificate for a server of these names and addresses. */
  issue(subject: Subject): Certificate;
}

interface Subject {
  /** `localhost`, `*.example.com`, `127.0.0.1`, `::1` (as `0:0:0:0:0:0:0:1`). */
  names: string[];
  /** Default: valid. */
  valid?: Validity;
}

type Validity = 'now' | 'past' | 'future';

export function createAuthority(commonName: string): Authority {
  const keys = newKeys();
  const name = distinguishedName(commonName);
  const make = (subject: Uint8Array, publicKey: KeyObject, valid: Validity, extensions: Uint8Array[]) =>
    signed({ issuer: name, subject, publicKey, valid, extensions, signer: keys.privateKey });
  return {
    certificate: make(name, keys.publicKey, 'now', [basicConstraints(true)]),
    key: pem('PRIVATE KEY', keys.privateKey.export({ type: 'pkcs8', format: 'der' })),
    issue({ names, valid = 'now' }) {
      const own = newKeys();
      const extensions = [basicConstraints(false), subjectAltName(names)];
      return {
        certificate: make(distinguishedName(names[0] ?? ''), own.publicKey, valid, extensions),
        key: pem('PRIVATE KEY', own.privateKey.export({ type: 'pkcs8', format: 'der' })),
      };
    },
  };
}

/** A server's certificate that nobody but itself vouches for. @param namedCurve of its key. */
export function selfSigned(names: string[], namedCurve = 'P-256'): Certificate {
  const keys = newKeys(namedCurve);
  const name = distinguishedName(names[0] ?? '');
  return {
    certificate: signed({
      issuer: name,
      subject: name,
      publicKey: keys.publicKey,
      valid: 'now',
      extensions: [subjectAltName(names)],
      signer: keys.privateKey,
    }),
    key: pem('PRIVATE KEY', keys.privateKey.export({ type: 'pkcs8', format: 'der' })),
  };
}

const newKeys = (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve });

interface Unsigned {
  issuer: Uint8Array;
  subject: Uint8Array;
  publicKey: KeyObject;
  valid: Validity;
  extensions: Uint8Array[];
  signer: KeyObject;
}

const YEARS: Record<Validity, [string, string]> = {
  now: ['20200101000000Z', '21200101000000Z'],
  past: ['20200101000000Z', '20200201000000Z'],
  future: ['21100101000000Z', '21200101000000Z'],
};

/** RFC 5280, section 4.1. */
function signed({ issuer, subject, publicKey, valid, extensions, signer }: Unsigned): string {
  const algorithm = sequence(objectId('2a8648ce3d040302')); // ecdsa-with-SHA256
  const body = sequence(
    tagged(0xa0, tagged(INTEGER, Uint8Array.of(2))), // version 3
    tagged(INTEGER, Uint8Array.of(1, ...randomBytes(8))),
    algorithm,
    issuer,
    sequence(...YEARS[valid].map(time)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  );
  return pem('CERTIFICATE', sequence(body, algorithm, bits(sign('sha256', body, signer))));
}

/** Until 2049 as UTCTime, which has two digits for the year. */
const time = (written: string) =>
  written < '2050' ? tagged(UTC_TIME, ascii(written.slice(2))) : tagged(GENERALIZED_TIME, ascii(written));

const basicConstraints = (authority: boolean) =>
  sequence(
    objectId('551d13'),
    tagged(BOOLEAN, Uint8Array.of(0xff)), // critical
    octets(sequence(...(authority ? [tagged(BOOLEAN, Uint8Array.of(0xff))] : []))),
  );

const subjectAltName = (names: string[]) =>
  sequence(objectId('551d11'), octets(sequence(...names.map(generalName))));

function generalName(name: string): Uint8Array {
  if (/^[\d.]+$/.test(name)) return tagged(0x87, Uint8Array.from(name.split('.').map(Number)));
  if (!name.includes(':')) return tagged(0x82, ascii(name));
  const groups = name.split(':').map((group) => Number.parseInt(group, 16));
  return tagged(0x87, Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255])));
}

const distinguishedName = (commonName: string) =>
  sequence(tagged(SET, sequence(objectId('550403'), tagged(UTF8_STRING, ascii(commonName)))));

// DER: a tag, a length, the content.
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;

function tagged(tag: number, content: Uint8Array): Uint8Array {
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Uint8Array.of(tag, ...length, ...content);
}

const sequence = (...parts: Uint8Array[]) => tagged(SEQUENCE, Buffer.concat(parts));
const octets = (content: Uint8Array) => tagged(OCTET_STRING, content);
const bits = (content: Uint8Array) => tagged(BIT_STRING, Uint8Array.of(0, ...content));
const objectId = (hex: string) => tagged(OBJECT_ID, Buffer.from(hex, 'hex'));
const ascii = (text: string) => Buffer.from(text, 'latin1');

const pem = (label: string, der: Uint8Array) =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
