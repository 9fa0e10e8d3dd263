// A process that may open no more files when it first needs the libraries for clouds, and may again afterwards. Prints what came of
// them as JSON.
import { loadEventStream, loadMessageWriter } from '../../src/dialects/aws/event-stream.ts';
import { authorize } from '../../src/gateway/attempts/authorize.ts';
import { createWebHost } from '../../src/gateway/host.ts';
import { HeaderList } from '../../src/model/header-list.ts';
import { createAuthorizer } from '../../src/server/authorize.ts';
import { spendDescriptors } from './spend-descriptors.ts';

process.env.AWS_ACCESS_KEY_ID = 'AKIDEXAMPLE';
process.env.AWS_SECRET_ACCESS_KEY = 'not-a-secret';
process.env.GOOGLE_APPLICATION_CREDENTIALS = '/nonexistent/credentials.json';

const host = createAuthorizer(createWebHost());
const authorized = (authorization: 'aws-signature' | 'google-default-credentials') =>
  authorize(
    host,
    // biome-ignore lint/suspicious/noExplicitAny: a provider has many fields, of which these count.
    { name: 'cloud', authorization, options: { region: 'eu-west-1' } } as any,
    new HeaderList(),
    {
      method: 'POST',
      url: 'https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse',
      body: '{}',
      options: { region: 'eu-west-1' },
    },
    new AbortController().signal,
  );

const NEEDED = {
  frames: loadEventStream,
  writer: loadMessageWriter,
  aws: () => authorized('aws-signature'),
  google: () => authorized('google-default-credentials'),
};

const outcomes = async () => {
  const found: Record<string, string> = {};
  for (const [name, load] of Object.entries(NEEDED)) {
    found[name] = await load().then(
      () => 'loaded',
      (error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
    );
  }
  return found;
};

const giveBack = spendDescriptors();
const first = await outcomes();
giveBack();
const next = await outcomes();
console.log(JSON.stringify({ first, next }));
process.exit();
