// Errors for an image, a document, sealed thinking or an effort that the provider refuses, in this dialect's words: Claude Code then leaves
// these out and retries. With other words, each later turn would be refused for what an earlier one contains, or for the effort that it
// sends to every model.

const IN_ITS_WORDS =
  /could not process\s(image|pdf)|signature\W* in \W*thinking\W* block|the effort parameter/i;

/** OpenAI, for content encrypted for another organisation; Gemini. If one is missing, that is no reason to remove the others. */
const SEAL = /(invalid|corrupted) thought[ _]?signature|thought[ _]?signature is (not valid|invalid)/i;
const ENCRYPTED = /encrypted content /i;
const UNVERIFIED = /could not be verified/i;

/** OpenAI: "Unrecognized request argument supplied: reasoning_effort"; Mistral: "Extra inputs are not permitted". */
const EFFORT = /reasoning[._]?effort/i;
const UNKNOWN = /support|unrecognized|unknown|unexpected|not permitted/i;

/**
 * vLLM says "is not a multimodal model", OpenRouter "No endpoints found that support image input". Joined by a hyphen the word is part of a
 * model's name, and does not concern what was refused: Ollama's "llama3.2-vision:latest does not support tools".
 */
const IMAGE = /(?<!\w-)(\bimages?\b|\bvision\b|multi-?modal)(?!-\w)|image_url|input_image/i;
const DOCUMENT = /\bpdfs?\b|input_file|\bfile (input|type|content|part)|variant [`'"]?file\b/i;

/** DeepSeek: "unknown variant `image_url`, expected `text`"; OpenAI: "only supported by certain models". */
const REFUSED =
  /support|\bunknown|\bnot (a |an |allowed|enabled|accepted|available)|invalid|\bvalid\b|unable|could not|can ?not|fail|decode|at most|too (large|small|many|big)|exceed/i;

/** Excludes messages about tools, which may have any name or argument, including `image`. */
const OF_TOOLS = /\bschema\b|\b(tools?|tool_calls)\W{1,2}\d/i;

/** The message of a refusal, after this dialect's words; undefined if nothing of this kind was refused. */
export function refusedContentMessage(message: string): string | undefined {
  if (IN_ITS_WORDS.test(message)) return message;
  const words = wordsFor(message);
  return words === undefined ? undefined : `${words}; ${message}`;
}

function wordsFor(message: string): string | undefined {
  if (SEAL.test(message) || (ENCRYPTED.test(message) && UNVERIFIED.test(message)))
    return 'Invalid signature in thinking block';
  if (EFFORT.test(message) && UNKNOWN.test(message))
    return 'This model does not support the effort parameter';
  if (!REFUSED.test(message) || OF_TOOLS.test(message)) return undefined;
  if (IMAGE.test(message)) return 'Could not process image';
  return DOCUMENT.test(message) ? 'Could not process PDF' : undefined;
}
