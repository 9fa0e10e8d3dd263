// Nothing of a recorded or documented answer vanishes: if any field is left out, however deep, then what a client of another
// dialect reads changes, or what is named as lost. Excepted are fields about the service rather than the answer.
import { describe, expect, test } from 'bun:test';
import { ANSWERS, TABLE_WIRES } from '../../scripts/fidelity/wires.ts';
import { encodeWhole } from '../../scripts/fidelity/probe-answer.ts';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import { type JsonObject, parseObject } from '../../src/model/json/json.ts';
import { RECORDED_AS } from '../support/client-requests.ts';
import { recordings } from '../support/recordings.ts';
import { DOCUMENTED_ANSWERS } from './documented-answers.ts';
import { isEmpty, type Variant, variantsOf } from './left-out.ts';

type Wire = keyof typeof ANSWERS;

/** Of the service: when, how fast, at what price, from which machine; the request told back; what became of a prediction, which is its own clients' to make. */
const OF_THE_SERVICE: Record<Wire, RegExp> = {
  'anthropic-messages':
    /^(role$|usage\.(service_tier|inference_geo|iterations|cache_creation(\.ephemeral_5m_input_tokens)?$|server_tool_use$|output_tokens_details$))/,
  'openai-chat':
    /^(object|created|system_fingerprint|service_tier|provider|generationId|request_id|time_info|timings|copilot_usage|usage_breakdown|x_groq|choices\[\]\.(seed|message\.(padding|provider_metadata|audio\.expires_at)))|^usage\.(total_tokens|cost|market_cost|service_tier|search_context_size|.*time|.*tokens_per_second|cache_creation$)|^usage\.(prompt|completion)_tokens_details(\.(text_tokens|image_tokens|(accepted|rejected)_prediction_tokens))?$|^usage\.prompt_cache_(hit|miss)_tokens$/,
  'openai-responses':
    /^(object|created_at|completed_at|status|parallel_tool_calls|reasoning|service_tier|store|temperature|top_p|text|tool_choice|tools|truncation|copilot_usage|max_output_tokens|prompt_cache_retention|safety_identifier|billing|instructions|metadata|tool_usage)|^usage\.(total_tokens|num_server_side_tools_used|cost|server_side_tool_usage_details|context_details)/,
  gemini: /^(createTime|usageMetadata\.(totalTokenCount|serviceTier|trafficType|\w+TokensDetails))/,
  'ollama-chat': /^(created_at|done|done_reason|\w+_duration)$/,
  'bedrock-converse':
    /^(metrics|performanceConfig|serviceTier|stopReason$|usage\.totalTokens|usage\.cache(Read|Write)InputTokenCount$)/,
};

/** Which of its kind an object is, and that it is the model's and complete: each dialect has its own way to say it. */
const OF_THE_FORM = new Set(['type', 'role', 'index', 'id', 'status']);

/** Told by another field as well. */
const TWICE: Partial<Record<Wire, RegExp>> = {
  'anthropic-messages': /^stop_reason$/,
  // The text of a token spells its bytes.
  'ollama-chat': /^logprobs\[\](\.top_logprobs\[\])?\.bytes$/,
  // Perplexity's sources, and what it says of them besides; Azure's filters that did not hold anything back; the
  // usual end; reasoning that is text alone; the form that a call has not, filled in.
  'openai-chat':
    /^(citations|search_results\[\]\.(date|last_updated|snippet|source)|prompt_filter_results|choices\[\]\.(content_filter_results|finish_reason$|stop_reason$|native_finish_reason$|delta|message\.(reasoning_details|tool_calls\[\]\(function\)\.custom$)))/,
};

/** An answer for Ollama's clients has no id, and of sources only is said that they are lost. */
const OF_NO_USE: Partial<Record<DialectId, RegExp>> = { 'ollama-chat': /^(responseId$|search_results)/ };

const WIRES = TABLE_WIRES.filter((wire): wire is Wire => wire in ANSWERS);
const recordedAs = (wire: Wire) =>
  DIALECT_IDS.filter((id) => id === wire).map((id) => RECORDED_AS[id])[0] ?? wire;

function encode(client: DialectId, wire: Wire, body: JsonObject) {
  try {
    return { valid: true, ...encodeWhole(client, PROVIDER_SIDES[wire].parseResponse(body)) };
  } catch (thrown) {
    return { valid: false, body: { error: String(thrown) }, lost: [], substitutes: [] };
  }
}

for (const wire of WIRES) {
  const variants = new Map<string, Variant>();
  const recorded = recordings(recordedAs(wire), { status: 'ok', streamed: false }).map(({ body }) =>
    parseObject(new TextDecoder().decode(body)),
  );
  for (const whole of [...DOCUMENTED_ANSWERS[wire], ...recorded]) {
    if (whole === undefined || PROVIDER_SIDES[wire].errorInBody(whole) !== undefined) continue;
    for (const variant of variantsOf(whole)) {
      const { pattern, name, value } = variant;
      if (OF_THE_FORM.has(name) || isEmpty(value) || value === 0 || value === false) continue;
      if (OF_THE_SERVICE[wire].test(pattern) || TWICE[wire]?.test(pattern) === true) continue;
      if (!variants.has(pattern)) variants.set(pattern, variant);
    }
  }

  describe(wire, () => {
    test('what is documented can be read', () => {
      for (const body of DOCUMENTED_ANSWERS[wire])
        for (const client of DIALECT_IDS) expect(encode(client, wire, body)).toMatchObject({ valid: true });
    });

    for (const client of DIALECT_IDS) {
      if (client === wire) continue;
      test(`sent to ${client}`, () => {
        const vanished: string[] = [];
        for (const { pattern, name, value, whole, without, withoutHolder } of variants.values()) {
          if (OF_NO_USE[client]?.test(pattern) === true) continue;
          const all = encode(client, wire, whole);
          if (!all.valid || !Bun.deepEquals(all, encode(client, wire, without))) continue;
          const isNamed =
            all.lost.some((lost) => lost.split(/[ .]/).includes(name)) ||
            withoutHolder.some((holder) => !Bun.deepEquals(all.lost, encode(client, wire, holder).lost));
          if (!isNamed) vanished.push(`${pattern}: ${JSON.stringify(value).slice(0, 60)}`);
        }
        expect(vanished).toEqual([]);
      });
    }
  });
}
