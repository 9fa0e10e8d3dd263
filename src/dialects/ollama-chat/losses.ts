// Collects what a request loses on its way to Ollama, each feature once.
import type { Extension } from '../../model/content.ts';
import type { Loss } from '../../model/request.ts';

export interface LossReport {
  lost(feature: string): void;
  approximated(feature: string, how: string): void;
  /** Fields that only their own dialect can say; Ollama has no clients of its own here. */
  foreign(extension: Extension | undefined): void;
  list(): Loss[];
}

export function createLossReport(): LossReport {
  const losses = new Map<string, Loss>();
  const lost = (feature: string) => void losses.set(feature, { feature, outcome: 'lost' });
  return {
    lost,
    approximated(feature, how) {
      // Something dropped outweighs something that got a stand-in.
      if (!losses.has(feature)) losses.set(feature, { feature, outcome: 'approximated', how });
    },
    foreign(extension) {
      for (const field of Object.keys(extension?.fields ?? {})) lost(field);
    },
    list: () => [...losses.values()],
  };
}
