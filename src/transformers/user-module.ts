// The user's own transformers: what a module exports, and how it is used like the built-in ones.
import { GatewayError } from '../model/errors.ts';
import type { StreamEvent } from '../model/events.ts';
import type { NeutralRequest } from '../model/request.ts';
import type { AnswerContext, AnswerStep, TransformContext, Transformer } from './transformer.ts';

/**
 * What a module's default export is, or returns when called with the entry's options. Its functions may be
 * asynchronous; a call that lasts longer than `time_limit` (one second by default) fails its request.
 */
export interface UserTransformer {
  /** Gets its own copy of the request. What it returns is used; if it returns nothing, the request stays unchanged. */
  request?(
    request: NeutralRequest,
    context: UserContext,
  ): NeutralRequest | undefined | Promise<NeutralRequest | undefined>;
  /** Called once for each answer. The object it returns is given every event in order, `finish` or `error` last. */
  answer?(context: UserContext): UserAnswer;
}

export interface UserAnswer {
  /** Call `emit` with what the client is to get, at once or at a later event. An `error` is always passed on. */
  event(event: UserEvent, emit: (event: UserEvent) => void): void | Promise<void>;
}

/** An event as modules see it; of an error they see only the message. */
export type UserEvent = Exclude<StreamEvent, { type: 'error' }> | { type: 'error'; message: string };

export interface UserContext extends TransformContext {
  /** Names what the step removes, for `lost` in the audit row. */
  lost(feature: string): void;
}

export type UserTransformerExport =
  | UserTransformer
  | ((options: Record<string, unknown>) => UserTransformer | Promise<UserTransformer>);

/** A module named in a configuration. */
export interface TransformerModule {
  /** The path as written, relative to the configuration file. */
  readonly file: string;
  readonly options: Record<string, unknown>;
  /** Milliseconds that one call may take. */
  readonly timeLimitMs: number;
  /** The configuration key that names it. */
  readonly path: readonly (string | number)[];
  /** Null until the code is loaded. */
  code: ModuleCode | null;
  /** Identifies the state of the file when the code was read; undefined before that. */
  stamp?: string | undefined;
}

/** A module's code, whichever thread runs it. */
export interface ModuleCode {
  readonly changesRequests: boolean;
  readonly changesAnswers: boolean;
  request(request: NeutralRequest, context: TransformContext): Promise<Changed<NeutralRequest>>;
  answer(context: TransformContext): ModuleAnswer;
  /** To be called when no new exchange will come; running ones may end. */
  retire(): void;
}

export interface Changed<T> {
  value: T;
  lost: string[];
}

export interface ModuleAnswer {
  push(events: readonly UserEvent[]): Promise<Changed<UserEvent[]>>;
  close(): void;
}

export function createModuleTransformer(module: TransformerModule): Transformer {
  const { file, options } = module;
  const codeOf = (): ModuleCode => {
    if (module.code === null) throw notLoaded(file);
    return module.code;
  };
  return {
    name: file,
    options,
    slow: true,
    get request() {
      const code = codeOf();
      if (!code.changesRequests) return undefined;
      return async (request: NeutralRequest, context: Parameters<NonNullable<Transformer['request']>>[1]) => {
        const { provider, model } = context;
        const { value, lost } = await code.request(request, { provider, model });
        for (const feature of lost) context.lose({ feature, outcome: 'lost', how: `by ${file}` });
        return value;
      };
    },
    get answer() {
      const code = codeOf();
      return code.changesAnswers ? (context: AnswerContext) => createModuleStep(code, context) : undefined;
    },
  };
}

function createModuleStep(code: ModuleCode, { provider, model, lost }: AnswerContext): AnswerStep {
  const answer = code.answer({ provider, model });
  return {
    async push(events) {
      const { value, lost: features } = await answer.push(events.map(toUser));
      for (const feature of features) lost(feature);
      // Only the gateway reports errors: a module that passes one on means the one that it was given.
      return value.filter((event) => event.type !== 'error');
    },
    close: () => answer.close(),
  };
}

function toUser(event: StreamEvent): UserEvent {
  return event.type === 'error' ? { type: 'error', message: event.error.message } : event;
}

function notLoaded(file: string): GatewayError {
  return new GatewayError('transformer_failed', `transformer ${file} is not loaded; restart the gateway`);
}
