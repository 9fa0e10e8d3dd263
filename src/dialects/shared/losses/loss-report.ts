// Collects what a request loses on its way into a provider's dialect, each feature once.
import type { Extension } from '../../../model/content.ts';
import type { ProviderDialectId } from '../../../model/dialect-id.ts';
import { asObject } from '../../../model/json/json.ts';
import type { Loss } from '../../../model/request.ts';

/** A class: one or two are made for each request, and most requests lose nothing. */
export class LossReport {
  private readonly own: ProviderDialectId;
  private losses: Map<string, Loss> | undefined = undefined;

  /** @param own the dialect that the request is built for. */
  constructor(own: ProviderDialectId) {
    this.own = own;
  }

  lost(feature: string, how?: string): void {
    this.losses ??= new Map();
    this.losses.set(feature, { feature, outcome: 'lost', ...(how === undefined ? {} : { how }) });
  }

  approximated(feature: string, how: string): void {
    this.losses ??= new Map();
    // A feature reported as dropped remains so, even if part of it is approximated.
    if (!this.losses.has(feature)) this.losses.set(feature, { feature, outcome: 'approximated', how });
  }

  /** Names every field of an extension that is another dialect's. */
  foreign(extension: Extension | undefined): void {
    if (extension === undefined || extension.dialect === this.own) return;
    const { fields, defaults, rests } = extension;
    for (const field of Object.keys(fields)) {
      if (defaults?.includes(field) === true) continue;
      if (rests?.includes(field) !== true) this.lost(field);
      else for (const name of Object.keys(asObject(fields[field]) ?? {})) this.lost(`${field}.${name}`);
    }
  }

  list(): Loss[] {
    return this.losses === undefined ? [] : [...this.losses.values()];
  }
}
