// The loss table: what becomes of every feature between every client and every wire.
import { TABLE_WIRES, type TableWire } from './wires.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import { DIALECT_IDS } from '../../src/model/dialect-id.ts';
import { ANSWER_FEATURES, REQUEST_FEATURES } from './catalogue.ts';
import { probeAnswer } from './probe-answer.ts';
import { type Outcome, probeRequest } from './probe-request.ts';

export interface Cell {
  outcome: Outcome;
  /** As `x-sluice-lost` and the audit row name it. */
  lost: string[];
}

export interface Row {
  feature: string;
  cells: Partial<Record<TableWire, Cell>>;
}

export interface Section {
  title: string;
  rows: Row[];
}

export interface ClientTable {
  client: DialectId;
  requests: Section[];
  answers: Section[];
}

/** Throws where a feature vanishes without a name. */
export function buildTables(): ClientTable[] {
  return DIALECT_IDS.map((client) => ({
    client,
    requests: sections(REQUEST_FEATURES, (feature, wire) => {
      const probe = probeRequest(feature, client, wire);
      const lost = probe?.named.filter(({ outcome }) => outcome === 'lost') ?? [];
      return probe && { outcome: probe.outcome, lost: lost.map((loss) => loss.feature) };
    }),
    answers: sections(ANSWER_FEATURES, (feature, wire) => {
      const probe = probeAnswer(feature, client, wire);
      return probe && { outcome: probe.outcome, lost: probe.lost };
    }),
  }));
}

function sections<Feature extends { name: string }>(
  groups: readonly { title: string; features: readonly Feature[] }[],
  probe: (feature: Feature, wire: TableWire) => Cell | undefined,
): Section[] {
  return groups.map(({ title, features }) => ({
    title,
    rows: features.flatMap((feature) => {
      const cells: Row['cells'] = {};
      for (const wire of TABLE_WIRES) {
        const cell = probe(feature, wire);
        if (cell !== undefined) cells[wire] = cell;
      }
      return Object.keys(cells).length === 0 ? [] : [{ feature: feature.name, cells }];
    }),
  }));
}
