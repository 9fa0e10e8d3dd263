// The section `routing` of the configuration: rules, their targets, and their other settings.
import { z } from 'zod';
import { TIER_NAMES } from '../providers/model-tiers.ts';
import { timer } from './schema-units.ts';
import { transformerList } from './transformer-list.ts';

export const STRATEGIES = ['ordered', 'weighted', 'least_latency', 'least_cost', 'least_busy'] as const;

const target = () => z.string().min(1);

const EXPECTED_TARGETS = 'expected a target such as provider/model, or a list of targets';

const weightedSchema = z.strictObject({
  target: target().describe('`provider`, `provider/model`, or a name of `routing.groups`.'),
  weight: z
    .number()
    .min(0)
    .optional()
    .describe('Share of the requests, relative to the other weights; 1 where it is left out.'),
});

const listedSchema = z
  .union([target(), weightedSchema], {
    error: 'expected a target such as provider/model, or { target, weight }',
  })
  .meta({ id: 'TARGET', description: 'A target in a list: its name, or these keys.' });

const listSchema = z.array(listedSchema).min(1);

const targetsSchema = z
  .union([target(), listSchema], { error: EXPECTED_TARGETS })
  .meta({ title: 'target or list of `TARGET`' });

/** Settings of every rule. */
const ruleShape = {
  to: targetsSchema.describe(
    'A target, or several that are tried in the order of `strategy`. `routing.fallback_chain` follows.',
  ),
  strategy: z
    .enum(STRATEGIES)
    .optional()
    .describe(
      'Which of several targets comes first. Default: `weighted` if weights are given, else `ordered`.',
    ),
  continue_streams: z.boolean().optional().describe('Overrides `routing.continue_streams`.'),
  hedge_after: timer().nullable().optional().describe('Overrides `routing.hedge_after`.'),
  context_fallback: z.array(target()).optional().describe('Overrides `routing.context_fallback`.'),
  transformers: transformerList().optional().describe('Overrides `routing.transformers`.'),
};

const ruleSchema = z
  .union([target(), listSchema, z.strictObject(ruleShape)], {
    error: `${EXPECTED_TARGETS}, or a section with \`to\``,
  })
  .meta({
    id: 'RULE',
    title: 'RULE',
    description: 'The targets of a rule: one, a list of them, or these keys.',
  });

const phraseSchema = z
  .union(
    [
      target(),
      z.strictObject({
        phrase: target().describe('Words, or `/regular expression/`.'),
        weight: z.number().default(1).describe('What a match adds to the sum; may be negative.'),
      }),
    ],
    { error: 'expected a phrase, or { phrase, weight }' },
  )
  .meta({ id: 'PHRASE', description: 'What a pattern looks for: its text, or these keys.' });

const scenario = (what: string) => ruleSchema.optional().describe(what);

export const routingSchema = z.strictObject({
  default_provider: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Provider for requests that no other rule matches. `null`: the one that knows the model, else the first.',
    ),
  fallback_chain: z
    .array(target())
    .default([])
    .describe('Targets (`provider` or `provider/model`) tried in order after the first one has failed.'),
  groups: z
    .record(z.string().min(1), targetsSchema)
    .default({})
    .describe('Names for lists of targets, usable wherever the file expects a target.'),
  session_affinity: z
    .boolean()
    .default(true)
    .describe('A conversation stays on its target, so that its prompt cache keeps working.'),
  agent_rules: z
    .record(z.string().min(1), ruleSchema)
    .default({})
    .describe('By the client’s agent (`agent_type`, `x-sluice-agent`).'),
  model_mappings: z
    .array(
      z.strictObject({
        from: z.string().min(1).describe('Name of the requested model; `*` matches anything.'),
        ...ruleShape,
      }),
    )
    .default([])
    .describe('By the requested model; the first match wins.'),
  model_tier_rules: z
    .partialRecord(z.enum(TIER_NAMES), ruleSchema)
    .default({})
    .describe('By the tier of the requested model; docs/routing.md lists the tiers.'),
  scenarios: z
    .strictObject({
      image: scenario('The conversation contains an image.'),
      web_search: scenario('The client requests the provider’s web search.'),
      long_context: scenario('The prompt has more tokens than `long_context_threshold`.'),
      long_context_threshold: z.number().int().min(1).default(60_000).describe('In tokens.'),
      think: scenario('Thinking is requested.'),
      background: scenario('A small model is requested, as agents do for side tasks.'),
    })
    .prefault({})
    .describe('By what the request needs; the first match in this order wins.'),
  patterns: z
    .array(
      z.strictObject({
        match: z
          .array(phraseSchema)
          .min(1)
          .describe('Phrases, matched as whole words, or `/regular expressions/`.'),
        threshold: z
          .number()
          .positive()
          .default(1)
          .describe('Smallest sum of the weights of the phrases found; a phrase without a weight counts 1.'),
        priority: z
          .number()
          .default(0)
          .describe('If several patterns match, the highest priority wins, then the higher sum.'),
        case_sensitive: z
          .boolean()
          .default(false)
          .describe('Whether case matters; a regular expression has flags for that, `/…/i`.'),
        ...ruleShape,
      }),
    )
    .default([])
    .describe('By the text of the last user message.'),
  infer_agents: z
    .record(z.string().min(1), z.array(target()).min(1))
    .default({})
    .describe(
      'For clients that do not name their agent: phrases of its system prompt, by the name of its agent rule.',
    ),
  context_fallback: z
    .array(target())
    .default([])
    .describe('Targets with a larger context window, tried if the prompt is too long for the model.'),
  continue_streams: z
    .boolean()
    .default(false)
    .describe('Continue with the next target after a failure in mid-stream, where that is sound.'),
  hedge_after: timer()
    .nullable()
    .default(null)
    .describe('Start the next target in parallel if the first has sent no content by then; `null`: never.'),
  transformers: transformerList()
    .default([])
    .describe(
      'Steps that change requests and answers, before those of the provider; see docs/transformers.md.',
    ),
});

export type RoutingFile = z.output<typeof routingSchema>;
export type RuleEntry = z.output<typeof ruleSchema>;
export type TargetsEntry = z.output<typeof targetsSchema>;
