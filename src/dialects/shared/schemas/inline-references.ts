// A JSON Schema whose references are replaced by what they refer to, for providers that refuse references or definitions.
import { asString, type JsonObject } from '../../../model/json/json.ts';
import { followReference } from '../../../model/json/pointer.ts';
import { createNaming } from './definition-names.ts';
import { mapSchemas } from './map-schema.ts';
import { DEEPEST, type ReportedGrowth } from './schema-growth.ts';

/**
 * A reference that leads back to itself, nowhere, or too far is removed, but not what stands beside it.
 * @param recursion keeps references that lead back to themselves, as definitions at the top.
 * @returns the schema without other definitions at the top.
 */
export function inlineReferences(
  schema: JsonObject,
  growth: ReportedGrowth,
  recursion?: RecursiveDefinitions,
): JsonObject {
  const replaced = (each: JsonObject, open: ReadonlySet<string>): JsonObject => {
    const reference = asString(each.$ref);
    if (reference === undefined) return each;
    const { $ref: _, ...beside } = each;
    const named = followReference(reference, schema);
    const isEndless = open.has(reference);
    if (named !== undefined && recursion !== undefined && (isEndless || recursion.has(reference)))
      return recursion.refer(reference, named, beside, growth);
    if (named === undefined || isEndless || open.size >= DEEPEST || !growth.allows(named, 1)) {
      growth.cut();
      return beside;
    }
    const whole = written(named, new Set([...open, reference]));
    if (recursion?.has(reference) !== true) return { ...whole, ...beside };
    recursion.define(reference, whole);
    return recursion.refer(reference, named, beside, growth);
  };
  const written = (each: JsonObject, open: ReadonlySet<string>): JsonObject =>
    mapSchemas(each, (inner) => replaced(inner, open));
  const { $defs: _, definitions: __, ...rest } = schema;
  const inlined = written(rest, new Set());
  return recursion === undefined ? inlined : { ...inlined, ...recursion.definitions() };
}

/** Definitions of a schema that lead back to themselves. */
export class RecursiveDefinitions {
  /** Names of the definitions, by the references that lead to them. */
  private readonly names = new Map<string, string>();
  private readonly nameFor = createNaming();
  private readonly schemas: JsonObject = {};

  has(reference: string): boolean {
    return this.names.has(reference);
  }

  /** Returns a reference to the definition. Of what stands beside the reference only a description is kept, if the definition has none. */
  refer(
    reference: string,
    named: JsonObject,
    { description, title: _, default: __, ...others }: JsonObject,
    growth: ReportedGrowth,
  ): JsonObject {
    if (Object.keys(others).length > 0) growth.cut();
    return {
      $ref: `#/$defs/${this.nameOf(reference)}`,
      ...(named.description === undefined && description !== undefined && { description }),
    };
  }

  define(reference: string, schema: JsonObject): void {
    // A definition that is only a reference to itself says nothing.
    this.schemas[this.nameOf(reference)] = schema.$ref === undefined ? schema : {};
  }

  definitions(): { $defs?: JsonObject } {
    return this.names.size === 0 ? {} : { $defs: this.schemas };
  }

  private nameOf(reference: string): string {
    const known = this.names.get(reference);
    if (known !== undefined) return known;
    const name = this.nameFor(reference);
    this.names.set(reference, name);
    return name;
  }
}
