// What the simulator will answer, decided before the first byte: blocks cut into tokens, finish, usage.
import type { Part } from '../model/content.ts';
import type { DialectId } from '../model/dialect-id.ts';
import { GatewayError } from '../model/errors.ts';
import type { Finish } from '../model/finish.ts';
import type { NeutralRequest } from '../model/request.ts';
import type { NeutralResponse } from '../model/response.ts';
import type { Usage } from '../model/usage.ts';
import { composeAnswer, type Draft } from './compose.ts';
import type { SimulatorOptions } from './options.ts';
import { cutIntoPieces } from './pieces.ts';
import { countInput } from './token-count.ts';

export interface Plan {
  id: string;
  model: string;
  blocks: PlannedBlock[];
  finish: Finish;
  usage: Usage;
}

/** A block of the answer. Its `pieces`, joined, are its text or arguments. */
export interface PlannedBlock {
  draft: Draft;
  pieces: string[];
}

/** A limit, since each stop sequence searches the whole answer. */
const MOST_STOP_SEQUENCES = 64;

/** Throws `invalid_request`. */
export function planAnswer(
  request: NeutralRequest,
  options: SimulatorOptions,
  id: string,
  dialect: DialectId,
): Plan {
  const { stopSequences = [] } = request;
  if (stopSequences.length > MOST_STOP_SEQUENCES) {
    const message = `${stopSequences.length} stop sequences; it takes ${MOST_STOP_SEQUENCES} at most`;
    throw new GatewayError('invalid_request', message);
  }
  const drafts = composeAnswer(request, options, dialect);
  const stopped = applyStopSequences(drafts, stopSequences);
  const { blocks, isCut } = applyLimit(stopped.drafts, request.maxOutputTokens ?? Number.POSITIVE_INFINITY);
  const outputTokens = countTokens(blocks, () => true);
  const reasoningTokens = countTokens(blocks, (block) => block.draft.type === 'reasoning');
  return {
    id,
    model: request.model,
    blocks,
    finish: isCut ? { unified: 'max_tokens', raw: null } : stopped.finish,
    usage: { ...countInput(request), outputTokens, reasoningTokens },
  };
}

export function planToResponse(plan: Plan): NeutralResponse {
  const { id, model, finish, usage } = plan;
  return { id, model, parts: plan.blocks.map(toPart), finish, usage };
}

function toPart({ draft, pieces }: PlannedBlock): Part {
  const text = pieces.join('');
  switch (draft.type) {
    case 'text':
      return { type: 'text', text };
    case 'summary':
      return draft.part;
    case 'reasoning':
      return { type: 'reasoning', text, signature: draft.signature };
    case 'tool-call':
      return { type: 'tool-call', id: draft.id, name: draft.name, kind: draft.kind, arguments: text };
  }
}

function countTokens(blocks: PlannedBlock[], counts: (block: PlannedBlock) => boolean): number {
  return blocks.filter(counts).reduce((sum, block) => sum + block.pieces.length, 0);
}

/** Ends the answer before the first stop sequence in its text, as providers do. */
function applyStopSequences(drafts: Draft[], sequences: string[]): { drafts: Draft[]; finish: Finish } {
  for (const [index, draft] of drafts.entries()) {
    if (draft.type !== 'text') continue;
    const hit = firstHit(draft.text, sequences);
    if (hit === undefined) continue;
    const cut = { ...draft, text: draft.text.slice(0, hit.at) };
    return {
      drafts: [...drafts.slice(0, index), cut],
      finish: { unified: 'stop_sequence', raw: null, stopSequence: hit.sequence },
    };
  }
  const callsTool = drafts.some((draft) => draft.type === 'tool-call');
  return { drafts, finish: { unified: callsTool ? 'tool_use' : 'end_turn', raw: null } };
}

function firstHit(text: string, sequences: string[]): { at: number; sequence: string } | undefined {
  return sequences
    .filter((sequence) => sequence !== '')
    .map((sequence) => ({ at: text.indexOf(sequence), sequence }))
    .filter((hit) => hit.at >= 0)
    .sort((first, second) => first.at - second.at)[0];
}

/** Cuts the answer at `most` tokens. A tool call that does not fit completely is left out: half a call is useless. */
function applyLimit(drafts: Draft[], most: number): { blocks: PlannedBlock[]; isCut: boolean } {
  const blocks: PlannedBlock[] = [];
  let room = most;
  for (const draft of drafts) {
    const pieces = cutIntoPieces(draft.text);
    if (pieces.length <= room) {
      blocks.push({ draft, pieces });
      room -= pieces.length;
      continue;
    }
    if (draft.type !== 'tool-call' && room > 0) blocks.push({ draft, pieces: pieces.slice(0, room) });
    return { blocks, isCut: true };
  }
  return { blocks, isCut: false };
}
