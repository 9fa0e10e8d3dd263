// An image or a document that the model does not take, in the words by which this dialect's clients know it: Claude Code
// takes them out of the conversation and asks again. At any others each further turn would be refused for the same image.

const IN_ITS_WORDS = /could not process (image|pdf)/i;

/** vLLM says "is not a multimodal model", OpenRouter "No endpoints found that support image input". */
const IMAGE = /\bimages?\b|image_url|input_image|multi-?modal|vision/i;
const DOCUMENT = /\bpdfs?\b|input_file|\bfile (input|type|content|part)|variant [`'"]?file\b/i;

/** DeepSeek: "unknown variant `image_url`, expected `text`"; OpenAI: "only supported by certain models". */
const REFUSED =
  /\bsupport|\bunknown|\bnot (a |an |allowed|enabled|accepted|available)|invalid|\bvalid\b|unable|could not|can ?not|fail|decode|at most|too (large|small|many|big)|exceed/i;

/** The message of a refused request, with the words in front where that is what it was refused for. */
export function inWordsOfRefusedMedia(message: string): string {
  if (IN_ITS_WORDS.test(message) || !REFUSED.test(message)) return message;
  if (IMAGE.test(message)) return `Could not process image; ${message}`;
  return DOCUMENT.test(message) ? `Could not process PDF; ${message}` : message;
}
