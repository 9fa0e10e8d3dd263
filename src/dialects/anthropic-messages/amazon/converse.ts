// Clients of Converse, in which Amazon's SDKs address all of its models: their requests become Claude's, and Claude's answers theirs.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
import { readObject } from '../../../model/json/exact-numbers.ts';
import { asString, type JsonObject } from '../../../model/json/json.ts';
import { writeJson } from '../../../model/json/write-json.ts';
import { joinBytes } from '../../../model/join-bytes.ts';
import { table } from '../../../model/table.ts';
import type { Envelope, UnwrappedRequest } from '../../envelope.ts';
import { ANSWERS, loadMessages } from './answers.ts';
import { openHeaders } from './headers.ts';
import { INFERENCE, readConverse } from './read-converse.ts';
import { writeConverse } from './write-converse.ts';
import { ConverseWriter } from './write-converse-stream.ts';

export function unwrapConverse(sent: JsonObject): UnwrappedRequest {
  const { body, lost } = readConverse(sent);
  return { text: writeJson(body, 0), lost };
}

/** Fields of Messages → where a client of Converse has them, if that is elsewhere. */
const PLACES: Record<string, string> = table({
  ...Object.fromEntries(Object.entries(INFERENCE).map(([name, own]) => [own, `inferenceConfig.${name}`])),
  tools: 'toolConfig.tools',
  tool_choice: 'toolConfig.toolChoice',
  thinking: 'additionalModelRequestFields.thinking',
  top_k: 'additionalModelRequestFields.top_k',
});

/** A message that begins with the place of a fault, as the request parser's do, with Converse's name for that place. */
function placedInConverse(message: string): string {
  const [place = ''] = /^[a-z_]+(?=[.:[])/.exec(message) ?? [];
  const own = PLACES[place];
  return own === undefined ? message : own + message.slice(place.length);
}

export const CONVERSE: Envelope = {
  unwrap: unwrapConverse,
  open: openHeaders,
  rewrites: true,
  wire: 'bedrock-converse',
  answers: {
    ...ANSWERS,
    buildError(error, requestId) {
      const { message, ...others } = ANSWERS.buildError(error, requestId);
      return { ...others, message: placedInConverse(asString(message) ?? '') };
    },
    writeWhole: writeConverse,
    loadStreamForm(facts) {
      const converse = new ConverseWriter(facts);
      return loadMessages((writer, type, data) => {
        // Amazon's own event, which comes if Amazon serves.
        if (type !== undefined && !type.includes('_')) {
          converse.follow(type, data);
          return writer.event(type, data);
        }
        const messages = converse
          .write(type, readObject(data) ?? {})
          .map(([name, fields]) => writer.event(name, JSON.stringify(fields)));
        return joinBytes(messages);
      }, 'modelTimeoutException');
    },
  },
};

export const CONVERSE_STREAM: Envelope = {
  ...CONVERSE,
  open(body, headers) {
    const opened = openHeaders(body, headers);
    return { ...opened, edits: { ...opened.edits, stream: true } };
  },
};
