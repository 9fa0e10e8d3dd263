// Live conversations over a WebSocket. https://ai.google.dev/api/live
import { asArray, asObject, type JsonObject, parseObject } from '../../model/json/json.ts';
import type { StatedUsage } from '../../model/usage.ts';
import type { ForwardedSocket, SocketReport } from '../forwarded-socket.ts';
import { bareModel } from './route.ts';
import { parseUsage } from './usage.ts';

/** Google's SDK for JavaScript puts a second slash in front. */
const PATH =
  /^\/+(ws\/google\.ai\.generativelanguage\.v1(?:beta|alpha)?\.GenerativeService\.BidiGenerateContent)$/;

/** Sound is most of it, and is not parsed. */
const READ = /"(usageMetadata|outputTranscription|text)"/;

export function liveSocket(path: string): ForwardedSocket | undefined {
  const [, method] = PATH.exec(path) ?? [];
  return method === undefined ? undefined : { path: `/${method}`, spokenBy: ['gemini'], modelIn, read };
}

/** The first message sets the conversation up. */
function modelIn(message: string): string | undefined {
  if (!message.includes('"setup"')) return undefined;
  const model = asObject(parseObject(message)?.setup)?.model;
  return typeof model === 'string' ? bareModel(model) : undefined;
}

function read(message: string): SocketReport | undefined {
  const event = READ.test(message) ? parseObject(message) : undefined;
  if (event === undefined) return undefined;
  const counted = asObject(event.usageMetadata);
  const text = textIn(asObject(event.serverContent) ?? {});
  if (counted === undefined && text === '') return undefined;
  return {
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

/** What is the candidates' elsewhere is the response's here. */
function turnUsage({ responseTokenCount, responseTokensDetails, ...metadata }: JsonObject): StatedUsage {
  return parseUsage({
    ...metadata,
    ...(responseTokenCount !== undefined && { candidatesTokenCount: responseTokenCount }),
    ...(responseTokensDetails !== undefined && { candidatesTokensDetails: responseTokensDetails }),
  });
}
