// NeutralResponse → a whole answer. https://docs.ollama.com/api/chat
import type { JsonObject } from '../../model/json/json.ts';
import { mayBeCutShort } from '../../model/finish.ts';
import type { TokenLogprob } from '../../model/logprobs.ts';
import type { ThoughtBeforeCall } from '../../model/opaque-token.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { TextJoiner } from '../shared/joined-texts.ts';
import { AnswerLosses } from '../shared/losses/answer-losses.ts';
import { buildLogprobs } from '../openai/logprobs.ts';
import type { AnswerContext } from '../dialect.ts';
import { brokenArguments, CUT_CALL } from '../shared/tools/call-arguments.ts';
import { buildCall, buildEnding, lineHead, reportThoughts } from './answer-line.ts';
import { ID } from './wire.ts';

/** Throws GatewayError `upstream_malformed` for a call that this dialect cannot express. */
export function buildResponse(response: NeutralResponse, context: AnswerContext): JsonObject {
  const losses = new AnswerLosses(ID, context);
  losses.foreign(response.extension);
  let content = '';
  const joiner = new TextJoiner();
  let thinking = '';
  const calls: JsonObject[] = [];
  const spelling: TokenLogprob[] = [];
  let thoughts: ThoughtBeforeCall[] = [];
  for (const part of response.parts) {
    switch (part.type) {
      case 'text':
        losses.foreign(part.extension);
        if (part.citations !== undefined && part.citations.length > 0) losses.lost('citations');
        content += joiner.joinPart(part);
        spelling.push(...(part.logprobs ?? []));
        break;
      case 'refusal':
        losses.refusal();
        joiner.setApart();
        content += joiner.join(part.text);
        spelling.push(...(part.logprobs ?? []));
        break;
      case 'reasoning':
        losses.foreign(part.extension);
        thinking += part.text;
        thoughts.push({
          length: part.text.length,
          token: part.redacted ?? part.signature ?? null,
          isRedacted: part.redacted !== undefined,
          isAfterText: content !== '',
        });
        break;
      case 'tool-call': {
        losses.call(part, false);
        if (part.kind === 'server') break;
        const call = buildCall(part, calls.length, thoughts);
        if (call !== undefined) {
          calls.push(call);
          thoughts = [];
        } else if (mayBeCutShort(response.finish)) losses.lost(CUT_CALL);
        else throw brokenArguments(part.name);
        break;
      }
      case 'image':
      case 'audio':
      case 'document':
        losses.lost(part.type);
        break;
      case 'server-tool-result':
        losses.serverResult(part);
        break;
      case 'opaque':
        losses.lost(part.name);
        break;
      case 'tool-result':
        break;
    }
    joiner.endPart(part);
  }
  reportThoughts(thoughts, losses);
  return {
    ...lineHead(response.model ?? context.model, context),
    message: {
      role: 'assistant',
      content,
      ...(thinking !== '' && { thinking }),
      ...(calls.length > 0 && { tool_calls: calls }),
    },
    ...buildEnding(response.finish, response.usage, losses, context),
    ...(spelling.length > 0 && { logprobs: buildLogprobs(spelling, []) }),
  };
}
