// Live conversations, and music, over a WebSocket. https://ai.google.dev/api/live
import { asArray, asObject, type JsonObject, parseObject } from '../../model/json/json.ts';
import type { StatedUsage } from '../../model/usage.ts';
import type { ForwardedSocket, MessageNaming, SocketReport } from '../forwarded-socket.ts';
import { withoutGooglesKeys } from '../shared/google-clients.ts';
import { modelBelow, withModelBelow } from '../shared/models/model-in-message.ts';
import { bareModel } from './route.ts';
import { parseUsage } from './usage.ts';

/** Google's SDK for JavaScript adds a second slash in front. */
const PATH =
  /^\/+(ws\/google\.ai\.generativelanguage\.v1(?:beta|alpha)?\.GenerativeService\.Bidi(?:GenerateContent|GenerateMusic))$/;
const CLOUD_PATH = /^\/+ws\/google\.cloud\.aiplatform\.v1(?:beta1)?\.LlmBidiService\/(BidiGenerateContent)$/;

/** Precedes a model's name at Google Cloud; in its express mode there is no project. */
const PUBLISHER = /^(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/google\/models\//;

/** Most messages are sound, and are not parsed. */
const READ = /"(usageMetadata|outputTranscription|text|turnComplete)"/;

export function liveSocket(path: string): ForwardedSocket | undefined {
  const [, own] = PATH.exec(path) ?? [];
  if (own !== undefined) return socketAt(`/${own}`);
  const [, method] = CLOUD_PATH.exec(path) ?? [];
  if (method === undefined) return undefined;
  const socket = socketAt(`/ws/google.ai.generativelanguage.v1beta.GenerativeService.${method}`);
  return { ...socket, ofClient: withoutGooglesKeys };
}

function socketAt(path: string): ForwardedSocket {
  return { path, spokenBy: ['gemini'], naming: NAMING, read };
}

/** The first message sets the conversation up. */
const NAMING: MessageNaming = {
  form: 'models/{model}',
  modelIn(message) {
    const model = message.includes('"setup"') ? modelBelow('setup', message) : undefined;
    return model === undefined ? undefined : bareModel(model.replace(PUBLISHER, ''));
  },
  withName: (message, name) => withModelBelow('setup', message, name),
};

function read(message: string): SocketReport | undefined {
  const event = READ.test(message) ? parseObject(message) : undefined;
  if (event === undefined) return undefined;
  const counted = asObject(event.usageMetadata);
  const content = asObject(event.serverContent) ?? {};
  const text = textIn(content);
  const mayEnd = content.turnComplete === true;
  if (counted === undefined && text === '' && !mayEnd) return undefined;
  return {
    ...(mayEnd && { mayEnd }),
    ...(counted !== undefined && { usage: turnUsage(counted) }),
    ...(text !== '' && { text }),
  };
}

function textIn({ outputTranscription, modelTurn }: JsonObject): string {
  const spoken = asObject(outputTranscription)?.text;
  const parts = asArray(asObject(modelTurn)?.parts) ?? [];
  const written = parts.map((part) => asObject(part)?.text);
  return [spoken, ...written].filter((text) => typeof text === 'string').join('');
}

/** What is called the candidates' elsewhere is called the response's here. */
function turnUsage({ responseTokenCount, responseTokensDetails, ...metadata }: JsonObject): StatedUsage {
  return parseUsage({
    ...metadata,
    ...(responseTokenCount !== undefined && { candidatesTokenCount: responseTokenCount }),
    ...(responseTokensDetails !== undefined && { candidatesTokensDetails: responseTokensDetails }),
  });
}
