// What a simulator test asks of an SDK, whatever the dialect.
import type { JsonObject } from '../../src/model/json/json.ts';

/** What a client assembled from an answer, whatever the dialect. */
export interface Assembled {
  text: string;
  reasoning: string;
  signature: string | undefined;
  tools: { id: string; name: string; input: unknown }[];
  finish: string | null;
  inputTokens: number;
  outputTokens: number;
  cacheWriteTokens?: number;
  cacheReadTokens?: number;
}

export interface Scenario {
  model?: string;
  text: string;
  system?: string;
  schema?: JsonObject;
  tools?: { name: string; parameters: JsonObject }[];
  choice?: 'none' | 'required' | { name: string };
  thinks?: boolean;
  maxTokens?: number;
  stop?: string[];
  /** A tool's answer as the last message. */
  result?: string;
}

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

export interface SdkRequest {
  path: string;
  body: JsonObject;
}

export interface SdkClient {
  /** What the SDK would post. */
  request(scenario: Scenario, stream: boolean): SdkRequest;
  /** Has the SDK ask. */
  ask(scenario: Scenario, stream: boolean, fetch: Fetch): Promise<Assembled>;
  /** The dialect has stop sequences. */
  stops: boolean;
  /** The dialect can demand a call, or rule it out. */
  chooses: boolean;
  /** The dialect shows signatures of thoughts. */
  signs: boolean;
}

export const KEY = 'not-a-real-key';
export const BASE = 'http://simulator.test';
