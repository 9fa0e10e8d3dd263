// How vendors say that a prompt does not fit, in any dialect, without a code or the word "context".

/**
 * xAI, vLLM; Moonshot; Qwen; Gemini's own words, and Vertex's, at their other endpoints; Groq; Text Generation Inference, twice;
 * GitHub's Copilot: https://github.com/microsoft/copilot-intellij-feedback/issues/94
 */
export const VENDORS_TOO_LONG =
  /maximum (prompt|model) length|exceeded model token limit|range of input length should be|exceeds the maximum number of tokens|input token count is \d+ but model only supports|reduce the length of the (messages|input)|`inputs` tokens \+ `max_new_tokens` must be|`inputs` must have less than \d+ tokens|prompt token count of \d+ exceeds/i;
