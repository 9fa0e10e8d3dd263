// Why a request was routed as it was: what `sluice route` prints and the audit row stores.

/** The kinds of rule, in order of evaluation; the first match decides. */
const ROUTE_RULE_KINDS = [
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
  /** The rule's name: its place in the configuration, or what in the request acted as the rule. */
  rule: string;
  /** What in the request matched. */
  why: string;
  /** What ordered the targets; null: they are in the order in which they were written. */
  order: string | null;
}
