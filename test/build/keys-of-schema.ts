// What messages about a manifest need of its schema: keys, and their examples. All else in the published file is for editors and the
// validator.

type Schema = Readonly<Record<string, unknown>>

export function keysOfSchema(schema: Schema): Schema {
  const definitions = isMap(schema.$defs) ? schema.$defs : {}
  return { ...keysOf(schema, definitions), $defs: ofEach(definitions, (definition) => keysOf(definition, definitions)) }
}

function keysOf(schema: Schema, definitions: Schema): Schema {
  const { description, properties, additionalProperties, items } = schema
  const below = (part: Schema) => keysOf(part, definitions)
  return {
    // Undefined values are not in the JSON.
    description: exampleIn(description),
    $ref: refersToKeys(schema, definitions) ? schema.$ref : undefined,
    // The options of wrappers are the keys of a map that takes any. All of them are alike.
    properties: isMap(properties) ? ofEach(properties, isMap(additionalProperties) ? () => ({}) : below) : undefined,
    additionalProperties: isMap(additionalProperties) ? below(additionalProperties) : undefined,
    items: isMap(items) ? below(items) : undefined,
  }
}

/** Whether what a schema refers to has anything to keep. */
function refersToKeys({ $ref }: Schema, definitions: Schema): boolean {
  const referred = typeof $ref === 'string' ? definitions[$ref.replace('#/$defs/', '')] : undefined
  if (!isMap(referred)) return false
  return isMap(referred.properties) || isMap(referred.items) || exampleIn(referred.description) !== undefined
}

function exampleIn(description: unknown): string | undefined {
  return typeof description === 'string' ? /\bExample: .+$/s.exec(description)?.[0] : undefined
}

function ofEach(schemas: Schema, change: (schema: Schema) => Schema): Schema {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, isMap(schema) ? change(schema) : {}]),
  )
}

function isMap(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
