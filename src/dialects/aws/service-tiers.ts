// The service tiers of Bedrock: a field of Converse, a header of InvokeModel.
// https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html
export const AMAZON_TIERS: ReadonlySet<string> = new Set(['priority', 'default', 'flex', 'reserved']);
