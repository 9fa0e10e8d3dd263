// Tokens that Anthropic issues to a person's own client at login. The gateway sends them only where that client itself sent them.

/** Token prefix of Claude subscriptions. */
export const PERSONAL_PREFIX = 'sk-ant-oat';

export function isPersonalToken(key: string): boolean {
  return key.startsWith(PERSONAL_PREFIX);
}
