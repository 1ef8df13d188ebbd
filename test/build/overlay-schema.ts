// Derives the schema of overlays from that of manifests: everything is optional, and null removes.

type Schema = Readonly<Record<string, unknown>>

const replaced = {
  $id: 'overlay.schema.json',
  title: 'Overlay',
  description:
    'A file that changes what the files before it declare (-f fdwsync.yaml -f overlay.yaml): maps merge, null removes, lists and values replace.',
}

export function overlaySchema(manifest: Schema): string {
  const { properties, $defs, ...head } = partial(manifest)
  const overlay = {
    description: 'That this file is an overlay.',
    const: true,
  }
  const schema = {
    ...head,
    ...replaced,
    required: ['version', 'overlay'],
    properties: { ...(properties as Schema), version: (manifest.properties as Schema).version, overlay },
    $defs,
  }
  // On one line, which is a third smaller.
  return `${JSON.stringify(schema)}\n`
}

/** Conditions may be satisfied by another file. */
const ofWholeManifests = ['required', 'if', 'then', 'default']

/** Copies a schema: what it requires may be left out, and any value of a map may be null. */
function partial(schema: Schema): Schema {
  return Object.fromEntries(
    Object.entries(schema).flatMap(([keyword, value]): readonly (readonly [string, unknown])[] => {
      if (keyword === 'properties' || keyword === '$defs') return [[keyword, mapValues(value, removable)]]
      if (keyword === 'additionalProperties' && isMap(value)) return [[keyword, removable(value)]]
      if (ofWholeManifests.includes(keyword)) return []
      if (keyword === 'description' && typeof value === 'string') return [[keyword, ofOverlay(value)]]
      return [[keyword, keyword === 'items' && isMap(value) ? partial(value) : value]]
    }),
  )
}

/**
 * Who writes an overlay has the manifest for an example. Examples would be a tenth of the file. And what is omitted here is as the
 * files before declare it.
 */
function ofOverlay(description: string): string {
  return description.replace(/ ?\bExample: .+$/s, '').replace(/ ?\bIf omitted: [^.]*\./, '')
}

/** The same schema, or null. What a schema refers to allows null already. */
function removable(schema: unknown): unknown {
  if (!isMap(schema)) return schema
  const { type, enum: values, oneOf, ...rest } = partial(schema)
  return {
    ...rest,
    ...(Array.isArray(oneOf) ? { oneOf: [...oneOf, { type: 'null' }] } : {}),
    ...(type === undefined ? {} : { type: [type, 'null'].flat() }),
    ...(Array.isArray(values) ? { enum: [...values, null] } : {}),
  }
}

function mapValues(map: unknown, change: (value: Schema) => unknown): unknown {
  return isMap(map)
    ? Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value as Schema)]))
    : map // a map of schemas
}

function isMap(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
