// Neutral turns → `contents`: user and model alternate, and results directly follow their calls.
import type { Part } from '../../model/content.ts';
import { asArray, asObject, type JsonObject } from '../../model/json/json.ts';
import type { Message } from '../../model/request.ts';
import { AnsweredCalls } from '../shared/answered-calls.ts';
import { reportUntold } from '../shared/code-execution.ts';
import { letModelBegin } from '../shared/turns/first-turn.ts';
import { unreadableTurn } from '../shared/turns/last-turn.ts';
import { type CallPlaces, callPlaces, resultsInOrder } from '../shared/tools/results-in-order.ts';
import { type BuildScope, buildPart, buildResult } from './build-parts.ts';
import { codeRunParts, isForeignRun } from './server-tools.ts';
import { UNCHECKED } from './signature.ts';

export function buildContents(messages: readonly Message[], scope: BuildScope): JsonObject[] {
  const contents: JsonObject[] = [];
  let called: CallPlaces = new Map();
  for (const { role, parts } of turnsOf(messages, scope)) {
    if (role === 'model') {
      called = callPlaces(parts);
      const built = buildModel(parts, scope);
      if (built.length > 0) contents.push({ role, parts: built });
      continue;
    }
    const results: JsonObject[] = [];
    const others: JsonObject[] = [];
    for (const part of resultsInOrder(parts, called)) {
      if (part.type === 'tool-result') {
        results.push(buildResult(part, scope.callNames.get(part.callId) ?? part.callId, others, scope));
        continue;
      }
      const built = buildPart(part, scope);
      if (built !== undefined) others.push(built);
    }
    const text = results.length + others.length === 0 ? unreadableTurn(role, parts) : undefined;
    if (text !== undefined) others.push({ text });
    // A content with results must have as many as there are calls before it, and nothing else.
    if (results.length > 0) contents.push({ role, parts: results });
    if (others.length > 0) contents.push({ role, parts: others });
  }
  // The model's text may come first, but not its call.
  if (contents[0]?.role === 'model' && calls(contents[0]))
    contents.unshift({ role: 'user', parts: [{ text: letModelBegin(scope.losses) }] });
  return contents;
}

function calls({ parts }: JsonObject): boolean {
  return (asArray(parts) ?? []).some((part) => asObject(part)?.functionCall !== undefined);
}

interface Turn {
  role: 'user' | 'model';
  parts: Part[];
}

/** Consecutive messages of one side form one turn: results of parallel calls may come in separate messages. */
function turnsOf(messages: readonly Message[], { losses }: BuildScope): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    // A content without parts is refused; its neighbours are joined to one turn.
    if (message.parts.every((part) => part.type === 'text' && part.text === '')) continue;
    if (message.name !== undefined) losses.lost('messages.name');
    if (message.role === 'system' && message.parts.some(({ type }) => type !== 'opaque')) {
      losses.approximated('messages.system', 'an instruction between turns is sent as user text');
    }
    const role = message.role === 'assistant' ? 'model' : 'user';
    const last = turns.at(-1);
    if (last?.role === role) last.parts.push(...message.parts);
    else turns.push({ role, parts: [...message.parts] });
  }
  return turns;
}

function buildModel(parts: readonly Part[], scope: BuildScope): JsonObject[] {
  const built: JsonObject[] = [];
  const runs = new AnsweredCalls();
  for (const part of parts) {
    if (part.type === 'tool-result') continue;
    if (isForeignRun(part)) {
      runs.add(part);
      continue;
    }
    const run = part.type === 'server-tool-result' ? runs.answered(part) : undefined;
    if (run !== undefined && part.type === 'server-tool-result' && part.output !== undefined) {
      reportUntold(run, part.output, true, scope.losses);
      built.push(...codeRunParts(run, part.output));
      continue;
    }
    if (part.type === 'tool-call') scope.callNames.set(part.id, part.name);
    const wire = buildPart(part, scope);
    if (wire !== undefined) built.push(wire);
  }
  for (const { name } of runs.unanswered()) scope.losses.lost(`tools.${name}`);
  const sealed = applySeals(built);
  if (scope.traits.needsSignatures) excuseCalls(sealed, scope);
  if (scope.traits.needsSignedImages) excuseImages(sealed, scope);
  return sealed;
}

/**
 * A signature without text belongs to the text or image before it or, if a client's dialect puts reasoning first, to the one after it;
 * otherwise it becomes a separate part, as in streams.
 */
function applySeals(parts: readonly JsonObject[]): JsonObject[] {
  const sealed: JsonObject[] = [];
  let waiting: JsonObject | undefined;
  for (const part of parts) {
    const isSeal = part.text === '' && part.thoughtSignature !== undefined;
    const last = sealed.at(-1);
    if (isSeal && last !== undefined && maySeal(last)) last.thoughtSignature = part.thoughtSignature;
    else if (isSeal && waiting === undefined && sealed.every((each) => each.thought === true)) waiting = part;
    else if (waiting !== undefined && maySeal(part)) {
      sealed.push({ ...part, thoughtSignature: waiting.thoughtSignature });
      waiting = undefined;
    } else {
      if (waiting !== undefined) sealed.push(waiting);
      waiting = undefined;
      sealed.push({ ...part });
    }
  }
  return waiting === undefined ? sealed : [...sealed, waiting];
}

function maySeal(part: JsonObject): boolean {
  if (part.thoughtSignature !== undefined || part.thought === true) return false;
  return (typeof part.text === 'string' && part.text !== '') || part.inlineData !== undefined;
}

/** The first call of a step must be signed. One that no Gemini model made gets the value that Google documents for such calls. */
function excuseCalls(parts: JsonObject[], { losses }: BuildScope): void {
  const first = parts.find((part) => part.functionCall !== undefined);
  if (first === undefined || first.thoughtSignature !== undefined) return;
  first.thoughtSignature = UNCHECKED;
  losses.approximated('thought_signature', 'a call that this model did not sign passes unchecked');
}

/** Avoids "Image part is missing a thought_signature", for images of other models, or of clients that drop signatures. */
function excuseImages(parts: readonly JsonObject[], { losses }: BuildScope): void {
  const first = parts.find((part) => part.thought !== true);
  for (const part of parts) {
    if (part.thoughtSignature !== undefined || (part !== first && part.inlineData === undefined)) continue;
    part.thoughtSignature = UNCHECKED;
    losses.approximated('thought_signature', 'what this model did not sign passes unchecked');
  }
}
