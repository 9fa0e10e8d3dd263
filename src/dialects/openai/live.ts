// What the provider's messages in a Live session state. https://developers.openai.com/api/docs/guides/live
import { asObject, type JsonObject, parseObject } from '../../model/json/json.ts';
import { countIn } from '../../model/usage.ts';
import type { MessageNaming, SocketReport } from '../forwarded-socket.ts';
import { modelBelow, withModelBelow } from '../shared/models/model-in-message.ts';

/** Where a session begins, as a WebSocket or by a POST. */
export const LIVE = '/v1/live/sessions';

/** Everything else, mainly sound, is not parsed. */
const READ =
  /"type"\s*:\s*"(session\.(started|usage\.updated|closed|output_transcript\.delta)|response\.event)"/;

export function readLive(message: string): SocketReport | undefined {
  return READ.test(message) ? report(parseObject(message) ?? {}) : undefined;
}

function report(event: JsonObject): SocketReport | undefined {
  switch (event.type) {
    case 'session.started': {
      const model = asObject(event.session)?.model;
      return typeof model === 'string' ? { model } : undefined;
    }
    case 'session.usage.updated':
    case 'session.closed': {
      const seconds = countIn(asObject(event.usage)?.seconds);
      return seconds === undefined
        ? undefined
        : { total: { pricedApart: { audioSeconds: seconds } }, mayEnd: true };
    }
    case 'response.event': {
      // Billed at the price of the model that works for the speaking one.
      const isBilled = asObject(asObject(asObject(event.event)?.response)?.usage) !== undefined;
      return isBilled ? { usage: { otherCharges: true } } : undefined;
    }
    default:
      return typeof event.delta === 'string' ? { text: event.delta } : undefined;
  }
}

/** The first message starts the session and names the model. */
export const LIVE_NAMING: MessageNaming = {
  form: '{model}',
  modelIn: (message) => (message.includes('"session.start"') ? modelBelow('session', message) : undefined),
  withName: (message, name) => withModelBelow('session', message, name),
};
