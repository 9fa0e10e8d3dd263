// Names under which other vendors serve Claude. The groups of each pattern, joined by `-`, are Anthropic's own name.

/** `us.anthropic.claude-sonnet-4-5-20250929-v1:0`, alone or at the end of an ARN. https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html */
export const AT_AMAZON =
  /^(?:arn:aws[\w-]*:bedrock:[^/]*\/)?(?:[a-z-]{2,7}\.)?anthropic\.(claude-.+?)(?:-v\d+(?::\w+)*)?$/;

/** `claude-sonnet-4-5@20250929`, `claude-opus-4-6@default`. https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude */
export const AT_GOOGLE = /^(claude-[^@]+)@(?:default|(20\d{6}))$/;
