// NeutralResponse → a whole answer. https://ai.google.dev/api/generate-content#generatecontentresponse
import type { Part, ReasoningPart } from '../../model/content.ts';
import { mayBeCutShort } from '../../model/finish.ts';
import { isObject, type JsonObject } from '../../model/json/json.ts';
import type { TokenLogprob } from '../../model/logprobs.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { AnsweredCalls } from '../shared/answered-calls.ts';
import { TextJoiner } from '../shared/joined-texts.ts';
import { AnswerLosses } from '../shared/losses/answer-losses.ts';
import { brokenArguments, CUT_CALL } from '../shared/tools/call-arguments.ts';
import type { AnswerContext } from '../dialect.ts';
import {
  callPart,
  mediaDataPart,
  redactedPart,
  replayedPart,
  runParts,
  thoughtPart,
} from './answer-parts.ts';
import { chunkDetails, createGroundingWriter, type GroundingWriter } from './citations.ts';
import { buildFinish } from './finish.ts';
import { logprobsResult } from './logprobs.ts';
import { isForeignRun } from './server-tools.ts';
import { ownSignature, type Thought, thoughtForClient } from './signature.ts';
import { SpanWriter } from './span-writer.ts';
import { addUnmapped, candidateFields, type UnmappedAnswer } from './unmapped-fields.ts';
import { buildUsage, COUNTS_WITHOUT_FIELD } from './usage.ts';
import { ID, ownFields } from './wire.ts';

export function buildResponse(response: NeutralResponse, context: AnswerContext): JsonObject {
  const losses = new AnswerLosses(ID, context);
  losses.finish(response.finish, ['other']);
  losses.usage(response.usage, COUNTS_WITHOUT_FIELD);
  const parts: JsonObject[] = [];
  const grounding = createGroundingWriter();
  const spans = new SpanWriter();
  const hides = context.hidesReasoning === true;
  let thought: Thought | undefined;
  /** A hidden thought that no part carries yet. */
  let waiting: Thought | undefined;
  /** Joins the texts of an answer, as SDKs do (`text`). */
  const texts = new TextJoiner();
  const runs = new AnsweredCalls();
  for (const part of response.parts) {
    if (isForeignRun(part)) {
      runs.add(part);
      continue;
    }
    const run = part.type === 'server-tool-result' ? runParts(part, runs, losses) : [];
    if (run.length > 0) {
      texts.setApart();
      if (waiting !== undefined) parts.push(thoughtPart(waiting));
      waiting = undefined;
      parts.push(...run);
      continue;
    }
    const foreign = part.type === 'reasoning' ? foreignThought(part, hides) : undefined;
    const built =
      foreign !== undefined && hides
        ? undefined
        : buildPart(part, response, { grounding, spans, texts, losses, thought, hides });
    if (built === undefined && isOfServer(part)) texts.setApart();
    if (waiting !== undefined && (built !== undefined || foreign !== undefined)) {
      const isText = part.type === 'text' || part.type === 'refusal';
      const isCarried = part.type === 'tool-call' && part.kind !== 'server' && part.signature === undefined;
      if (isText) Object.assign(built ?? {}, thoughtForClient(waiting));
      else if (!isCarried) parts.push(thoughtPart(waiting));
      waiting = undefined;
    }
    if (built !== undefined && foreign !== undefined) parts.push(built);
    else if (built !== undefined) addPart(parts, built);
    if (part.type === 'reasoning') {
      if (foreign !== undefined && hides) losses.foreign(part.extension);
      thought = foreign;
      waiting = hides ? foreign : undefined;
    } else if (part.type === 'tool-call' && built !== undefined) thought = undefined;
  }
  if (waiting !== undefined) parts.push(thoughtPart(waiting));
  for (const run of runs.unanswered()) losses.serverCall(run, false);
  const unmapped: UnmappedAnswer = { candidate: {}, response: {} };
  losses.foreign(response.extension);
  for (const [name, value] of Object.entries(ownFields(response.extension))) {
    if (!isObject(value) || !addUnmapped(unmapped, value)) losses.lost(name);
  }
  const candidate = {
    content: { parts, role: 'model' },
    finishReason: buildFinish(response.finish),
    index: 0,
    ...logprobsResult(response.parts.flatMap(logprobsOf), losses),
    ...candidateFields(unmapped, grounding.metadata()),
  };
  const more = unmapped.response;
  const isBlocked = more.promptFeedback !== undefined && parts.length === 0;
  return {
    ...(isBlocked ? {} : { candidates: [candidate] }),
    ...more,
    usageMetadata: buildUsage(response.usage, response.tier),
    modelVersion: response.model ?? context.model,
    responseId: response.id ?? context.requestId,
  };
}

