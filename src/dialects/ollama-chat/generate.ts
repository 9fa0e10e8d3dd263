// Clients of `POST /api/generate`: a prompt alone becomes a conversation of one turn, and the answer's message a `response`.
// https://docs.ollama.com/api/generate
import { asArray, asObject, asString, type JsonObject, parseObject } from '../../model/json/json.ts';
import { writeJson } from '../../model/json/write-json.ts';
import { HeaderList } from '../../model/header-list.ts';
import { FRAMING_TYPES } from '../dialect.ts';
import type { Envelope, UnwrappedRequest } from '../envelope.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { invalid, optionalArray, optionalString } from '../shared/read-field.ts';
import { isEmptyValue } from '../shared/losses/unread-fields.ts';
import { buildError, statusOf } from './errors.ts';

const textEncoder = new TextEncoder();

export const GENERATE: Envelope = {
  unwrap: readPrompt,
  open: (_, headers) => ({ edits: {}, headers: HeaderList.of(headers), vendorHeaders: new HeaderList() }),
  answers: {
    buildError,
    statusOf,
    writeWhole: (body, { lost }) => writeAnswer(body, lost),
    loadStreamForm: async (facts) => ({
      contentType: FRAMING_TYPES.lines,
      ping: textEncoder.encode(' '),
      write({ data }) {
        const line = parseObject(data);
        const written = line === undefined ? data : JSON.stringify(writeAnswer(line, facts().lost));
        return textEncoder.encode(`${written}\n`);
      },
    }),
  },
};

/** What becomes part of the messages, or is refused. */
const OF_PROMPT = ['prompt', 'system', 'images', 'raw', 'suffix'] as const;

/** What a conversation cannot express, although an answer without it still answers the prompt. */
const LOST = ['template', 'context', 'messages', 'tools'] as const;

/** An empty prompt becomes a conversation without messages: both only load the model. Throws GatewayError `invalid_request`. */
function readPrompt(sent: JsonObject): UnwrappedRequest {
  if (sent.raw === true)
    throw invalid(
      'raw',
      'the model’s template is applied to every prompt here; leave it out, or send the prompt to /v1/completions, which takes it as it is',
    );
  if (optionalString(sent, 'suffix'))
    throw invalid(
      'suffix',
      'cannot be part of a conversation, which the request becomes; send prompt and suffix to /v1/completions, to a model that fills gaps',
    );
  const body = { ...withoutFields(sent, [...OF_PROMPT, ...LOST]), messages: readMessages(sent) };
  return { text: writeJson(body, 0), lost: LOST.filter((name) => !isEmptyValue(sent[name])) };
}

function readMessages(sent: JsonObject): JsonObject[] {
  const content = optionalString(sent, 'prompt') ?? '';
  const system = optionalString(sent, 'system') ?? '';
  const images = optionalArray(sent, 'images') ?? [];
  if (!images.every((image) => typeof image === 'string' && image !== ''))
    throw invalid('images', 'must be a list of images, each its bytes in base64');
  if (content === '') return [];
  const turn = { role: 'user', content, ...(images.length > 0 && { images }) };
  return system === '' ? [turn] : [{ role: 'system', content: system }, turn];
}

/** @param body a whole answer, a line of a stream, or an error, which stays as it is. */
function writeAnswer(body: JsonObject, lost: (feature: string) => void): JsonObject {
  const { message, model, created_at: createdAt, ...others } = body;
  const said = asObject(message);
  if (said === undefined) return body;
  if ((asArray(said.tool_calls)?.length ?? 0) > 0) lost('tool_calls');
  const thinking = asString(said.thinking);
  return {
    ...(model !== undefined && { model }),
    ...(createdAt !== undefined && { created_at: createdAt }),
    response: asString(said.content) ?? '',
    ...(thinking && { thinking }),
    ...others,
  };
}
