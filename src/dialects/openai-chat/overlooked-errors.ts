// Clients that take a stream which ends in an error for a whole answer.
import type { HeaderReader } from '../../model/headers.ts';
import type { OverlookedErrors } from '../dialect.ts';

/**
 * LangChain4j, Azure's SDK for Java, which it uses too, LangChainGo and Spring AI's model of DeepSeek (which names only Java's own
 * client) pass over a chunk without choices, the error's among them, and take the end of the stream for that of the answer;
 * LangChain4j's models of Mistral wait for a last chunk for ever.
 * https://github.com/langchain4j/langchain4j, https://github.com/tmc/langchaingo
 */
export function overlooksErrors(headers: HeaderReader): OverlookedErrors | undefined {
  return /(^|\s)(langchain4j-|langchaingo\/|azsdk-java-azure-ai-openai\/|Java-http-client\/)/.test(
    headers.get('user-agent') ?? '',
  )
    ? 'all'
    : undefined;
}
