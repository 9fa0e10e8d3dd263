// A client's path below the base URL, where its SDK writes more of it than OpenAI's do.

/** Groq's SDKs write it in front of the version, whatever base URL they are given. */
const IN_FRONT = '/openai';

/** @returns the path as OpenAI's SDKs would write it. */
export function ownPath(path: string): string {
  return path.startsWith(`${IN_FRONT}/v1/`) ? path.slice(IN_FRONT.length) : path;
}
