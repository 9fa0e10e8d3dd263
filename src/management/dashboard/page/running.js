// What is known about the running requests: the list has which there are, the feed what they write.

/** @import { LiveEvent, RunningStream } from '../../shapes.ts' */

/**
 * @typedef {object} Running
 * @property {string} id
 * @property {string | null} model the one that serves, else the one asked for
 * @property {string | null} provider
 * @property {string | null} agent
 * @property {string | null} project
 * @property {boolean} streamed
 * @property {boolean} answering
 * @property {number} attempts
 * @property {number} order in which this page came to know them
 * @property {number} startedAt performance.now() of this page
 * @property {number} seenAt the same: when this page first knew of it
 * @property {string} tail the end of what it wrote
 * @property {number} characters written while this page looked
 * @property {boolean} isWhole whether that is all it wrote
 * @property {Ending | null} ending
 *
 * @typedef {{ at: number, status: string, message: string | null,
 *   tokens: { input: number, output: number, perSecond: number | null, isKnown: boolean } | null, cost: number | null }} Ending
 */

const TAIL = 600;
/** How long ended requests are still shown, and at most how many. */
const LINGER_MS = 20_000;
const LINGERING = 8;

export function createRunning() {
  /** @type {Map<string, Running>} */
  const known = new Map();
  let opened = 0;

  /** @param {string} id @returns {Running} */
  function open(id) {
    const existing = known.get(id);
    if (existing !== undefined) return existing;
    const now = performance.now();
    /** @type {Running} */
    const made = {
      id,
      model: null,
      provider: null,
      agent: null,
      project: null,
      streamed: true,
      answering: true,
      attempts: 1,
      order: opened++,
      startedAt: now,
      seenAt: now,
      tail: '',
      characters: 0,
      isWhole: false,
      ending: null,
    };
    known.set(id, made);
    return made;
  }

  /** @param {LiveEvent} event @returns {Running} */
  function take(event) {
    const one = open(event.request_id);
    switch (event.type) {
      case 'started':
        one.model = event.model;
        one.provider = event.provider;
        one.agent = event.agent_type ?? one.agent;
        one.answering = true;
        one.isWhole = one.characters === 0;
        break;
      case 'text_delta':
        one.characters += event.text.length;
        // Slicing may leave half of a surrogate pair.
        one.tail = (one.tail + event.text).slice(-TAIL).replace(/^[\uDC00-\uDFFF]/, '');
        break;
      case 'completed':
        one.ending = {
          at: performance.now(),
          status: 'success',
          message: null,
          tokens: {
            input: event.input_tokens,
            output: event.output_tokens,
            perSecond: event.tokens_per_second,
            isKnown: event.usage_known,
          },
          cost: event.cost_usd,
        };
        one.startedAt = one.ending.at - event.latency_ms;
        break;
      case 'error':
        one.ending = {
          at: performance.now(),
          status: event.status,
          message: event.message,
          tokens: null,
          cost: null,
        };
    }
    return one;
  }

  /**
   * @param {readonly RunningStream[]} list
   * @param {number} askedAt performance.now() before it was requested: what began later may be missing
   */
  function agree(list, askedAt) {
    const listed = new Set();
    for (const listing of [...list].sort((a, b) => b.duration_ms - a.duration_ms)) {
      listed.add(listing.request_id);
      const one = open(listing.request_id);
      if (one.ending !== null) continue;
      one.model = listing.model ?? listing.requested_model;
      one.provider = listing.provider;
      one.agent = listing.agent_type;
      one.project = listing.project_id;
      one.streamed = listing.streamed;
      one.answering = listing.state === 'answering';
      one.attempts = listing.attempts;
      one.startedAt = performance.now() - listing.duration_ms;
      if (!one.answering) one.isWhole = true;
    }
    for (const one of known.values()) {
      if (one.ending !== null || listed.has(one.id) || one.seenAt >= askedAt) continue;
      one.ending = { at: performance.now(), status: 'over', message: null, tokens: null, cost: null };
    }
  }

  /** Text was missed: what is shown is no longer all of it. */
  function gap() {
    for (const one of known.values()) {
      if (one.ending !== null || one.tail === '') continue;
      one.isWhole = false;
      one.tail += ' […] ';
    }
  }

  /**
   * The newest first; requests that ended long ago are forgotten.
   * @param {readonly string[]} held ids that stay, first and in this order, until they are no longer held
   * @returns {Running[]}
   */
  function list(held) {
    const places = new Map(held.map((id, place) => [id, place]));
    const now = performance.now();
    const over = [...known.values()].flatMap((one) =>
      one.ending === null ? [] : [{ one, at: one.ending.at }],
    );
    over.sort((a, b) => b.at - a.at);
    for (const [index, { one, at }] of over.entries()) {
      if ((index >= LINGERING || now - at > LINGER_MS) && !places.has(one.id)) known.delete(one.id);
    }
    const placeOf = (/** @type {Running} */ { id }) => places.get(id) ?? held.length;
    return [...known.values()].sort((a, b) => placeOf(a) - placeOf(b) || b.order - a.order);
  }

  return { take, agree, gap, list };
}
