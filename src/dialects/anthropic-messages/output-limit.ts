// The error for more output tokens than the model allows, in this dialect's words: Claude Code retries with the limit that it reads in
// them. It requests 32,000 from any model, so a model with a lower limit would never answer it.

const COUNT = String.raw`\W*(?<limit>\d+)`;
const BEYOND = String.raw`\W*(?<beyond>\d+)`;
const ASKED = String.raw`\W*(?<asked>\d+)`;

/** The text in between is bounded: otherwise each of many repeated words would be searched to the message's end. */
const FIELD = String.raw`max_\w{0,40}tokens`;

const FORMS = [
  // OpenAI, and Volcengine's Ark.
  `tokens'? is too large:${ASKED}\\W+this model supports at most${COUNT}`,
  `${FIELD}\\b.{0,200}integer above maximum value\\W+expected a value <=${COUNT}, but got${ASKED}`,
  // DeepSeek; Qwen; GLM; Groq; Ollama's cloud.
  `valid range of max_tokens is \\[\\d+, ?${COUNT}`,
  `range of max_tokens should be \\[\\d+, ?${COUNT}`,
  `max_tokens参数非法.{0,40}\\[\\d+, ?${COUNT}`,
  `${FIELD}\\W+must be less than or equal to${COUNT}`,
  `${FIELD}${ASKED}\\) exceeds model's maximum output tokens${COUNT}`,
  // Gemini at Vertex AI, which names the first count that is too large.
  `maxOutputTokens value of${ASKED} but the supported range is from \\d+ \\(inclusive\\) to${BEYOND} \\(exclusive\\)`,
  // Bedrock; Anthropic's own words, after a provider's name.
  `maximum tokens you requested exceeds the model limit of${COUNT}`,
  `max_tokens:${ASKED} >${COUNT}, which is the maximum allowed`,
].map((form) => new RegExp(form, 'is'));

/** The message after this dialect's words; undefined if it does not report such a limit. */
export function outputLimitMessage(message: string): string | undefined {
  for (const form of FORMS) {
    const groups = form.exec(message)?.groups;
    if (groups === undefined) continue;
    const limit = groups.limit ?? Number(groups.beyond) - 1;
    // If no count is stated, at least one more was requested.
    const requested = groups.asked ?? Number(limit) + 1;
    // Claude Code reads only the first line.
    const rest = message.replaceAll('\n', ' ');
    return `max_tokens: ${requested} > ${limit}, which is the maximum allowed number of output tokens for this model; ${rest}`;
  }
  return undefined;
}
