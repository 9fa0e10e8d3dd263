// Why a request went where it went: what `sluice route` prints and the audit row keeps.

/** The kinds of rule, in the order in which they are asked; the first that matches decides. */
export const ROUTE_RULE_KINDS = [
  'explicit',
  'agent',
  'model-mapping',
  'model-tier',
  'scenario',
  'pattern',
  'inferred-agent',
  'default',
] as const;

export type RouteRuleKind = (typeof ROUTE_RULE_KINDS)[number];

export interface RouteDecision {
  kind: RouteRuleKind;
  /** The rule's own text: where it stands in the configuration, or what in the request took its place. */
  rule: string;
  /** What in the request matched. */
  why: string;
  /** What put the targets into their order; null: they stand as written. */
  order: string | null;
}
