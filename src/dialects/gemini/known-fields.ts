// The fields that this dialect's request parser reads, or keeps and names; all others are reported as unread.
import { asString, type JsonObject } from '../../model/json/json.ts';
import type { Known, KnownFields, KnownRequest } from '../shared/losses/unread-fields.ts';
import { camelField, camelFields } from './wire.ts';

const MEDIA: KnownFields = { mimeType: true, data: true, fileUri: true };

/** Elsewhere only documents have names. */
function media(value: JsonObject): KnownFields {
  const isNamed = !/^(image|audio)\//.test(asString(camelFields(value).mimeType) ?? '');
  return isNamed ? { ...MEDIA, displayName: true } : MEDIA;
}

const THOUGHT: KnownFields = { text: true, thought: true, thoughtSignature: true };
const RESULT: KnownFields = {
  functionResponse: { parts: { inlineData: media, fileData: media, '*': true }, '*': true },
  thoughtSignature: true,
};
const SERVER_CALL: KnownFields = {
  executableCode: true,
  toolCall: true,
  thought: true,
  thoughtSignature: true,
};
/** Fields beside these are kept. */
const OTHER: KnownFields = {
  functionCall: { id: true, name: true, args: true },
  inlineData: media,
  fileData: media,
  '*': true,
};

function part(value: JsonObject): KnownFields {
  const { functionResponse, executableCode, toolCall, thought, text } = camelFields(value);
  if (functionResponse !== undefined) return RESULT;
  if (executableCode !== undefined || toolCall !== undefined) return SERVER_CALL;
  return thought === true && text !== undefined ? THOUGHT : OTHER;
}

const CONTENT: KnownFields = { role: true, parts: part };
const SYSTEM: Known = { role: true, parts: { text: true }, text: true };

export const KNOWN: KnownRequest = {
  body: {
    contents: CONTENT,
    systemInstruction: SYSTEM,
    generationConfig: {
      thinkingConfig: { thinkingBudget: true, thinkingLevel: true, includeThoughts: true },
      '*': true,
    },
    '*': true,
  },
  spelled: camelField,
};
