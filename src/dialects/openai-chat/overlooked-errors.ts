// Clients that take a stream that ends in an error for a complete answer.
import type { HeaderReader } from '../../model/headers.ts';
import type { OverlookedErrors } from '../dialect.ts';
import { isLangChains } from '../openai/openrouter-clients.ts';
import { isNamelessReqwest } from '../shared/reqwest.ts';

/**
 * LangChain4j, Azure's SDK for Java (which it also uses), Azure's `azure-ai-inference` for Python, LangChainGo, and Spring AI's model of
 * DeepSeek (which only names its HTTP client: Java's own, or Netty's if the program has that), and LangChain's `ChatOpenRouter` for
 * JavaScript ignore chunks without choices, errors
 * included, and take the stream's end for the answer's; LangChain4j's models of Mistral wait for a last chunk for ever.
 * https://github.com/langchain4j/langchain4j, https://github.com/tmc/langchaingo,
 * https://github.com/Azure/azure-sdk-for-python/blob/main/sdk/ai/azure-ai-inference/azure/ai/inference/models/_patch.py,
 * https://github.com/spring-projects/spring-framework/pull/23493
 */
const OVERLOOKING =
  /(^|\s)(langchain4j-|langchaingo\/|azsdk-java-azure-ai-openai\/|azsdk-python-ai-inference\/|Java-http-client\/|ReactorNetty\/)/;

export function overlooksErrors(headers: HeaderReader): OverlookedErrors | undefined {
  const overlooks =
    isNamelessReqwest(headers) || isLangChains(headers) || OVERLOOKING.test(headers.get('user-agent') ?? '');
  return overlooks ? 'all' : undefined;
}
