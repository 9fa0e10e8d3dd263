// Collects what a request loses on its way into a provider's dialect, each feature once.
import type { Extension } from '../model/content.ts';
import type { ProviderDialectId } from '../model/dialect-id.ts';
import type { Loss, Tool } from '../model/request.ts';

export interface LossReport {
  lost(feature: string, how?: string): void;
  approximated(feature: string, how: string): void;
  /** Names every field of an extension that is another dialect's. */
  foreign(extension: Extension | undefined): void;
  /** For dialects without groups of tools: one that stood in a group stands alone, under its whole name. */
  ungrouped(tool: Tool): void;
  list(): Loss[];
}

/** @param own the dialect that the request is built for. */
export function createLossReport(own: ProviderDialectId): LossReport {
  const losses = new Map<string, Loss>();
  function lost(feature: string, how?: string): void {
    losses.set(feature, { feature, outcome: 'lost', ...(how === undefined ? {} : { how }) });
  }
  function approximated(feature: string, how: string): void {
    // Something dropped outweighs something that got a stand-in.
    if (!losses.has(feature)) losses.set(feature, { feature, outcome: 'approximated', how });
  }
  return {
    lost,
    approximated,
    ungrouped(tool) {
      if (tool.type === 'server' || tool.namespace === undefined) return;
      approximated('tools.namespace', "its tools stand alone, the group's name before theirs");
    },
    foreign(extension) {
      if (extension === undefined || extension.dialect === own) return;
      for (const field of Object.keys(extension.fields)) {
        if (extension.defaults?.includes(field) !== true) lost(field);
      }
    },
    list: () => [...losses.values()],
  };
}