function logprobsOf(part: Part): readonly TokenLogprob[] {
  return (part.type === 'text' || part.type === 'refusal' ? part.logprobs : undefined) ?? [];
}

/** Moves a signature without text onto the part before it, which it seals. */
function addPart(parts: JsonObject[], part: JsonObject): void {
  const last = parts.at(-1);
  const isSeal = part.text === '' && part.thought !== true && part.thoughtSignature !== undefined;
  const hasPlace = last !== undefined && last.thought !== true && last.thoughtSignature === undefined;
  if (isSeal && hasPlace && (typeof last.text === 'string' || last.inlineData !== undefined)) {
    last.thoughtSignature = part.thoughtSignature;
  } else parts.push(part);
}

/** Clients that drop thoughts keep one on the next call, as in streams; a hidden one may be on a text as well. */
function foreignThought(
  { text, signature, redacted }: ReasoningPart,
  isHidden: boolean,
): Thought | undefined {
  const token = redacted ?? signature;
  if (token !== undefined && ownSignature(token) !== undefined) return undefined;
  if (text === '' && token === undefined) return undefined;
  if (!isHidden) return redacted === undefined ? { text, token } : undefined;
  return { text, token, isRedacted: redacted !== undefined, isHidden };
}

/** Whether it is a call or a result of a tool that the provider ran, which has no place here. */
function isOfServer(part: Part): boolean {
  return part.type === 'server-tool-result' || (part.type === 'tool-call' && part.kind === 'server');
}

interface PartScope {
  grounding: GroundingWriter;
  spans: SpanWriter;
  texts: TextJoiner;
  losses: AnswerLosses;
  /** Another provider's thought before this part, unless a call carries it already. */
  thought: Thought | undefined;
  /** Whether the text of thoughts is not sent. */
  hides: boolean;
}

function buildPart(
  part: Part,
  response: NeutralResponse,
  { grounding, spans, texts, losses, thought, hides }: PartScope,
): JsonObject | undefined {
  switch (part.type) {
    case 'text': {
      losses.foreign(part.extension);
      const text = texts.joinPart(part);
      spans.add(text.slice(0, text.length - part.text.length));
      spans.begin();
      spans.add(part.text);
      for (const citation of part.citations ?? []) {
        if (grounding.add(citation, spans.segment(citation)))
          losses.citation(citation, chunkDetails(citation));
        else losses.lost('citations');
      }
      return text === '' ? undefined : { text };
    }
    case 'refusal':
      if (part.text !== '') losses.refusal();
      return part.text === '' ? undefined : { text: part.text };
    case 'reasoning': {
      losses.foreign(part.extension);
      if (part.redacted !== undefined) return redactedPart(part.redacted);
      const { signature } = part;
      const text = hides ? '' : part.text;
      if (signature !== undefined) return { ...thoughtPart({ token: signature, text }), text };
      return text === '' ? undefined : { text, thought: true };
    }
    case 'tool-call': {
      const built = callPart(part, part.signature === undefined ? thought : undefined);
      losses.call(part, built !== null);
      if (built === undefined && mayBeCutShort(response.finish)) losses.lost(CUT_CALL);
      else if (built === undefined) throw brokenArguments(part.name);
      return built ?? undefined;
    }
    case 'image':
    case 'audio':
    case 'document':
      if (part.type !== 'document') losses.foreignMedia(part.type, part.extension);
      if (part.source.kind === 'base64') return mediaDataPart(part.source.mediaType, part.source.data);
      losses.lost(part.type);
      return undefined;
    case 'server-tool-result': {
      const replayed = replayedPart(part.dialect, part.value);
      if (replayed === undefined) losses.serverResult(part);
      return replayed;
    }
    case 'opaque': {
      const replayed = replayedPart(part.dialect, part.value);
      if (replayed === undefined) losses.lost(part.name);
      return replayed;
    }
    case 'tool-result':
      return undefined;
  }
}
