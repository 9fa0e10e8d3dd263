// Seals one secret with one key: AES-256-GCM, bound to the name under which it is stored.

/** Loaded on first use, so that only those who keep credentials here wait for it. */
const nodeCrypto = () => process.getBuiltinModule('node:crypto');

/** Length of a master key, in bytes. */
export const KEY_BYTES = 32;
/** In bytes, as NIST SP 800-38D recommends for GCM; each seal draws a new nonce. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function createKey(): Uint8Array {
  return nodeCrypto().randomBytes(KEY_BYTES);
}

/** Returns nonce, ciphertext and tag in one piece. `name` is authenticated, so that no entry passes for another. */
export function seal(key: Uint8Array, name: string, secret: string): Uint8Array {
  const nonce = nodeCrypto().randomBytes(NONCE_BYTES);
  const cipher = nodeCrypto().createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(new TextEncoder().encode(name));
  return Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

/** Throws if the bytes were not sealed with this key under this name, or have been changed since. */
export function unseal(key: Uint8Array, name: string, sealed: Uint8Array): string {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const tag = sealed.subarray(sealed.length - TAG_BYTES);
  const decipher = nodeCrypto().createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(new TextEncoder().encode(name));
  decipher.setAuthTag(tag);
  const text = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES));
  return Buffer.concat([text, decipher.final()]).toString('utf8');
}
