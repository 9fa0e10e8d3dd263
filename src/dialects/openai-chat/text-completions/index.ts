// OpenAI's older text completions: a prompt and what follows it, without turns. A prompt is text in the model's own
// format, so requests are never translated: they go, as they came, to providers that serve them.
// https://platform.openai.com/docs/api-reference/completions
import type { ClientForms, Passthrough, ProviderSide } from '../../dialect.ts';
import type { TextCompletions } from '../../operations.ts';
import { createLossReport } from '../../shared/loss-report.ts';
import { adaptFields, type Edits } from '../adapt.ts';
import { askForUsage, hidesUsage } from '../passthrough.ts';
import { buildResponse, createStreamEncoder, parseResponse } from './answer.ts';
import { buildRequest } from './build-request.ts';
import { addsContentOnly, createStreamDecoder } from './decode-stream.ts';
import { parseRequest } from './parse-request.ts';

export const textCompletionForms: ClientForms = { parseRequest, buildResponse, createStreamEncoder };

const passthrough: Passthrough = {
  edits(body, quirks) {
    const edits: Edits = {};
    adaptFields(body, edits, quirks, createLossReport('openai-chat'));
    askForUsage(body, edits, quirks);
    return edits;
  },
  losses(body, quirks) {
    const losses = createLossReport('openai-chat');
    adaptFields(body, {}, quirks, losses);
    return losses.list();
  },
  hides: hidesUsage,
};

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
