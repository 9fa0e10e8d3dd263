// One request's permission to ask a provider, and what is learned from its outcome.
import type { GatewayError } from '../model/errors.ts';
import type { Permit } from './breaker.ts';
import type { Slot } from './concurrency-limit.ts';
import { type PeerKey, toPeerError } from './peers.ts';
import { fail, failKey, type ProviderMemory, reportCondition, resetFailures } from './provider-memory.ts';

/** How a request ended; `abandoned` says nothing about the provider. */
type LeaseOutcome = 'completed' | 'abandoned' | GatewayError;

interface LeaseTerms {
  memory: ProviderMemory;
  model: string;
  whose: 'own' | 'client';
  /** The same request has failed there before. */
  isRetry: boolean;
  slot: Slot;
  permit: Permit;
  key: string | null;
  keyLabel: string | undefined;
  /** The provider has no other key. */
  onlyKey: boolean;
}

/**
 * One request's permission to ask a provider, from before it is sent until its answer is over.
 * A class, since one is made for each request, and lives as long as its stream.
 */
export class Lease {
  private readonly terms: LeaseTerms;
  private over = false;
  /** Whether its effect on the retry budget is known. */
  private isCounted = false;

  constructor(terms: LeaseTerms) {
    this.terms = terms;
    if (terms.isRetry) terms.memory.retries.began();
  }

  /** The gateway's key to use; null if there is none, or only the client's own is sent. */
  get key(): string | null {
    return this.terms.key;
  }

  /** The key's position, such as `#2`; undefined if there is no choice. */
  get keyLabel(): string | undefined {
    return this.terms.keyLabel;
  }

  /** The answer's first content has arrived. @param isTimed false if its time depended on the client, whose upload came first. */
  answered(isTimed: boolean): void {
    if (this.over) return;
    this.terms.permit.spoke();
    if (isTimed) this.terms.slot.spoke();
    this.learned('answered');
    this.recovered();
  }

  /** Only the first call counts. */
  end(outcome: LeaseOutcome): void {
    if (this.over) return;
    this.over = true;
    const { memory, permit, slot } = this.terms;
    if (outcome === 'abandoned') permit.abandoned();
    else if (outcome === 'completed') {
      permit.succeeded();
      slot.succeeded();
      this.recovered();
      this.keyIsGood();
    } else this.judge(outcome);
    this.learned('abandoned');
    // Not when an answer begins, which only admits others: a provider whose answers always break off would be reported each time.
    reportCondition(memory);
    slot.release();
  }

  private keyIsGood(): void {
    const { memory, whose, key, model } = this.terms;
    if (whose !== 'own' || !memory.keys.hasCooldown(key, model)) return;
    memory.keys.succeeded(key, model);
    memory.notify({ what: 'key-good', key: this.usedKey() });
  }

  private judge(error: GatewayError): void {
    const { permit, slot, whose } = this.terms;
    switch (blameOf(error, whose)) {
      case 'nobody':
        permit.abandoned();
        return;
      case 'client':
        // The provider read the request and refused it, which only shows that it is up.
        permit.spoke();
        return;
      case 'key':
        permit.spoke();
        this.failed(error, true);
        if (error.code === 'upstream_rate_limited') slot.congested();
        return;
      case 'provider':
        // Otherwise the breaker would keep the provider from being asked for some time after the network is back.
        if (error.offline) permit.abandoned();
        else permit.failed();
        this.failed(error, whose === 'own');
        if (error.code === 'upstream_overloaded' || error.code === 'upstream_timeout') slot.congested();
    }
  }

  private learned(how: 'answered' | 'failed' | 'abandoned'): void {
    if (this.isCounted) return;
    this.isCounted = true;
    const { memory, isRetry } = this.terms;
    if (isRetry) memory.retries.ended(how);
    else if (how === 'answered') memory.retries.answered();
  }

  private recovered(): void {
    const { memory, whose } = this.terms;
    if (resetFailures(memory)) memory.notify({ what: 'recovered' });
    if (whose === 'own' || memory.clientKeysWork) return;
    memory.clientKeysWork = true;
    memory.notify({ what: 'client-key-good' });
  }

  /** @param ofKey whether the key is to be set aside if it is to blame. */
  private failed(error: GatewayError, ofKey: boolean): void {
    const { memory, keyLabel } = this.terms;
    this.learned('failed');
    fail(memory, error);
    const used = ofKey ? this.usedKey() : null;
    if (used !== null && failKey(memory, used, error))
      memory.report({ what: 'key set aside', key: keyLabel, error: `${error.code}: ${error.message}` });
    memory.notify({ what: 'failed', error: toPeerError(error), key: used });
  }

  private usedKey(): PeerKey {
    const { key, model, onlyKey } = this.terms;
    return { value: key, model, alone: onlyKey };
  }
}

/** Whose failure it was: the provider is not to blame for a refused key, and a client's own key concerns the client. */
function blameOf(error: GatewayError, key: 'own' | 'client'): 'nobody' | 'client' | 'key' | 'provider' {
  // What was refused has been replaced already.
  if (error.renewed) return 'client';
  const { blame } = error.rule;
  if (blame === 'gateway') return 'nobody';
  if (blame === 'client') return 'client';
  if (error.code === 'upstream_unauthorized' || error.code === 'upstream_rate_limited')
    return key === 'own' ? 'key' : 'client';
  return 'provider';
}
