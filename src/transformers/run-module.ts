// Runs what a module exports, and checks that it returns only what modules may return.
import { closest } from '../model/nearest.ts';
import type { TransformContext } from './transformer.ts';
import type {
  Changed,
  ModuleCode,
  UserAnswer,
  UserContext,
  UserEvent,
  UserTransformer,
} from './user-module.ts';

/** @param exported the module's default export. Throws an Error that says what is wrong with it. */
export async function runModule(exported: unknown, options: Record<string, unknown>): Promise<ModuleCode> {
  const made: unknown = typeof exported === 'function' ? await exported(options) : exported;
  requireNoMisspelling(made);
  if (!isTransformer(made)) {
    throw new Error(
      'its default export must be an object with `request` or `answer`, or a function that returns one',
    );
  }
  // Loaded here, so that it does not use up the time limit of the first request.
  if (made.request !== undefined) await loadSchema();
  return runTransformer(made);
}

/** Runs a module in the present thread, without a time limit. */
export function runTransformer(made: UserTransformer): ModuleCode {
  return {
    changesRequests: made.request !== undefined,
    changesAnswers: made.answer !== undefined,
    async request(request, context) {
      const lost: string[] = [];
      const copy = structuredClone(request);
      const given: unknown = await made.request?.(copy, contextOf(context, lost));
      if (given === undefined || given === null) return { value: request, lost };
      const { isRequest, requestProblem } = await loadSchema();
      // Checked here, since an unknown field would be dropped and a wrong one would fail where nobody sees why.
      if (!isRequest(given))
        throw new Error(
          `\`request\` returned something that is not a valid request: ${requestProblem(given)}`,
        );
      return { value: given, lost };
    },
    answer(context) {
      const lost: string[] = [];
      let answer: UserAnswer | undefined;
      return {
        async push(events): Promise<Changed<UserEvent[]>> {
          answer ??= made.answer?.(contextOf(context, lost));
          if (typeof answer?.event !== 'function')
            throw new Error('`answer` returned no object with `event`');
          const value: UserEvent[] = [];
          for (const event of events) {
            const { text, logprobs } = spelledText(event);
            let kept = logprobs === undefined;
            await answer.event(event, (given) => {
              requireEvent(given);
              const now = spelledText(given);
              if (now.logprobs === undefined) value.push(given);
              else if (now.logprobs === logprobs && now.text === text) {
                kept = true;
                value.push(given);
              } else value.push(withoutLogprobs(given));
            });
            if (!kept) lost.push('logprobs');
          }
          return { value, lost: lost.splice(0) };
        },
        close() {},
      };
    },
    retire() {},
  };
}

/** Log probabilities belong to the tokens of the text: they are kept only while the text is unchanged. */
function spelledText(event: UserEvent): { text?: string; logprobs?: unknown } {
  return event.type === 'text-delta' || event.type === 'refusal-delta' ? event : {};
}

function withoutLogprobs(event: UserEvent): UserEvent {
  if (event.type !== 'text-delta' && event.type !== 'refusal-delta') return event;
  const { logprobs: _, ...plain } = event;
  return plain;
}

function contextOf(context: TransformContext, lost: string[]): UserContext {
  return { ...context, lost: (feature) => void lost.push(String(feature)) };
}

function isTransformer(made: unknown): made is UserTransformer {
  if (typeof made !== 'object' || made === null) return false;
  const request = 'request' in made ? made.request : undefined;
  const answer = 'answer' in made ? made.answer : undefined;
  const isCallable = (part: unknown) => part === undefined || typeof part === 'function';
  return isCallable(request) && isCallable(answer) && (request ?? answer) !== undefined;
}

const HOOKS = ['request', 'answer'];

/** A function whose name differs from a hook's by a few letters would never be called, and nothing would say so. */
function requireNoMisspelling(made: unknown): void {
  if (typeof made !== 'object' || made === null) return;
  for (const [name, value] of Object.entries(made)) {
    if (typeof value !== 'function' || HOOKS.includes(name) || isOwnWord(name)) continue;
    const meant = closest(name, HOOKS);
    if (meant !== undefined)
      throw new Error(
        `its \`${name}\` is never called (did you mean \`${meant}\`?); give a function of your own another name`,
      );
  }
}

/** `answered` and `requestOf` are plausible names of a module's own functions; one letter more, as in `requests`, may be a mistake. */
function isOwnWord(name: string): boolean {
  return HOOKS.some((hook) => name.startsWith(hook) && name.length > hook.length + 1);
}

function loadSchema() {
  return import('../model/request-schema.ts');
}

/** The fields that each event must have besides its type. Events that are not listed have none that a module sets. */
const FIELDS: Record<UserEvent['type'], Record<string, 'number' | 'string' | 'object'>> = {
  start: {},
  'text-start': { block: 'number' },
  'text-delta': { block: 'number', text: 'string' },
  'text-end': { block: 'number' },
  citation: { block: 'number', citation: 'object' },
  'refusal-start': { block: 'number' },
  'refusal-delta': { block: 'number', text: 'string' },
  'refusal-end': { block: 'number' },
  'reasoning-start': { block: 'number' },
  'reasoning-delta': { block: 'number', text: 'string' },
  'reasoning-signature': { block: 'number', signature: 'string' },
  'reasoning-end': { block: 'number' },
  'tool-start': { block: 'number', id: 'string', name: 'string', kind: 'string' },
  'tool-delta': { block: 'number', arguments: 'string' },
  'tool-end': { block: 'number' },
  'server-tool-result': { block: 'number', part: 'object' },
  media: { block: 'number', mediaType: 'string', data: 'string' },
  usage: { usage: 'object' },
  extension: { dialect: 'string', name: 'string', value: 'object' },
  finish: { finish: 'object' },
  error: {},
};

function requireEvent(given: unknown): asserts given is UserEvent {
  const fields = new Map(typeof given === 'object' && given !== null ? Object.entries(given) : []);
  const type = String(fields.get('type'));
  const needs = Object.entries(FIELDS).find(([name]) => name === type)?.[1];
  if (needs === undefined) throw new Error(`emitted an event of no known type (${type})`);
  for (const [name, kind] of Object.entries(needs)) {
    const value: unknown = fields.get(name);
    if (typeof value !== kind || value === null)
      throw new Error(`emitted ${type} whose ${name} is no ${kind}`);
  }
}
