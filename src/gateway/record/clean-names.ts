// Removes secrets from the names in a row, which come from outside just as its bodies do.
import type { LedgerRow } from '../../ledger/rows/row.ts';

export type RowNames = Pick<
  LedgerRow,
  'agentType' | 'projectId' | 'model' | 'requestedModel' | 'route' | 'attempts' | 'finishReason' | 'lost'
>;

/** Checks all of them together, since there is hardly ever anything to remove. */
export function cleanNames(names: RowNames, redact: (text: string) => string): RowNames {
  const { agentType, projectId, model, requestedModel, route, attempts, finishReason, lost } = names;
  let together = `${agentType}\n${projectId}\n${requestedModel}\n${model}\n${route?.rule}\n${route?.why}\n${finishReason}`;
  for (const attempt of attempts) together += `\n${attempt.model}`;
  for (const feature of lost) together += `\n${feature}`;
  if (redact(together) === together) return names;
  const clean = (name: string | null) => (name === null ? null : redact(name));
  return {
    agentType: clean(agentType),
    projectId: clean(projectId),
    model: clean(model),
    requestedModel: clean(requestedModel),
    // They may quote the request.
    route: route && { ...route, rule: redact(route.rule), why: redact(route.why) },
    attempts: attempts.map((attempt) => ({ ...attempt, model: redact(attempt.model) })),
    finishReason: clean(finishReason),
    lost: lost.map(redact),
  };
}
