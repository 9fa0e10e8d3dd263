// The paths of OpenAI's API that only a provider itself can answer. https://developers.openai.com/api/reference
import type { BatchForm, ForwardedPath } from '../dialect.ts';
import { decisionsBill, imagesBill, pagesBill, plainBill, transcriptionBill } from './forwarded-usage.ts';
import { belowBase, ownPath } from './own-path.ts';

/** What other vendors added in the same place (rerank, OCR) is among them. */
const MADE_AT_ONCE = /^\/v1\/(audio|content_provenance_checks|decisions|images|moderations|ocr|rerank)(\/|$)/;
const STORED =
  /^\/v1\/(agents|audio\/(voices|voice_consents)|batch\/jobs|batches|containers|evals|files|fine_tuning|skills|uploads|vector_stores|videos)(\/|$)/;
/** Videos, which are stored too, are made by the model that their form names. */
const UPLOADED = /^\/v1\/(containers|files|skills|uploads|vector_stores)(\/|$)/;
const STORED_CHAT = /^\/v1\/chat\/completions\/./;
const STORED_RESPONSE = /^\/v1\/(responses\/.|conversations(\/|$))/;

const FILES = '/v1/files';
/** https://developers.openai.com/api/docs/guides/batch. Others say so in longer words: `batch-api`. */
const BATCH: BatchForm = {
  model: ['body', 'model'],
  file: { field: 'purpose', value: /^batch/, key: 'custom_id' },
};

/** Moderations and checks of where something comes from are free. */
const BILLED: readonly (readonly [path: RegExp, bill: Pick<ForwardedPath, 'billIn' | 'billFields'>])[] = [
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
      spokenBy: ['openai-chat', 'openai-responses'],
      isStored,
      isUpload: UPLOADED.test(path),
      ...(path === FILES && { batch: BATCH }),
      ...BILLED.find(([billed]) => billed.test(path))?.[1],
    };
  }
  return STORED_CHAT.test(path)
    ? { path: belowBase(path), spokenBy: ['openai-chat'], isStored: true }
    : undefined;
}

export function forwardedByResponses(asked: string): ForwardedPath | undefined {
  const path = ownPath(asked);
  return STORED_RESPONSE.test(path)
    ? { path: belowBase(path), spokenBy: ['openai-responses'], isStored: true }
    : undefined;
}
