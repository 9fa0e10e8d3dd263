// The section `routing` of the configuration: rules, where they lead, and what else they say.
import { z } from 'zod';
import { TIER_NAMES } from '../providers/model-tiers.ts';
import { timer } from './schema-units.ts';
import { transformerList } from './transformer-list.ts';

export const STRATEGIES = ['ordered', 'weighted', 'least_latency', 'least_cost', 'least_busy'] as const;

const target = () => z.string().min(1);

const EXPECTED_TARGETS = 'expected a target such as provider/model, or a list of targets';

const weightedSchema = z.strictObject({
  target: target().describe('`provider`, `provider/model`, or a name of `routing.groups`.'),
  weight: z.number().min(0).default(1).describe('Share of the requests, compared with the other weights.'),
});

const listedSchema = z
  .union([target(), weightedSchema], {
    error: 'expected a target such as provider/model, or { target, weight }',
  })
  .meta({ id: 'TARGET', description: 'A target of a list: its name, or these keys.' });

const listSchema = z.array(listedSchema).min(1);

const targetsSchema = z
  .union([target(), listSchema], { error: EXPECTED_TARGETS })
  .meta({ title: 'target or list of `TARGET`' });

/** What every rule may say. */
const ruleShape = {
  to: targetsSchema.describe(
    'Where it leads: a target, or several, then tried in the order of `strategy`. `routing.fallback_chain` follows.',
  ),
  strategy: z
    .enum(STRATEGIES)
    .optional()
    .describe(
      'Which of several targets comes first. Default: `weighted` where weights are given, else `ordered`.',
    ),
  continue_streams: z.boolean().optional().describe('In place of `routing.continue_streams`.'),
  hedge_after: timer().nullable().optional().describe('In place of `routing.hedge_after`.'),
  context_fallback: z.array(target()).optional().describe('In place of `routing.context_fallback`.'),
  transformers: transformerList().optional().describe('In place of `routing.transformers`.'),
};

const ruleSchema = z
  .union([target(), listSchema, z.strictObject(ruleShape)], {
    error: `${EXPECTED_TARGETS}, or a section with \`to\``,
  })
  .meta({
    id: 'RULE',
    title: 'RULE',
    description: 'Where a rule leads: a target, a list of targets, or these keys.',
  });

const phraseSchema = z
  .union(
    [
      target(),
      z.strictObject({
        phrase: target().describe('Words, or `/regular expression/`.'),
        weight: z.number().default(1).describe('What finding it counts; below zero it speaks against.'),
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
    .describe('Provider of requests that name none. `null`: the one that knows the model, else the first.'),
  fallback_chain: z
    .array(target())
    .default([])
    .describe('Targets (`provider` or `provider/model`) tried in order after the first one failed.'),
  groups: z
    .record(z.string().min(1), targetsSchema)
    .default({})
    .describe('Names for lists of targets; such a name may stand wherever the file has a target.'),
  session_affinity: z
    .boolean()
    .default(true)
    .describe('A conversation stays where it is served, so that its prompt cache keeps working.'),
  agent_rules: z
    .record(z.string().min(1), ruleSchema)
    .default({})
    .describe('By the agent that asks (`agent_type`, `x-sluice-agent`).'),
  model_mappings: z
    .array(
      z.strictObject({
        from: z.string().min(1).describe('Name of the model asked for; `*` fits anything.'),
        ...ruleShape,
      }),
    )
    .default([])
    .describe('By the model asked for; the first that fits.'),
  model_tier_rules: z
    .partialRecord(z.enum(TIER_NAMES), ruleSchema)
    .default({})
    .describe('By the tier of the model asked for; docs/routing.md has the table.'),
  scenarios: z
    .strictObject({
      image: scenario('The conversation has an image.'),
      web_search: scenario('The client asks for the provider’s web search.'),
      long_context: scenario('The prompt has more tokens than `long_context_threshold`.'),
      long_context_threshold: z.number().int().min(1).default(60_000).describe('In tokens.'),
      think: scenario('Thinking is asked for.'),
      background: scenario('A small model is asked for, as agents do for their chores.'),
    })
    .prefault({})
    .describe('By what the request needs; the first of these, in this order.'),
  patterns: z
    .array(
      z.strictObject({
        match: z.array(phraseSchema).min(1).describe('Phrases, as whole words; or `/regular expressions/`.'),
        threshold: z
          .number()
          .positive()
          .default(1)
          .describe('Least sum of the weights of the phrases found; a phrase alone counts 1.'),
        priority: z
          .number()
          .default(0)
          .describe('Of several that match, the highest wins; then the higher sum.'),
        case_sensitive: z
          .boolean()
          .default(false)
          .describe('Whether capitals matter; a regular expression says so by its flags, `/…/i`.'),
        ...ruleShape,
      }),
    )
    .default([])
    .describe('By what the last message of the user says.'),
  infer_agents: z
    .record(z.string().min(1), z.array(target()).min(1))
    .default({})
    .describe(
      'For clients that do not say which agent asks: phrases of its system prompt, by the name of its agent rule.',
    ),
  context_fallback: z
    .array(target())
    .default([])
    .describe('Targets with a larger context, tried when the prompt is too long for the model.'),
  continue_streams: z
    .boolean()
    .default(false)
    .describe('Go on with the next target after a failure in mid-stream, where that is sound.'),
  hedge_after: timer()
    .nullable()
    .default(null)
    .describe('Start the next target when the first has not spoken by then; `null`: never.'),
  transformers: transformerList()
    .default([])
    .describe(
      'Steps that change requests and answers, before those of the provider; see docs/transformers.md.',
    ),
});

export type RoutingFile = z.output<typeof routingSchema>;
export type RuleEntry = z.output<typeof ruleSchema>;
export type TargetsEntry = z.output<typeof targetsSchema>;
