// Base64 as every provider reads it.

/**
 * Base64 in the usual alphabet, padded. Google's servers take base64url as well, in which its SDK for Python sends bytes
 * (github.com/googleapis/python-genai, google/genai/_common.py: `urlsafe_b64encode`); others refuse it.
 */
export function standardBase64(data: string): string {
  const usual = /[-_]/.test(data) ? data.replaceAll('-', '+').replaceAll('_', '/') : data;
  const beyond = usual.length % 4;
  return beyond === 2 || beyond === 3 ? usual + '='.repeat(4 - beyond) : usual;
}
