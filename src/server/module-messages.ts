// What a thread that runs a transformer's module and its owner tell each other.
import type { NeutralRequest } from '../model/request.ts';
import type { TransformContext } from '../transformers/transformer.ts';
import type { Changed, UserEvent } from '../transformers/user-module.ts';

export interface ModuleOpening {
  /** `file:` URL. */
  url: string;
  options: Record<string, unknown>;
}

export type ModuleCall =
  | { kind: 'request'; request: NeutralRequest; context: TransformContext }
  | {
      kind: 'events';
      answer: number;
      context: TransformContext;
      first: boolean;
      events: readonly UserEvent[];
    }
  /** To see whether it still answers. */
  | { kind: 'ping' };

export type ToModule = { open: ModuleOpening } | { id: number; call: ModuleCall } | { close: number };

export type FromModule =
  | { ready: { changesRequests: boolean; changesAnswers: boolean } }
  | { failed: string }
  /** From now on the call's time is counted. */
  | { began: number }
  | { id: number; result: Changed<NeutralRequest> | Changed<UserEvent[]> | null }
  | { id: number; error: string };
