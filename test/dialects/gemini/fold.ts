// Assembles a recorded answer straight from its bytes, knowing nothing of the decoder: the yardstick for it.
import type { JsonObject } from '../../../src/model/json/json.ts';

/** What the fold looks at; everything may be missing. */
interface RecordedChunk {
  error?: unknown;
  usageMetadata?: Record<string, number>;
  promptFeedback?: { blockReason?: string };
  candidates?: RecordedCandidate[];
  responseId?: string;
  modelVersion?: string;
}

interface RecordedCandidate {
  index?: number;
  finishReason?: string | number;
  content?: { parts?: RecordedPart[] };
}

interface RecordedPart {
  text?: string;
  thought?: boolean;
  thoughtSignature?: string;
  functionCall?: { name?: string; args?: JsonObject; partialArgs?: PartialArg[] };
  inlineData?: { mimeType: string; data: string };
  executableCode?: { code: string };
  toolCall?: { toolType: string };
}

interface PartialArg {
  jsonPath: string;
  stringValue?: string;
}

export interface Folded {
  id: string | null;
  model: string | null;
  text: string;
  reasoning: string;
  tools: { name: string; arguments: JsonObject }[];
  signatures: string[];
  media: string[];
  /** Tools that Google ran. */
  serverTools: string[];
  finish: string | number | null;
  blocked: string | null;
  usage: Record<string, number>;
  hasError: boolean;
}

/** The chunks of a stream, of a JSON array, or the one of a whole answer. */
function chunksOf(body: Uint8Array): RecordedChunk[] {
  const text = new TextDecoder().decode(body).trim();
  if (text.startsWith('[')) return JSON.parse(text) as RecordedChunk[];
  if (text.startsWith('{')) return [JSON.parse(text) as RecordedChunk];
  return text.split(/\r?\n\r?\n/).flatMap((block) => {
    const data = block.startsWith('data:') ? block.slice(5) : block;
    return data.trim() === '' ? [] : [JSON.parse(data) as RecordedChunk];
  });
}

export function foldAnswer(body: Uint8Array): Folded {
  const folded: Folded = {
    id: null,
    model: null,
    text: '',
    reasoning: '',
    tools: [],
    signatures: [],
    media: [],
    serverTools: [],
    finish: null,
    blocked: null,
    usage: {},
    hasError: false,
  };
  for (const chunk of chunksOf(body)) {
    if (chunk.error !== undefined) {
      folded.hasError = true;
      break;
    }
    folded.id ??= chunk.responseId ?? null;
    folded.model ??= chunk.modelVersion ?? null;
    folded.usage = { ...folded.usage, ...chunk.usageMetadata };
    folded.blocked = chunk.promptFeedback?.blockReason ?? folded.blocked;
    const candidate = (chunk.candidates ?? []).find((each) => (each.index ?? 0) === 0);
    folded.finish = candidate?.finishReason ?? folded.finish;
    for (const part of candidate?.content?.parts ?? []) addPart(part, folded);
  }
  return folded;
}

function addPart(part: RecordedPart, folded: Folded): void {
  if (part.thought === true) folded.reasoning += part.text ?? '';
  else folded.text += part.text ?? '';
  if (part.thoughtSignature) folded.signatures.push(part.thoughtSignature);
  if (part.inlineData !== undefined) folded.media.push(part.inlineData.data);
  if (part.executableCode !== undefined) folded.serverTools.push('code_execution');
  if (part.toolCall !== undefined) folded.serverTools.push(part.toolCall.toolType.toLowerCase());
  const call = part.functionCall;
  if (call?.name !== undefined) folded.tools.push({ name: call.name, arguments: { ...call.args } });
  // The one recorded stream of partial arguments has flat texts.
  for (const { jsonPath, stringValue = '' } of call?.partialArgs ?? []) {
    const args = folded.tools.at(-1)?.arguments ?? {};
    const key = jsonPath.slice('$.'.length);
    args[key] = `${args[key] ?? ''}${stringValue}`;
  }
}
