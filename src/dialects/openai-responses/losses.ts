// Collects what a request loses on its way into this dialect, each feature once.
import type { Extension } from '../../model/content.ts';
import type { Loss } from '../../model/request.ts';
import { ID } from './wire.ts';

export interface LossReport {
  lost(feature: string): void;
  approximated(feature: string, how: string): void;
  /** Fields that only another dialect can replay. */
  foreign(extension: Extension | undefined): void;
  list(): Loss[];
}

export function createLossReport(): LossReport {
  const losses = new Map<string, Loss>();
  function lost(feature: string): void {
    losses.set(feature, { feature, outcome: 'lost' });
  }
  return {
    lost,
    approximated(feature, how) {
      // Something dropped outweighs something that got a stand-in.
      if (!losses.has(feature)) losses.set(feature, { feature, outcome: 'approximated', how });
    },
    foreign(extension) {
      if (extension === undefined || extension.dialect === ID) return;
      for (const field of Object.keys(extension.fields)) lost(field);
    },
    list: () => [...losses.values()],
  };
}
