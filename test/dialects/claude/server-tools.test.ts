// Which tools of Anthropic's machines are left out for clouds that lack them, and under which name that is reported.
import { expect, test } from 'bun:test';
import {
  leaveOutServerTools,
  NOT_AT_AMAZON,
  NOT_AT_GOOGLE,
} from '../../../src/dialects/claude/server-tools.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';

const OWN = { name: 'look', input_schema: { type: 'object' } };
const SEARCH = { type: 'web_search_20250305', name: 'web_search' };
const MCP = { type: 'mcp_toolset', mcp_server_name: 'wiki' };
const UNNAMED = { type: 'code_execution_20250825' };

function left(tools: JsonObject[], lacking: RegExp) {
  const body: JsonObject = { tools, tool_choice: { type: 'auto' } };
  const losses = leaveOutServerTools(body, lacking);
  return { body, lost: losses.map(({ feature, outcome }) => `${feature} ${outcome}`) };
}

test('all but the client’s own at Amazon, by their names, servers or types', () => {
  expect(left([SEARCH, OWN, MCP, UNNAMED], NOT_AT_AMAZON)).toEqual({
    body: { tools: [OWN], tool_choice: { type: 'auto' } },
    lost: ['tools.web_search lost', 'tools.wiki lost', 'tools.code_execution_20250825 lost'],
  });
});

test('Google searches the web', () => {
  expect(left([SEARCH, MCP], NOT_AT_GOOGLE)).toEqual({
    body: { tools: [SEARCH], tool_choice: { type: 'auto' } },
    lost: ['tools.wiki lost'],
  });
});

test('without any tool left there is no choice either', () => {
  expect(left([SEARCH], NOT_AT_AMAZON)).toEqual({ body: {}, lost: ['tools.web_search lost'] });
});

test('the addresses of MCP servers are not passed on', () => {
  const body: JsonObject = { mcp_servers: [{ type: 'url', name: 'wiki', url: 'https://wiki.test' }] };
  expect(leaveOutServerTools(body, NOT_AT_GOOGLE)).toEqual([{ feature: 'mcp_servers', outcome: 'lost' }]);
  expect(body).toEqual({});
});
