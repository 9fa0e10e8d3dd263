// What changes if client and provider both speak this dialect: what another vendor's server left in the history and OpenAI refuses, and
// what only OpenAI's models accept.
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Loss } from '../../model/request.ts';
import type { Passthrough } from '../dialect.ts';
import type { Quirks } from '../quirks.ts';
import { earlierRun } from '../shared/code-in-words.ts';
import { GIVEN_AS_TEXT } from '../shared/losses/substitutes.ts';
import { LossReport } from '../shared/losses/loss-report.ts';
import { AGENT_MESSAGE, fitAgentMessage } from './agent-message.ts';
import { isMadeRun, madeRunAsText } from './code-interpreter.ts';
import { CODE_INTERPRETER } from './parse-tools.ts';
import { ID } from './wire.ts';

export const passthrough: Passthrough = {
  edits: (body, quirks) => adaptInput(body, quirks, new LossReport(ID)),
  losses(body, quirks) {
    const losses = new LossReport(ID);
    adaptInput(body, quirks, losses);
    return losses.list();
  },
};

/** For an operation on a conversation: like `edits`, when `model` is asked. */
export function conversationEdits(
  body: JsonObject,
  model: string,
  quirks: Quirks,
): Record<string, JsonValue | undefined> {
  const renamed = body.model === model ? {} : { model };
  return { ...renamed, ...passthrough.edits({ ...body, model }, quirks) };
}

/** What the operation loses by those changes. */
export function conversationLosses(body: JsonObject, model: string, quirks: Quirks): Loss[] {
  return passthrough.losses?.({ ...body, model }, quirks) ?? [];
}

const OPENAIS = /^(ft:)?(gpt-(?!oss)|o\d|codex-|computer-use)/;

/** Names of other vendors' models that Azure deploys as well, and that may read what these vendors' servers made. */
const OTHERS =
  /claude|codestral|cohere|command|deepseek|glm|gpt-?oss|grok|kimi|llama|mai-|minimax|mi(ni)?stral|\bphi(?![a-z])|qwen/i;

function isOpenAis(model: string, { deploysOpenAis }: Quirks): boolean {
  return OPENAIS.test(model) || (deploysOpenAis === true && !OTHERS.test(model));
}

/** How the ids of OpenAI's items begin. Others are refused: "Expected an ID that begins with 'msg'". */
const BEGINNINGS: Readonly<Record<string, string>> = {
  message: 'msg',
  function_call: 'fc',
  custom_tool_call: 'ctc',
  reasoning: 'rs',
};

/**
 * DeepSeek's ids, for one, begin differently. Its thoughts are removed together with their ids, since OpenAI can only read what it
 * encrypted itself.
 * https://github.com/BerriAI/litellm/issues/27333
 */
function adaptInput({ input, model }: JsonObject, quirks: Quirks, losses: LossReport): JsonObject {
  const items = asArray(input);
  const atOpenAis = isOpenAis(asString(model) ?? '', quirks);
  const needsFit = (item: JsonValue) =>
    isAgentMessage(item) || isMadeRun(item) || (atOpenAis && isForeign(item));
  if (items === undefined || !items.some(needsFit)) return {};
  const kept: JsonValue[] = [];
  for (const item of items) {
    const { id: _, ...rest } = asObject(item) ?? {};
    if (isAgentMessage(item)) kept.push(fitAgentMessage(item, atOpenAis));
    else if (isMadeRun(item)) {
      kept.push(madeRunAsText(item));
      losses.approximated(earlierRun(CODE_INTERPRETER), GIVEN_AS_TEXT);
    } else if (!needsFit(item)) kept.push(item);
    else if (rest.type !== 'reasoning') kept.push(rest);
    else losses.lost('reasoning');
  }
  return items.every((item, index) => item === kept[index]) ? {} : { input: kept };
}

function isAgentMessage(item: JsonValue): item is JsonObject {
  return asObject(item)?.type === AGENT_MESSAGE;
}

function isForeign(item: JsonValue): boolean {
  const { type: named, role, id, encrypted_content: encrypted } = asObject(item) ?? {};
  // An id without a role refers to an item that OpenAI has stored.
  const type = named ?? (role === undefined ? undefined : 'message');
  const beginning =
    typeof type === 'string' && Object.hasOwn(BEGINNINGS, type) ? BEGINNINGS[type] : undefined;
  return (
    beginning !== undefined && typeof id === 'string' && !id.startsWith(beginning) && !asString(encrypted)
  );
}
