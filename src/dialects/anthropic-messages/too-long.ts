// The error for a prompt that does not fit, in the only words that Claude Code reads: at "prompt is too long" it compacts the conversation,
// at "exceed context limit" it retries with fewer tokens. Strands also requires the colon.

const IN_ITS_WORDS = /prompt is too long|exceed context limit: \d+ \+ \d+ > \d+/i;

/** A count as servers write it, some of them with commas. */
const COUNT = String.raw`(\d[\d,]*)`;

/** The model's limit. */
const LIMITS = [
  `(?:maximum )?context (?:length|window|size) (?:is |of |\\()*(?:only )?${COUNT}`,
  `maximum number of (?:input )?tokens(?: allowed)? \\(?${COUNT}`,
  `maximum prompt length (?:is |of )?${COUNT}`,
  `model token limit: ${COUNT}`,
];
/** The prompt's tokens alone. */
const PROMPTS = [
  `(?:has|have|contains?|with) (?:at least )?${COUNT} (?:prompt |input )tokens`,
  `(?:messages|prompt|input) (?:has |have |resulted in |contains? |of )(?:at least )?${COUNT} tokens`,
  `token count \\(?${COUNT}`,
  `request \\(${COUNT} tokens`,
  `the request contains ${COUNT} tokens`,
  `model token limit: [\\d,]+ \\(requested: ${COUNT}`,
];
/** The tokens requested for the answer. */
const ANSWERS = [
  // Begins where the digits begin: starting within a long number would read it once for each digit.
  `(?<![\\d,])${COUNT} (?:tokens )?in the (?:completion|output)`,
  `requested (?:about )?${COUNT} output tokens`,
  `max_(?:completion_)?tokens'?(?: is)? too large: ${COUNT}`,
];
/** The tokens of prompt and answer together. */
const TOTALS = [`requested (?:about )?${COUNT} tokens`];

const LIMIT = anyOf(LIMITS);
const PROMPT = anyOf(PROMPTS);
const ANSWER = anyOf(ANSWERS);
const TOTAL = anyOf(TOTALS);

/** The message after this dialect's words, with the counts, if it has any, in the form that clients read. */
export function tooLongMessage(message: string): string {
  if (IN_ITS_WORDS.test(message)) return message;
  const limit = countIn(message, LIMIT);
  const answer = countIn(message, ANSWER);
  const prompt = limit === undefined ? undefined : promptIn(message, { limit, answer });
  if (limit === undefined || prompt === undefined) return `prompt is too long: ${message}`;
  if (prompt > limit) return `prompt is too long: ${prompt} tokens > ${limit} maximum; ${message}`;
  if (answer === undefined || prompt + answer <= limit) return `prompt is too long: ${message}`;
  return `input length and \`max_tokens\` exceed context limit: ${prompt} + ${answer} > ${limit}; ${message}`;
}

interface Counts {
  limit: number;
  answer: number | undefined;
}

/**
 * vLLM stops counting when the prompt does not fit beside the answer. Half of the remainder is then assumed, so that a client that retries
 * with the number it reads is served after a few tries.
 */
function promptIn(message: string, { limit, answer }: Counts): number | undefined {
  const total = countIn(message, TOTAL);
  if (total !== undefined && answer !== undefined) return total - answer;
  const prompt = countIn(message, PROMPT);
  if (prompt === undefined || prompt > limit || !/at least/i.test(message)) return prompt;
  return Math.ceil((prompt + limit) / 2);
}

function anyOf(forms: readonly string[]): RegExp {
  return new RegExp(forms.join('|'), 'i');
}

function countIn(message: string, form: RegExp): number | undefined {
  const found = form
    .exec(message)
    ?.slice(1)
    .find((group) => group !== undefined);
  return found === undefined ? undefined : Number(found.replaceAll(',', ''));
}
