// How vendors say that a prompt does not fit, in any dialect they speak, without a code or the word "context".

/** xAI, vLLM; Moonshot; Qwen; Gemini's own words at its other endpoints; Groq; Text Generation Inference. */
export const VENDORS_TOO_LONG =
  /maximum (prompt|model) length|exceeded model token limit|range of input length should be|exceeds the maximum number of tokens|reduce the length of the (messages|input)|`inputs` tokens \+ `max_new_tokens` must be/i;
