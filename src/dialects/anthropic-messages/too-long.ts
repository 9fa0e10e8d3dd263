// A prompt that does not fit, in the words by which this dialect's clients know it. Claude Code reads nothing else: at
// "prompt is too long" it compacts the conversation, at "exceed context limit" it asks again for fewer tokens.

const IN_ITS_WORDS = /prompt is too long|exceed context limit: \d+ \+ \d+ > \d+/i;

/** A count as servers write it, some with commas. */
const COUNT = String.raw`(\d[\d,]*)`;

/** What the model takes. */
const LIMITS = [
  `(?:maximum )?context (?:length|window|size) (?:is |of |\\()*(?:only )?${COUNT}`,
  `maximum number of (?:input )?tokens(?: allowed)? \\(?${COUNT}`,
  `maximum prompt length (?:is |of )?${COUNT}`,
  `model token limit: ${COUNT}`,
];
/** What the prompt alone has. */
const PROMPTS = [
  `(?:has|have|contains?|with) (?:at least )?${COUNT} (?:prompt |input )tokens`,
  `(?:messages|prompt|input) (?:has |have |resulted in |contains? |of )(?:at least )?${COUNT} tokens`,
  `token count \\(?${COUNT}`,
  `request \\(${COUNT} tokens`,
  `the request contains ${COUNT} tokens`,
  `model token limit: [\\d,]+ \\(requested: ${COUNT}`,
];
/** What the answer may have. */
const ANSWERS = [
  // From where the digits begin: from within, a long row of them would be read once for each.
  `(?<![\\d,])${COUNT} (?:tokens )?in the (?:completion|output)`,
  `requested (?:about )?${COUNT} output tokens`,
  `max_(?:completion_)?tokens'?(?: is)? too large: ${COUNT}`,
];
/** Both together. */
const TOTALS = [`requested (?:about )?${COUNT} tokens`];

const LIMIT = anyOf(LIMITS);
const PROMPT = anyOf(PROMPTS);
const ANSWER = anyOf(ANSWERS);
const TOTAL = anyOf(TOTALS);

/** The message with the words in front, and the counts as clients read them where it tells them. */
export function inWordsOfTooLong(message: string): string {
  if (IN_ITS_WORDS.test(message)) return message;
  const limit = countIn(message, LIMIT);
  const answer = countIn(message, ANSWER);
  const prompt = limit === undefined ? undefined : promptIn(message, { limit, answer });
  if (limit === undefined || prompt === undefined) return `prompt is too long; ${message}`;
  if (prompt > limit) return `prompt is too long: ${prompt} tokens > ${limit} maximum; ${message}`;
  if (answer === undefined || prompt + answer <= limit) return `prompt is too long; ${message}`;
  return `input length and \`max_tokens\` exceed context limit: ${prompt} + ${answer} > ${limit}; ${message}`;
}

interface Counts {
  limit: number;
  answer: number | undefined;
}

/**
 * vLLM stops counting where the prompt no longer fits beside the answer: half of what is left then stands for the rest, so
 * that a client that asks again for as much as it reads is served in a few tries.
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
