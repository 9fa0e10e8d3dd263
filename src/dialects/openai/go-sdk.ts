// OpenAI's SDK for Go as a client. https://github.com/openai/openai-go
import type { HeaderReader } from '../../model/headers.ts';

const VERSION = /^OpenAI\/Go (\d+)\.(\d+)/;

/**
 * Before version 3.43 (https://github.com/openai/openai-go/issues/621) the SDK takes the blank line after a comment for the end of an
 * event, and the stream ends in “unexpected end of JSON input”. Genkit (1.4) and any-llm (0.8) contain such versions.
 */
export function failsAtEmptyEvents(headers: HeaderReader): boolean {
  const found = VERSION.exec(headers.get('user-agent') ?? '');
  const major = Number(found?.[1]);
  return major < 3 || (major === 3 && Number(found?.[2]) < 43);
}
