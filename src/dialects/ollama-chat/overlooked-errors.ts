// Clients that take a stream with an error at its end for a complete answer.
import type { HeaderReader } from '../../model/headers.ts';
import type { OverlookedErrors } from '../dialect.ts';
import { isAiSdk } from '../shared/ai-sdk.ts';

/**
 * The AI SDK's providers drop lines without the fields of an answer. Genkit for Go and Koog take such a line for one without text
 * (their user agent names only the libraries that they use), and so do clients in Rust (genai, ollama-rs, llm), which send no user agent.
 * Ollama's own SDKs throw, and name themselves in the user agent.
 * https://github.com/genkit-ai/genkit/tree/main/go/plugins/ollama, https://github.com/JetBrains/koog,
 * https://docs.rs/reqwest/latest/reqwest/struct.ClientBuilder.html#method.user_agent
 */
export function overlooksErrors(headers: HeaderReader): OverlookedErrors | undefined {
  const agent = headers.get('user-agent') ?? '';
  const overlooks = agent === '' || isAiSdk(headers) || /^(Go-http-client\/|ktor-client$)/.test(agent);
  return overlooks ? 'all' : undefined;
}
