// The manifest's schema as fdwsync itself needs it: without what only helps in an editor. The options of known wrappers are such hints,
// since an option map takes any name. So are variables in the place of booleans, which have their values when a manifest is checked.

const variable = '^\\$\\{var:'

/** Copies a part of the schema without examples, the known keys of maps that take any key, and variables for booleans. */
export function withoutHints<Part>(part: Part): Part {
  if (Array.isArray(part)) return part.map(withoutHints) as Part
  if (!isMap(part)) return part
  if (part.pattern === variable || part.$ref === '#/$defs/truth_value')
    return withoutHints(withoutVariables(part)) as Part
  const isOpenMap = part.type === 'object' && isMap(part.additionalProperties)
  const isHint = ([keyword, value]: readonly [string, unknown]) =>
    (keyword === 'properties' && isOpenMap) || (keyword === 'examples' && Array.isArray(value))
  const kept = Object.entries(part).filter((entry) => !isHint(entry))
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, withoutHints(value)])) as Part
}

function withoutVariables({ $ref, pattern, type, ...part }: Readonly<Record<string, unknown>>) {
  const types = Array.isArray(type) ? type.filter((each) => each !== 'string') : []
  return { ...part, type: types.length > 1 ? types : 'boolean' }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
