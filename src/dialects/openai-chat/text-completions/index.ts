// OpenAI's older text completions: a prompt and its continuation, without turns. A prompt is text in the model's own format, so requests
// are never translated: they go unchanged to providers that serve them. https://platform.openai.com/docs/api-reference/completions
import { asNumber, type JsonValue } from '../../../model/json/json.ts';
import type { ClientForms, Passthrough, ProviderSide } from '../../dialect.ts';
import type { TextCompletions } from '../../operations.ts';
import { LossReport } from '../../shared/losses/loss-report.ts';
import { adaptFields, type Edits } from '../adapt.ts';
import { askForUsage, hidesUsage } from '../passthrough.ts';
import { buildResponse, createStreamEncoder, parseResponse } from './answer.ts';
import { buildRequest } from './build-request.ts';
import { addsContentOnly, createStreamDecoder } from './decode-stream.ts';
import { parseRequest } from './parse-request.ts';
import { ID } from '../wire.ts';

export const textCompletionForms: ClientForms = { parseRequest, buildResponse, createStreamEncoder };

const passthrough: Passthrough = {
  edits(body, quirks) {
    const edits: Edits = {};
    adaptFields(body, edits, quirks, new LossReport(ID));
    askForUsage(body, edits, quirks);
    return edits;
  },
  taking: ({ top_k: given }, quirks) =>
    given === undefined ? quirks : { ...quirks, extraFields: ['top_k'] },
  losses(body, quirks) {
    const losses = new LossReport(ID);
    adaptFields(body, {}, quirks, losses);
    return losses.list();
  },
  alternatives: ({ n, prompt }) => (asNumber(n) ?? 1) * promptsIn(prompt),
  hides: hidesUsage,
};

/** A list of numbers is one prompt, in tokens. */
function promptsIn(prompt: JsonValue | undefined): number {
  return Array.isArray(prompt) && typeof prompt[0] !== 'number' ? prompt.length : 1;
}

/** @param chat how the same providers are asked for chat completions. */
export function createTextCompletions(chat: ProviderSide): NonNullable<ProviderSide['textCompletions']> {
  const inChat: ProviderSide = { ...chat, endpoint: () => '/completions', buildRequest, passthrough };
  const inText: ProviderSide = { ...inChat, parseResponse, createStreamDecoder, addsContentOnly };
  return ({ quirks, baseUrl }): TextCompletions | undefined => {
    const { textCompletions: served = {} } = quirks;
    if (served === false) return undefined;
    const { path, at, answersInChat = false } = served;
    const side = answersInChat ? inChat : inText;
    return {
      side: path === undefined ? side : { ...side, endpoint: () => path },
      passesAnswer: !answersInChat,
      ...(at?.instead.includes(baseUrl) === true && { baseUrl: at.baseUrl }),
    };
  };
}
