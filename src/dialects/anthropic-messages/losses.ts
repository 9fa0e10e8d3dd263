// Collects what a request loses on its way to this dialect, each feature once.
import type { Extension } from '../../model/content.ts';
import type { Loss } from '../../model/request.ts';
import { ID } from './wire.ts';

export interface LossList {
  lost(feature: string, how?: string): void;
  approximated(feature: string, how: string): void;
  /** Names every field of an extension that is another dialect's. */
  foreign(extension: Extension | undefined): void;
  readonly all: Loss[];
}

export function createLossList(): LossList {
  const byKey = new Map<string, Loss>();
  const add = (loss: Loss) => {
    const key = `${loss.outcome} ${loss.feature}`;
    if (!byKey.has(key)) byKey.set(key, loss);
  };
  const lost = (feature: string, how?: string) =>
    add({ feature, outcome: 'lost', ...(how === undefined ? {} : { how }) });
  return {
    lost,
    approximated: (feature, how) => add({ feature, outcome: 'approximated', how }),
    foreign(extension) {
      if (extension === undefined || extension.dialect === ID) return;
      for (const name of Object.keys(extension.fields)) lost(name);
    },
    get all() {
      return [...byKey.values()];
    },
  };
}
