// The messages between a thread that runs a transformer's module and its owner.
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
  /** Checks whether the thread still answers. */
  | { kind: 'ping' };

export type ToModule = { open: ModuleOpening } | { id: number; call: ModuleCall } | { close: number };

export type FromModule =
  | { ready: { changesRequests: boolean; changesAnswers: boolean } }
  | { failed: string }
  /** The call's time begins now. */
  | { began: number }
  | { id: number; result: Changed<NeutralRequest> | Changed<UserEvent[]> | null }
  | { id: number; error: string };
