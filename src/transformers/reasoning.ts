// `reasoning`: thinking as tagged text (`<think>…</think>`), or tagged text as thinking. Changes made to answers are
// undone in the history that comes with the next request.
import { z } from 'zod';
import type { Part } from '../model/content.ts';
import type { NeutralRequest } from '../model/request.ts';
import { createTagReader, type TagReader, tagsOf, type Tags } from './tagged-text.ts';
import { createTagging, createUntagging } from './reasoning-answer.ts';
import { defineTransformer } from './row.ts';
import type { RequestContext } from './transformer.ts';

export const reasoning = defineTransformer({
  name: 'reasoning',
  summary: 'Turns thinking into tagged text, or tagged text into thinking.',
  options: z.strictObject({
    as: z
      .enum(['thinking', 'text'])
      .default('thinking')
      .describe(
        'What clients get: `thinking` for models that write tagged text, `text` for clients that show only text.',
      ),
    tag: z
      .string()
      .regex(/^[A-Za-z][\w-]{0,63}$/, { error: 'is not the name of a tag, such as think' })
      .default('think')
      .describe('Name of the tag.'),
    opened: z
      .boolean()
      .default(false)
      .describe(
        'The model’s prompt template ends with the opening tag, so that its answer begins inside it.',
      ),
  }),
  create({ as, tag, opened }) {
    const tags = tagsOf(tag);
    if (as === 'text') {
      return {
        answer: (context) => createTagging(tags, context),
        request: (request) => eachAssistantPart(request, (part) => untag(part, tags)),
      };
    }
    return {
      answer: (context) => createUntagging(tags, opened, context),
      request: (request, context) => eachAssistantPart(request, (part) => tagged(part, tags, context)),
    };
  },
});

function eachAssistantPart(request: NeutralRequest, change: (part: Part) => Part[]): NeutralRequest {
  let changed = false;
  const messages = request.messages.map((message) => {
    if (message.role !== 'assistant') return message;
    const parts = message.parts.flatMap((part) => {
      const instead = change(part);
      changed ||= instead.length !== 1 || instead[0] !== part;
      return instead;
    });
    return { ...message, parts };
  });
  return changed ? { ...request, messages } : request;
}

function tagged(part: Part, tags: Tags, context: RequestContext): Part[] {
  if (part.type !== 'reasoning') return [part];
  if (part.signature !== undefined || part.redacted !== undefined)
    context.lose({ feature: 'reasoning signature', outcome: 'lost', how: 'thinking is sent as tagged text' });
  return part.text === '' ? [] : [{ type: 'text', text: tags.open + part.text + tags.close }];
}

function untag(part: Part, tags: Tags): Part[] {
  if (part.type !== 'text' || !part.text.trimStart().startsWith(tags.open)) return [part];
  const parts: Part[] = [];
  const reader: TagReader = createTagReader(tags, false, (text, inside) => {
    const last = parts.at(-1);
    const type = inside ? 'reasoning' : 'text';
    if (last?.type === type) last.text += text;
    else parts.push({ type, text });
  });
  reader.feed(part.text);
  reader.flush();
  const { text: _, type: __, ...rest } = part;
  const answer = parts.at(-1);
  return answer?.type === 'text' ? [...parts.slice(0, -1), { ...rest, ...answer }] : parts;
}
