// Clients that take a stream which ends in an error for a whole answer.
import type { HeaderReader } from '../../model/headers.ts';
import type { OverlookedErrors } from '../dialect.ts';
import { isAiSdk } from '../shared/ai-sdk.ts';

/**
 * The AI SDK's providers drop lines that lack a field of an answer's; Genkit for Go and Koog read their absence as nothing said
 * (they say no more of themselves than what they are made of), and so do those in Rust (genai, ollama-rs, llm), which say nothing at all.
 * Ollama's own SDKs throw, and are named in the user agent.
 * https://github.com/genkit-ai/genkit/tree/main/go/plugins/ollama, https://github.com/JetBrains/koog,
 * https://docs.rs/reqwest/latest/reqwest/struct.ClientBuilder.html#method.user_agent
 */
export function overlooksErrors(headers: HeaderReader): OverlookedErrors | undefined {
  const agent = headers.get('user-agent') ?? '';
  const overlooks = agent === '' || isAiSdk(headers) || /^(Go-http-client\/|ktor-client$)/.test(agent);
  return overlooks ? 'all' : undefined;
}
