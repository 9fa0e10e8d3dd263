// The paths of OpenAI's API that only a provider itself can answer. https://developers.openai.com/api/reference
import type { BatchForm, ForwardedPath } from '../forwarded-path.ts';
import { decisionsBill, imagesBill, pagesBill, plainBill, transcriptionBill } from './forwarded-usage.ts';
import { routeModels } from '../operations.ts';
import { modelInPath } from '../shared/models/model-in-path.ts';
import { belowBase, ownPath } from './own-path.ts';
import { LIVE } from './live.ts';

/** Includes what other vendors added to the same API (rerank, OCR). */
const MADE_AT_ONCE =
  /^\/v1\/(audio|chat\/(classifications|moderations)|classifications|content_provenance_checks|decisions|images|moderations|ocr|rerank)(\/|$)/;
const STORED =
  /^\/v1\/(agents|assistants|audio\/(voices|voice_consents)|batch\/jobs|batches|chatkit\/threads|containers|evals|files|fine_tuning|live\/sessions\/[^/]+\/content|safety|skills|threads|uploads|vaults|vector_stores|videos|webhook_endpoints|webhook_event_types)(\/|$)/;
const SECRETS = /^\/v1\/(vaults|webhook_endpoints)(\/|$)/;
/** Through their answers a client reaches the provider directly: with the secret of one conversation, or by WebRTC or telephone. */
const LEADS_PAST =
  /^\/v1\/(chatkit\/sessions|live\/sessions\/.+|realtime\/(calls|client_secrets|sessions|transcription_sessions|translations\/client_secrets))(\/|$)/;
/** Videos are stored too, but the model that their form names makes them. */
const UPLOADED = /^\/v1\/(containers|files|skills|uploads|vector_stores)(\/|$)/;
const STORED_CHAT = /^\/v1\/chat\/completions(\/.|$)/;
/** A POST of this path asks a model. */
const CHAT = '/v1/chat/completions';
const SPOKEN_BY = ['openai-chat', 'openai-responses'] as const;
const STORED_RESPONSE = /^\/v1\/(responses\/.|conversations(\/|$))/;

const FILES = '/v1/files';
/** https://developers.openai.com/api/docs/guides/batch. Other vendors' purposes are longer, such as `batch-api`. */
const BATCH: BatchForm = {
  model: ['body', 'model'],
  file: { field: 'purpose', value: /^batch/, key: 'custom_id' },
};

type Bill = Pick<ForwardedPath, 'billIn' | 'billFields' | 'freeModels'>;

/** Checks of where content comes from are free, and so are OpenAI's moderations, which need not name a model. */
const BILLED: readonly (readonly [path: RegExp, bill: Bill])[] = [
  [
    /^\/v1\/(chat\/)?(classifications|moderations)$/,
    { billIn: plainBill, freeModels: /^((omni|text)-moderation-|$)/ },
  ],
  [/^\/v1\/images\//, { billIn: imagesBill }],
  [
    /^\/v1\/audio\/(transcriptions|translations)$/,
    { billIn: transcriptionBill, billFields: ['usage', 'duration'] },
  ],
  [/^\/v1\/decisions$/, { billIn: decisionsBill }],
  [/^\/v1\/ocr$/, { billIn: pagesBill, billFields: ['usage', 'usage_info'] }],
  [/^\/v1\/(audio\/speech|rerank)$/, { billIn: plainBill }],
];

export function forwardedByChat(asked: string): ForwardedPath | undefined {
  const path = ownPath(asked);
  const isStored = STORED.test(path);
  if (isStored || MADE_AT_ONCE.test(path)) {
    return {
      path: belowBase(path),
      spokenBy: SPOKEN_BY,
      isStored,
      isUpload: UPLOADED.test(path),
      ...(SECRETS.test(path) && { holdsSecrets: true }),
      ...(path === FILES && { batch: BATCH }),
      ...BILLED.find(([billed]) => billed.test(path))?.[1],
    };
  }
  // A session that is opened as a WebSocket is forwarded elsewhere.
  if (path === LIVE || LEADS_PAST.test(path)) return leadingPast(path);
  if (STORED_CHAT.test(path))
    return {
      path: belowBase(path),
      spokenBy: ['openai-chat'],
      isStored: true,
      ...(path === CHAT && { methods: ['GET'] }),
    };
  return ownModel(path);
}

function leadingPast(path: string): ForwardedPath {
  return {
    path: belowBase(path),
    spokenBy: SPOKEN_BY,
    isStored: true,
    holdsSecrets: true,
    ...(path === LIVE && { methods: ['POST'] }),
    leadsPast: path.startsWith('/v1/chatkit') ? 'the sessions of an agent' : 'a conversation',
  };
}

/** A model that the client has trained and wants to delete. */
function ownModel(path: string): ForwardedPath | undefined {
  const name = routeModels(path, '/v1/models')?.id;
  if (name === undefined) return undefined;
  return {
    path: belowBase(path),
    spokenBy: SPOKEN_BY,
    isStored: true,
    methods: ['DELETE'],
    model: { name, path: (model) => `/models/${modelInPath(model)}`, streams: false },
  };
}

export function forwardedByResponses(asked: string): ForwardedPath | undefined {
  const path = ownPath(asked);
  return STORED_RESPONSE.test(path)
    ? { path: belowBase(path), spokenBy: ['openai-responses'], isStored: true }
    : undefined;
}
