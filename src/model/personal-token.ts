// Tokens that a vendor gives a person's own client at its login. They go only where that client itself sends them.

/** Of a Claude subscription. */
export const PERSONAL_PREFIX = 'sk-ant-oat';

export function isPersonalToken(key: string): boolean {
  return key.startsWith(PERSONAL_PREFIX);
}
